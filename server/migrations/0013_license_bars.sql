-- Clients whose license of a product was revoked, and who get no other one until they are readmitted.
CREATE TABLE license_bars (
    client_id {text} NOT NULL,
    product_id {text} NOT NULL,
    license_id {text} NOT NULL,
    barred_at BIGINT NOT NULL,
    PRIMARY KEY (client_id, product_id)
);
