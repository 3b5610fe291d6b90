-- A challenge is of the period that it was made in, and can be answered in that one and the next. What was answered before
-- that is forgotten, so no clock decides of it. Challenges from before have no period, and so cannot be answered any more.
ALTER TABLE license_record_head ADD COLUMN challenge_period BIGINT NOT NULL DEFAULT 0;
DELETE FROM used_challenges;
DROP INDEX used_challenges_by_end;
ALTER TABLE used_challenges RENAME COLUMN ends_at TO period;
CREATE INDEX used_challenges_by_period ON used_challenges (period);
