-- The secure license store 112 of a license server, and what it has decided.

-- The license pack table, Table 3: what a license is chosen by in columns, the whole pack in JSON. Versions are
-- ordered by their keys. A pack without end ends at the highest number there is, so that it is the last.
CREATE TABLE license_packs (
    id {text} NOT NULL PRIMARY KEY,
    quantity BIGINT NOT NULL,
    assigned BIGINT NOT NULL,
    first_active_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    product_id {text} NOT NULL,
    platform_type {text} NOT NULL,
    kind {text} NOT NULL,
    version_key {text} NOT NULL,
    from_key {text} NOT NULL,
    issued_at BIGINT NOT NULL,
    installed_at BIGINT NOT NULL,
    product {text} NOT NULL,
    pack {text} NOT NULL,
    CHECK (assigned BETWEEN 0 AND quantity)
);
CREATE INDEX license_packs_with_free_seats
    ON license_packs (product_id, platform_type, kind, version_key, ends_at, issued_at, id)
    WHERE assigned < quantity;

-- The seats of a pack that nobody has, as ranges, so that a pack of millions takes one row. Turn counts the
-- licenses that the seat had before.
CREATE TABLE license_free_seats (
    pack_id {text} NOT NULL REFERENCES license_packs (id),
    first_serial BIGINT NOT NULL,
    last_serial BIGINT NOT NULL,
    turn BIGINT NOT NULL,
    PRIMARY KEY (pack_id, first_serial),
    CHECK (first_serial <= last_serial)
);

-- The client assignment table 116, Table 4, with the certificate as it was issued. A license that was replaced by
-- an upgrade keeps its row and its id. Of a seat that a restored license server gave away again, the other license
-- is kept too.
CREATE TABLE license_assignments (
    certificate_serial {text} NOT NULL PRIMARY KEY,
    license_id {text} NOT NULL,
    pack_id {text} NOT NULL REFERENCES license_packs (id),
    serial BIGINT NOT NULL,
    turn BIGINT NOT NULL,
    client_id {text} NOT NULL,
    issued_at BIGINT NOT NULL,
    product_id {text} NOT NULL,
    version {text} NOT NULL,
    platform_type {text} NOT NULL,
    ends_at BIGINT,
    upgraded_by {text} REFERENCES license_packs (id),
    certificate {bytes} NOT NULL,
    granted_twice BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE UNIQUE INDEX license_assignments_by_seat ON license_assignments (pack_id, serial, turn)
    WHERE granted_twice = 0;
CREATE INDEX license_assignments_by_client ON license_assignments (client_id, product_id);
CREATE INDEX license_assignments_by_license ON license_assignments (license_id, certificate_serial);

-- The seats of upgrade packs that were used.
CREATE TABLE license_upgrades (
    pack_id {text} NOT NULL REFERENCES license_packs (id),
    serial BIGINT NOT NULL,
    turn BIGINT NOT NULL,
    license_id {text} NOT NULL,
    upgraded_at BIGINT NOT NULL,
    freed_at BIGINT,
    PRIMARY KEY (pack_id, serial, turn)
);
CREATE INDEX license_upgrades_by_license ON license_upgrades (license_id);

-- One for each client and product, ever.
CREATE TABLE temporary_licenses (
    client_id {text} NOT NULL,
    product_id {text} NOT NULL,
    license_id {text} NOT NULL UNIQUE,
    platform_type {text} NOT NULL,
    version {text} NOT NULL,
    issued_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    certificate_serial {text} NOT NULL,
    certificate {bytes} NOT NULL,
    PRIMARY KEY (client_id, product_id)
);

-- Certificates that no longer license anybody: revoked, or superseded by an upgrade.
CREATE TABLE revoked_certificates (
    serial {text} NOT NULL PRIMARY KEY,
    license_id {text} NOT NULL,
    revoked_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);
CREATE INDEX revoked_certificates_by_end ON revoked_certificates (ends_at);

-- The client image cache 120: the images themselves are files, named by their digests.
CREATE TABLE client_images (
    software_id {text} NOT NULL PRIMARY KEY,
    digest {text} NOT NULL,
    image {text} NOT NULL,
    statement {text} NOT NULL,
    added_at BIGINT NOT NULL
);

-- Gateways that ask for licenses of clients that cannot answer a challenge.
CREATE TABLE license_gateways (
    name {text} NOT NULL PRIMARY KEY,
    key_id {text} NOT NULL UNIQUE,
    public_key {bytes} NOT NULL,
    added_at BIGINT NOT NULL
);

-- Purchase requests 106, with what the clearinghouse last said of them.
CREATE TABLE license_orders (
    id {text} NOT NULL PRIMARY KEY,
    document {text} NOT NULL,
    product {text} NOT NULL,
    quantity BIGINT NOT NULL,
    ordered_at BIGINT NOT NULL,
    answer {text}
);

-- Challenges that were answered, until they could not be any more.
CREATE TABLE used_challenges (
    id {text} NOT NULL PRIMARY KEY,
    ends_at BIGINT NOT NULL
);
CREATE INDEX used_challenges_by_end ON used_challenges (ends_at);

-- What was decided: one record a request, each authenticated with all before it. The columns beside the record are
-- for filters.
CREATE TABLE license_records (
    number BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    outcome {text} NOT NULL,
    client_id {text} NOT NULL,
    record {text} NOT NULL,
    mac {text} NOT NULL
);
CREATE INDEX license_records_by_client ON license_records (client_id, number);

-- The end of the records. Whoever writes locks this row first, so that no two processes write after the same record.
CREATE TABLE license_record_head (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    records BIGINT NOT NULL,
    mac {text} NOT NULL,
    restored BIGINT NOT NULL
);
INSERT INTO license_record_head (id, records, mac, restored)
    VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000', 0);
