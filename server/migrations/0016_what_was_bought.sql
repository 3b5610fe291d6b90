-- What a temporary license may stand in for: the packs of a product that are not over, and what was ordered lately.
CREATE INDEX license_packs_by_product ON license_packs (product_id, platform_type, ends_at);
CREATE INDEX license_orders_by_time ON license_orders (ordered_at);
