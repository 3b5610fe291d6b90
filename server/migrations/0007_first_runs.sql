-- The day on which a program was run for the first time, as its Builder reported it.

ALTER TABLE trials ADD COLUMN first_run_on BIGINT;
