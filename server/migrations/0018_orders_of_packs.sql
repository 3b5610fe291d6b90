-- The order that a pack was issued for.
ALTER TABLE license_packs ADD COLUMN order_id {text} NOT NULL DEFAULT '';
UPDATE license_packs SET order_id = SUBSTR(pack, {position}(pack, '"order_id":"') + 12, 36);
CREATE INDEX license_packs_of_order ON license_packs (order_id, id);
