-- The licenses of a seat that another client has too are few: with this index, and with that of the others, those of a
-- seat are found among millions.
CREATE INDEX license_assignments_granted_twice ON license_assignments (pack_id, serial)
    WHERE granted_twice = 1;
