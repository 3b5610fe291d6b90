-- The features that a temporary license enables, in JSON: it is of no pack that would tell them.

ALTER TABLE temporary_licenses ADD COLUMN features {text} NOT NULL DEFAULT '[]';
