-- When anything of a trial's file was sent for the first time: from then on it may have been run.

ALTER TABLE trials ADD COLUMN delivered_at BIGINT;
