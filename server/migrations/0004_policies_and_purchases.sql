-- Policies for some of the licensees, purchases, and heads that are made anew.

-- A whole policy in place of the application's own. The scope is 'class:NAME', or whom it is for: a
-- licensee id or an e-mail address.
CREATE TABLE policy_overrides (
    application {text} NOT NULL REFERENCES applications (id),
    scope {text} NOT NULL,
    policy {text} NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (application, scope)
);

-- Every change of a policy. Without an override there is none before, and none after its removal.
CREATE TABLE policy_changes (
    id {text} NOT NULL PRIMARY KEY,
    application {text} NOT NULL REFERENCES applications (id),
    scope {text} NOT NULL,
    policy {text},
    profile {text},
    applied_to BIGINT,
    changed_at BIGINT NOT NULL,
    changed_by {text} NOT NULL REFERENCES vendor_tokens (id)
);
CREATE INDEX policy_changes_by_application ON policy_changes (application, id);

CREATE TABLE policy_profiles (
    vendor_id {text} NOT NULL REFERENCES vendors (id),
    name {text} NOT NULL,
    policy {text} NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, name)
);

CREATE TABLE classes (
    vendor_id {text} NOT NULL REFERENCES vendors (id),
    name {text} NOT NULL,
    rank BIGINT NOT NULL,
    PRIMARY KEY (vendor_id, name)
);

-- A subject is a licensee id, an e-mail address, or '@' and a domain.
CREATE TABLE class_members (
    vendor_id {text} NOT NULL,
    class {text} NOT NULL,
    subject {text} NOT NULL,
    PRIMARY KEY (vendor_id, class, subject),
    FOREIGN KEY (vendor_id, class) REFERENCES classes (vendor_id, name)
);
CREATE INDEX class_members_by_subject ON class_members (vendor_id, subject);

-- More trials than the policy allows, for one licensee.
CREATE TABLE allowances (
    application {text} NOT NULL REFERENCES applications (id),
    licensee_id {text} NOT NULL,
    trials BIGINT NOT NULL,
    PRIMARY KEY (application, licensee_id)
);

-- What a vendor gave to one licensee by hand.
CREATE TABLE gifts (
    id {text} NOT NULL PRIMARY KEY,
    application {text} NOT NULL REFERENCES applications (id),
    licensee_id {text} NOT NULL,
    gift {text} NOT NULL,
    given_at BIGINT NOT NULL,
    given_by {text} NOT NULL REFERENCES vendor_tokens (id)
);

CREATE TABLE key_batches (
    id {text} NOT NULL PRIMARY KEY,
    application {text} NOT NULL REFERENCES applications (id),
    label {text} NOT NULL,
    license_duration BIGINT,
    builders BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

-- The keys themselves are derived from their ids and the master secret.
CREATE TABLE purchase_keys (
    id {text} NOT NULL PRIMARY KEY,
    hash {text} NOT NULL UNIQUE,
    batch_id {text} NOT NULL REFERENCES key_batches (id),
    licensee_id {text},
    redeemed_at BIGINT,
    ends_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX purchase_keys_by_batch ON purchase_keys (batch_id, id);

-- A trial's file is that of another one before it where only a new head was needed. What does not
-- count is no trial of its own: the same one on another Builder, or a purchase. The head that is due
-- has a higher number than the one there is, when dates or policy were changed since. An end that a
-- vendor set by hand stays when the policy changes.
ALTER TABLE trials ADD COLUMN file_trial {text};
ALTER TABLE trials ADD COLUMN counted BIGINT NOT NULL DEFAULT 1;
ALTER TABLE trials ADD COLUMN head_due BIGINT NOT NULL DEFAULT 1;
ALTER TABLE trials ADD COLUMN extended_to BIGINT;
ALTER TABLE trials ADD COLUMN purchased_at BIGINT;
ALTER TABLE trials ADD COLUMN purchase_key {text} REFERENCES purchase_keys (id);
ALTER TABLE trials ADD COLUMN relicensing_digest {text};
CREATE INDEX trials_by_key ON trials (purchase_key);
CREATE INDEX trials_by_end ON trials (ends_at);
