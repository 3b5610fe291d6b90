-- When the newest head was made: what a server made whose clock was ahead is made anew.

ALTER TABLE trials ADD COLUMN head_made_at BIGINT NOT NULL DEFAULT 0;
