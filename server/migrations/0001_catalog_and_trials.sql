-- One text for both databases. Before it runs, {bytes} becomes BLOB (SQLite) or BYTEA (PostgreSQL),
-- and {text} becomes TEXT, on PostgreSQL with COLLATE "C": so both order texts by their bytes.
-- Instants are seconds since 1970. Applied migrations are never edited: add another file.

CREATE TABLE vendors (
    id {text} NOT NULL PRIMARY KEY,
    name {text} NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE vendor_tokens (
    id {text} NOT NULL PRIMARY KEY,
    vendor_id {text} NOT NULL REFERENCES vendors (id),
    hash {text} NOT NULL UNIQUE,
    label {text} NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

-- Documentation and terms by their digest: what a user accepted can be shown for ever. Bytes, as
-- PostgreSQL's TEXT cannot hold every UTF-8 text (not U+0000).
CREATE TABLE texts (
    digest {text} NOT NULL PRIMARY KEY,
    content {bytes} NOT NULL
);

CREATE TABLE applications (
    id {text} NOT NULL PRIMARY KEY,
    vendor_id {text} NOT NULL REFERENCES vendors (id),
    name {text} NOT NULL,
    summary {text} NOT NULL,
    homepage {text},
    categories {text} NOT NULL,
    search_text {text} NOT NULL,
    documentation_digest {text} NOT NULL REFERENCES texts (digest),
    terms_digest {text} NOT NULL REFERENCES texts (digest),
    relicensing_digest {text} NOT NULL REFERENCES texts (digest),
    policy {text} NOT NULL,
    policy_changed_at BIGINT NOT NULL,
    newest_version {text} NOT NULL,
    newest_version_key {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX applications_by_vendor ON applications (vendor_id);

CREATE TABLE releases (
    id {text} NOT NULL PRIMARY KEY,
    application {text} NOT NULL REFERENCES applications (id),
    version {text} NOT NULL,
    version_key {text} NOT NULL,
    platform {text} NOT NULL,
    kind {text} NOT NULL,
    minimum_builder {text},
    documentation_length BIGINT NOT NULL,
    terms_length BIGINT NOT NULL,
    relicensing_length BIGINT NOT NULL,
    program_length BIGINT NOT NULL,
    documentation_digest {text} NOT NULL,
    terms_digest {text} NOT NULL REFERENCES texts (digest),
    relicensing_digest {text} NOT NULL,
    program_size BIGINT NOT NULL,
    program_digest {text} NOT NULL,
    stored_size BIGINT NOT NULL,
    blob_key {text} NOT NULL,
    sections_offset BIGINT NOT NULL,
    published_at BIGINT NOT NULL,
    UNIQUE (application, version, platform)
);
CREATE INDEX releases_by_version ON releases (application, version_key);

CREATE TABLE builders (
    license_id {text} NOT NULL PRIMARY KEY,
    licensee_id {text} NOT NULL,
    decryption_key {bytes} NOT NULL,
    builder_key_id {text} NOT NULL UNIQUE,
    request_key {bytes} NOT NULL UNIQUE,
    platform {text} NOT NULL,
    version {text} NOT NULL,
    name {text} NOT NULL,
    email {text} NOT NULL,
    kind {text} NOT NULL,
    ends_at BIGINT,
    created_at BIGINT NOT NULL,
    renewed_at BIGINT,
    terms_digest {text} NOT NULL,
    revoked_at BIGINT
);

CREATE TABLE acceptance_codes (
    hash {text} NOT NULL PRIMARY KEY,
    license_id {text} NOT NULL REFERENCES builders (license_id),
    application {text} NOT NULL REFERENCES applications (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX acceptance_codes_by_license ON acceptance_codes (license_id, created_at);

-- The ordinal counts the trials of one licensee and application. Two grants at once compute the
-- same one, and its uniqueness lets only one of them in. The head stands last, so that reading
-- the other columns does not touch its pages.
CREATE TABLE trials (
    id {text} NOT NULL PRIMARY KEY,
    application {text} NOT NULL REFERENCES applications (id),
    licensee_id {text} NOT NULL,
    ordinal BIGINT NOT NULL,
    license_id {text} NOT NULL REFERENCES builders (license_id),
    release_id {text} NOT NULL REFERENCES releases (id),
    platform {text} NOT NULL,
    kind {text} NOT NULL,
    started_at BIGINT NOT NULL,
    ends_at BIGINT,
    requested_at BIGINT NOT NULL,
    policy {text} NOT NULL,
    terms_digest {text} NOT NULL,
    acceptance {text} NOT NULL,
    accepted_as {text},
    head_number BIGINT NOT NULL,
    head_etag {text} NOT NULL,
    head {bytes} NOT NULL,
    UNIQUE (application, licensee_id, ordinal)
);
CREATE INDEX trials_by_license ON trials (license_id, id);
CREATE INDEX trials_by_request ON trials (application, requested_at, id);
