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
