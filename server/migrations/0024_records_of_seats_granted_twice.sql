-- The records that a seat was granted twice are few, and so are those that somebody accepted it: with this index the last of
-- them is found among millions.
CREATE INDEX license_records_of_seats_granted_twice ON license_records (number)
    WHERE outcome IN ('restored-accepted', 'seat-granted-twice');
