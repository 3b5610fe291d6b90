-- When somebody last accepted that the license server was restored from a backup: what it had before that is no sign
-- any more that it was.
ALTER TABLE license_record_head ADD COLUMN accepted_at BIGINT;
