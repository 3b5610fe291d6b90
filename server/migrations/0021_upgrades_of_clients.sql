-- Whose license it was that used an upgrade license: a license server that was restored from a backup may have given two
-- clients a license with the same id. Of those that were used before, the client whose license is upgraded by the pack.
ALTER TABLE license_upgrades ADD COLUMN client_id {text} NOT NULL DEFAULT '';
UPDATE license_upgrades SET client_id = COALESCE(
    (SELECT MIN(client_id) FROM license_assignments
     WHERE license_id = license_upgrades.license_id AND upgraded_by = license_upgrades.pack_id),
    (SELECT MIN(client_id) FROM license_assignments WHERE license_id = license_upgrades.license_id),
    ''
);
