-- Certificates that clients have presented, beside the one that the client assignment table has for the same license, or
-- of a pack that is not installed: a license server that was restored from a backup has forgotten that it signed them.
-- They are revoked with the license.
CREATE TABLE other_certificates (
    serial {text} NOT NULL PRIMARY KEY,
    license_id {text} NOT NULL,
    client_id {text} NOT NULL,
    pack_id {text} NOT NULL,
    ends_at BIGINT NOT NULL
);
CREATE INDEX other_certificates_by_license ON other_certificates (license_id);

-- The latest acceptance of a restored backup that a mark or a gateway has shown, though the store does not know of it: the
-- next one comes after it.
ALTER TABLE license_record_head ADD COLUMN shown_accepted_at BIGINT;
