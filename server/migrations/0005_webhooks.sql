-- Webhooks of vendors, and what is sent to them.

-- The secret is derived from the id and the master secret. Events is a list in JSON. What happened from
-- seen_from on is looked for; it lies a little back, as what is committed now may have happened before.
CREATE TABLE webhooks (
    id {text} NOT NULL PRIMARY KEY,
    vendor_id {text} NOT NULL REFERENCES vendors (id),
    url {text} NOT NULL,
    events {text} NOT NULL,
    created_at BIGINT NOT NULL,
    seen_from BIGINT NOT NULL,
    disabled_at BIGINT
);
CREATE INDEX webhooks_by_vendor ON webhooks (vendor_id);

-- One event for one webhook, once. The subject is a trial, a refusal, or the ping itself; names are looked
-- up when it is sent. It is sent when due_at has come; whoever sends it moves due_at on first, so that the
-- others leave it alone, and so that it is due again if that process ends.
CREATE TABLE deliveries (
    id {text} NOT NULL PRIMARY KEY,
    webhook_id {text} NOT NULL REFERENCES webhooks (id),
    event {text} NOT NULL,
    subject {text} NOT NULL,
    occurred_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at BIGINT,
    last_status BIGINT,
    last_error {text},
    delivered_at BIGINT,
    UNIQUE (webhook_id, event, subject, occurred_at)
);
CREATE INDEX deliveries_by_webhook ON deliveries (webhook_id, id);
CREATE INDEX deliveries_by_age ON deliveries (created_at);
CREATE INDEX deliveries_due ON deliveries (webhook_id, id, due_at) WHERE due_at IS NOT NULL;

-- Who was refused another trial, at most once a day: when last, and how often.
CREATE TABLE refusals (
    id {text} NOT NULL PRIMARY KEY,
    application {text} NOT NULL REFERENCES applications (id),
    licensee_id {text} NOT NULL,
    license_id {text} NOT NULL REFERENCES builders (license_id),
    refused_at BIGINT NOT NULL,
    times BIGINT NOT NULL,
    UNIQUE (application, licensee_id)
);
CREATE INDEX refusals_by_time ON refusals (application, refused_at);

-- Only purchases are in it, so that granting a trial does not touch it.
CREATE INDEX trials_by_purchase ON trials (purchased_at) WHERE purchased_at IS NOT NULL;
