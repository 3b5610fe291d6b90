-- On which Builders a purchase key was used. A trial names the key that its license was bought with
-- last, so a license that was continued with another key does not tell of the first one any more.
CREATE TABLE key_uses (
    key_id {text} NOT NULL REFERENCES purchase_keys (id),
    license_id {text} NOT NULL,
    PRIMARY KEY (key_id, license_id)
);
INSERT INTO key_uses (key_id, license_id)
    SELECT DISTINCT purchase_key, license_id FROM trials WHERE purchase_key IS NOT NULL;
