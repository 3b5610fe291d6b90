-- A license may be presented in several certificates, and by two clients, so each certificate is kept by its serial number.
-- Those that were kept before have the license's id in its place: they are kept once more when they are presented again.
DROP INDEX gateway_seen_licenses_by_issue;
ALTER TABLE gateway_seen_licenses RENAME COLUMN license_id TO serial;
CREATE INDEX gateway_seen_licenses_by_issue ON gateway_seen_licenses (issued_at, serial);
