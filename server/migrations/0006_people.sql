-- One licensee for each e-mail address, addresses that were verified, and whom vendors block.

-- The key is that of the address and no address: who is deleted is still counted. Licensees from before
-- this table have no row in it.
CREATE TABLE licensees (
    id {text} NOT NULL PRIMARY KEY,
    email_key {text} NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);
CREATE INDEX builders_by_licensee ON builders (licensee_id);

ALTER TABLE builders ADD COLUMN email_verified_at BIGINT;

-- The newest code that was sent to the address of a Builder.
CREATE TABLE email_codes (
    license_id {text} NOT NULL PRIMARY KEY REFERENCES builders (license_id),
    hash {text} NOT NULL,
    tries BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- A subject is as in class_members.
CREATE TABLE blocks (
    vendor_id {text} NOT NULL REFERENCES vendors (id),
    subject {text} NOT NULL,
    reason {text},
    created_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, subject)
);
