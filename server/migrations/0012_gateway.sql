-- What a gateway keeps.

-- The legacy license store 130: clients that cannot show a license themselves, legacy and direct-connect ones. A
-- legacy client is known by a token, of which the SHA-256 is kept; a direct-connect client by its user. Of the key
-- that its licenses are for, only the public half is kept: nobody can use the license anywhere else. The license
-- is in PEM, with the certificates it was issued under.
CREATE TABLE gateway_clients (
    name {text} NOT NULL PRIMARY KEY,
    platform_type {text} NOT NULL,
    token_digest {text} UNIQUE,
    client_key {bytes} NOT NULL,
    license {text},
    added_at BIGINT NOT NULL
);

-- Licenses that clients have presented, for a license server that was restored from a backup.
CREATE TABLE gateway_seen_licenses (
    license_id {text} NOT NULL PRIMARY KEY,
    certificate {bytes} NOT NULL,
    issued_at BIGINT NOT NULL
);
CREATE INDEX gateway_seen_licenses_by_issue ON gateway_seen_licenses (issued_at, license_id);
