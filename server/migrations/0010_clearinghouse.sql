-- The clearinghouse: what it offers, orders and their fees, and the master license database (SL Fig. 4).

-- Features and descriptions are lists in JSON. upgrade_from is empty where it is no upgrade. The fee is that
-- of one license, in the smallest unit of the currency.
CREATE TABLE offered_products (
    product_id {text} NOT NULL,
    version {text} NOT NULL,
    platform_type {text} NOT NULL,
    upgrade_from {text} NOT NULL,
    features {text} NOT NULL,
    family {text} NOT NULL,
    manufacturer {text} NOT NULL,
    descriptions {text} NOT NULL,
    fee BIGINT NOT NULL CHECK (fee > 0),
    currency {text} NOT NULL,
    valid_for BIGINT,
    added_at BIGINT NOT NULL,
    withdrawn_at BIGINT,
    PRIMARY KEY (product_id, version, platform_type, upgrade_from)
);

-- The contents are the order in JSON. The terms are those of the offer when it was placed:
-- a later change of the offer does not change them. The fee is the whole one.
CREATE TABLE purchase_orders (
    id {text} NOT NULL PRIMARY KEY,
    license_server {text} NOT NULL,
    contents {text} NOT NULL,
    source {text} NOT NULL,
    recipient_key {bytes} NOT NULL,
    terms {text} NOT NULL,
    fee BIGINT NOT NULL CHECK (fee > 0),
    currency {text} NOT NULL,
    paid BIGINT NOT NULL DEFAULT 0 CHECK (paid >= 0),
    received_at BIGINT NOT NULL,
    cancelled_at BIGINT
);
CREATE INDEX purchase_orders_by_license_server ON purchase_orders (license_server, id);
CREATE INDEX purchase_orders_unpaid ON purchase_orders (license_server)
    WHERE cancelled_at IS NULL AND paid < fee;

-- A payment is known by its reference, so that it counts once, however often it is recorded.
CREATE TABLE fee_payments (
    order_id {text} NOT NULL REFERENCES purchase_orders (id),
    reference {text} NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    source {text} NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (order_id, reference)
);

-- The master license database 100. The serial numbers of a pack begin with begin_serial and end before
-- next_serial, where those of the next pack begin.
CREATE TABLE issued_packs (
    id {text} NOT NULL PRIMARY KEY,
    order_id {text} NOT NULL UNIQUE REFERENCES purchase_orders (id),
    license_server {text} NOT NULL,
    begin_serial BIGINT NOT NULL UNIQUE,
    next_serial BIGINT NOT NULL UNIQUE,
    contents {text} NOT NULL,
    file {bytes} NOT NULL,
    CHECK (next_serial > begin_serial)
);
CREATE INDEX issued_packs_by_license_server ON issued_packs (license_server, id);
