//! The schemas of the wire types.

use serde_json::{Map, Value, json};
use trybuy_formats::api::EventKind;
use trybuy_formats::slug::Slug;

/// All schemas by their names.
pub fn schemas() -> Map<String, Value> {
    [scalars(), policies(), catalog(), builders(), trials(), vendors(), webhooks(), problems()]
        .concat()
        .into_iter()
        .collect()
}

type Schemas = Vec<(String, Value)>;

/// An object. A member's name ends with `?` where it may be missing.
fn object(name: &str, members: &[(&str, Value)]) -> (String, Value) {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (member, schema) in members {
        match member.strip_suffix('?') {
            Some(optional) => properties.insert(optional.to_owned(), schema.clone()),
            None => {
                required.push(*member);
                properties.insert((*member).to_owned(), schema.clone())
            }
        };
    }
    let schema = json!({ "type": "object", "properties": properties, "required": required });
    (name.to_owned(), schema)
}

fn of(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn nullable(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

fn list(schema: Value) -> Value {
    json!({ "type": "array", "items": schema })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn number() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn boolean() -> Value {
    json!({ "type": "boolean" })
}

fn one_of(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

fn scalars() -> Schemas {
    let hexadecimal = json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" });
    [
        ("Text", text()),
        ("Flag", boolean()),
        ("Boolean", boolean()),
        ("Cursor", text()),
        ("Capability", text()),
        ("PageLimit", json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 50 })),
        ("ApplicationId", json!({ "type": "string", "minLength": 3, "maxLength": 128, "examples": ["com.example.sketch"] })),
        ("Version", json!({ "type": "string", "maxLength": 64, "examples": ["1.4.0"] })),
        ("Platform", json!({ "type": "string", "minLength": 3, "maxLength": 32, "examples": ["x86_64-linux"] })),
        ("Name", json!({ "type": "string", "minLength": 1, "maxLength": 100 })),
        ("Label", json!({ "type": "string", "minLength": 1, "maxLength": 63, "examples": ["education"] })),
        ("Subject", json!({ "type": "string", "description": "A licensee id, an e-mail address, or @ and a domain", "examples": ["@example.edu"] })),
        ("Scope", json!({ "type": "string", "description": "For whom a policy is: application, class:NAME, a licensee id, or an e-mail address", "examples": ["class:education"] })),
        ("Email", json!({ "type": "string", "minLength": 3, "maxLength": 254 })),
        ("Note", json!({ "type": "string", "minLength": 1, "maxLength": 200 })),
        ("Id", json!({ "type": "string", "format": "uuid" })),
        ("Digest", hexadecimal.clone()),
        ("KeyId", hexadecimal),
        ("Instant", json!({ "type": "string", "format": "date-time" })),
        ("Base64", json!({ "type": "string", "contentEncoding": "base64url" })),
        ("Seconds", json!({ "type": "integer", "minimum": 0 })),
        ("LicenseKind", one_of(&["trial", "purchase"])),
    ]
    .map(|(name, schema)| (name.to_owned(), schema))
    .to_vec()
}

fn policies() -> Schemas {
    vec![
        object(
            "Expiration",
            &[
                ("kind", one_of(&["hard", "soft"])),
                ("from?", one_of(&["expiration", "first-warning"])),
                ("grace?", of("Seconds")),
            ],
        ),
        object(
            "Limits",
            &[("launches?", number()), ("running?", of("Seconds")), ("days?", number())],
        ),
        object(
            "TrialPolicy",
            &[
                ("duration", of("Seconds")),
                ("expiration", of("Expiration")),
                ("limits?", of("Limits")),
                ("on_expiry?", one_of(&["finish", "warn", "terminate"])),
                ("trials", json!({ "type": "integer", "minimum": 1, "maximum": 10 })),
                ("between?", of("Seconds")),
                ("acceptance", one_of(&["explicit", "retype-code", "passive"])),
                ("layout", one_of(&["leading", "dispersed"])),
            ],
        ),
        object("SetPolicy", &[("policy", of("TrialPolicy")), ("profile?", of("Label"))]),
        object(
            "PolicyAnswer",
            &[
                ("application", of("ApplicationId")),
                ("policies", list(of("PolicyEntry"))),
                ("change?", of("Id")),
            ],
        ),
        object(
            "PolicyEntry",
            &[
                ("scope", of("Scope")),
                ("member?", of("Subject")),
                ("policy", of("TrialPolicy")),
                ("changed_at", of("Instant")),
            ],
        ),
        object("FollowPolicies", &[("change", of("Id")), ("after?", of("Id"))]),
        object("FollowAnswer", &[("changed", number()), ("next", nullable(of("Id")))]),
        object("PolicyHistory", &[("changes", list(of("PolicyChange")))]),
        object(
            "PolicyChange",
            &[
                ("scope", of("Scope")),
                ("policy", nullable(of("TrialPolicy"))),
                ("profile", nullable(of("Label"))),
                ("applied_to", nullable(number())),
                ("changed_at", of("Instant")),
                ("changed_by", text()),
            ],
        ),
        object(
            "CreateKeys",
            &[
                ("count", number()),
                ("label?", text()),
                ("license_duration?", of("Seconds")),
                ("builders", number()),
            ],
        ),
        object("KeysAnswer", &[("keys", list(of("KeyInfo"))), ("next", nullable(of("Cursor")))]),
        object(
            "KeyInfo",
            &[
                ("id", of("Id")),
                ("key", text()),
                ("batch", of("Id")),
                ("label", text()),
                ("license_duration", nullable(of("Seconds"))),
                ("builders", number()),
                ("created_at", of("Instant")),
                ("licensee_id", nullable(of("Id"))),
                ("redeemed_at", nullable(of("Instant"))),
                ("ends_at", nullable(of("Instant"))),
                ("revoked_at", nullable(of("Instant"))),
            ],
        ),
        object("GiveLicensee", &[("licensee", of("Subject")), ("gift", of("Gift"))]),
        object(
            "Gift",
            &[
                ("kind", one_of(&["trials", "extension", "license"])),
                ("number?", number()),
                ("by?", of("Seconds")),
                ("duration?", of("Seconds")),
            ],
        ),
        object("GiftAnswer", &[("licensee_id", of("Id")), ("ends_at", nullable(of("Instant")))]),
        object("SetProfile", &[("policy", of("TrialPolicy"))]),
        object("ProfilesAnswer", &[("profiles", list(of("Profile")))]),
        object(
            "Profile",
            &[("name", of("Label")), ("policy", of("TrialPolicy")), ("changed_at", of("Instant"))],
        ),
        object("SetClass", &[("rank", number())]),
        object("ClassesAnswer", &[("classes", list(of("Class")))]),
        object(
            "Class",
            &[("name", of("Label")), ("rank", number()), ("members", list(of("Subject")))],
        ),
    ]
}

fn catalog() -> Schemas {
    vec![
        object("Health", &[("status", one_of(&["ok"])), ("version", of("Version"))]),
        object(
            "ServerInfo",
            &[
                ("name", text()),
                ("public_key", of("Base64")),
                ("key_id", of("KeyId")),
                ("builder_terms", text()),
                ("builder_terms_digest", of("Digest")),
                ("version", of("Version")),
                ("verified_email", boolean()),
                ("time", of("Instant")),
            ],
        ),
        object(
            "ApplicationPage",
            &[("applications", list(of("ApplicationSummary"))), ("next", nullable(of("Cursor")))],
        ),
        object(
            "ApplicationSummary",
            &[
                ("id", of("ApplicationId")),
                ("name", of("Name")),
                ("summary", text()),
                ("version", of("Version")),
                ("platforms", list(of("Platform"))),
            ],
        ),
        object(
            "ApplicationDetails",
            &[
                ("id", of("ApplicationId")),
                ("name", of("Name")),
                ("summary", text()),
                ("homepage", nullable(text())),
                ("categories", list(text())),
                ("vendor", text()),
                ("documentation", text()),
                ("terms", text()),
                ("terms_digest", of("Digest")),
                ("relicensing", text()),
                ("policy", of("TrialPolicy")),
                ("releases", list(of("ReleaseSummary"))),
            ],
        ),
        object(
            "ReleaseSummary",
            &[
                ("version", of("Version")),
                ("platform", of("Platform")),
                ("program_size", number()),
                ("download_size", number()),
                ("minimum_builder", nullable(of("Version"))),
                ("published_at", of("Instant")),
            ],
        ),
    ]
}

fn builders() -> Schemas {
    vec![
        object(
            "RegisterBuilder",
            &[
                ("decryption_key", of("Base64")),
                ("request_key", of("Base64")),
                ("platform", of("Platform")),
                ("version", of("Version")),
                ("name", of("Name")),
                ("email", of("Email")),
                ("terms_digest", of("Digest")),
            ],
        ),
        object("RenewBuilderLicense", &[("terms_digest", of("Digest"))]),
        object("AskTime", &[("nonce", of("Base64"))]),
        object("TimeAnswer", &[("signed_time", text())]),
        object(
            "EmailCodeAnswer",
            &[
                ("state", one_of(&["sent", "verified"])),
                ("expires_at?", of("Instant")),
                ("verified_at?", of("Instant")),
            ],
        ),
        object("VerifyEmail", &[("code", text())]),
        object("VerifiedEmail", &[("verified_at", of("Instant"))]),
        object(
            "OfflineRequest",
            &[
                ("format", number()),
                ("body", of("Base64")),
                ("key", text()),
                ("signature", of("Base64")),
            ],
        ),
        object(
            "OfflineResponse",
            &[
                ("format", number()),
                ("server_key", of("Base64")),
                ("document", text()),
                ("texts", list(text())),
            ],
        ),
        object("BuilderLicenseAnswer", &[("license", text()), ("time", of("Instant"))]),
    ]
}

fn trials() -> Schemas {
    vec![
        object("AcceptanceCode", &[("code", text()), ("expires_at", of("Instant"))]),
        object(
            "RequestTrial",
            &[
                ("platform", of("Platform")),
                ("version?", of("Version")),
                ("renews?", of("Id")),
                ("acceptance?", of("AcceptanceProof")),
            ],
        ),
        object(
            "BuyApplication",
            &[
                ("key", text()),
                ("platform", of("Platform")),
                ("trial?", of("Id")),
                ("relicensing_digest?", of("Digest")),
                ("acceptance?", of("AcceptanceProof")),
            ],
        ),
        object(
            "OfferAnswer",
            &[
                ("policy", of("TrialPolicy")),
                ("terms_digest", of("Digest")),
                ("trials_used", number()),
                ("trials_allowed", number()),
            ],
        ),
        object(
            "AcceptanceProof",
            &[("terms_digest", of("Digest")), ("name?", of("Name")), ("code?", text())],
        ),
        object(
            "TrialAnswer",
            &[
                ("trial", of("TrialSummary")),
                ("download_url", text()),
                ("length", number()),
                ("etag", text()),
                ("head_length", number()),
                ("delivered", json!({ "type": "boolean" })),
                ("time", of("Instant")),
            ],
        ),
        object(
            "TrialSummary",
            &[
                ("id", of("Id")),
                ("application", of("ApplicationId")),
                ("name", of("Name")),
                ("version", of("Version")),
                ("platform", of("Platform")),
                ("kind", of("LicenseKind")),
                ("started_at", of("Instant")),
                ("ends_at", nullable(of("Instant"))),
                ("head_number", number()),
                ("first_run_on", nullable(of("Instant"))),
            ],
        ),
        object("FirstRun", &[("on", of("Instant"))]),
        object("TrialsAnswer", &[("trials", list(of("TrialSummary")))]),
    ]
}

fn vendors() -> Schemas {
    vec![
        object(
            "PublishAnswer",
            &[
                ("release", of("VendorRelease")),
                ("created_application", boolean()),
                ("policy", of("TrialPolicy")),
            ],
        ),
        object(
            "VendorRelease",
            &[
                ("id", of("Id")),
                ("application", of("ApplicationId")),
                ("version", of("Version")),
                ("platform", of("Platform")),
                ("stored_size", number()),
                ("program_size", number()),
                ("program_digest", of("Digest")),
                ("published_at", of("Instant")),
            ],
        ),
        object("ReleasesAnswer", &[("releases", list(of("VendorRelease")))]),
        object(
            "RequestersAnswer",
            &[("requests", list(of("Requester"))), ("next", nullable(of("Cursor")))],
        ),
        object("TermsAnswer", &[("digest", of("Digest")), ("text", text())]),
        object(
            "Requester",
            &[
                ("trial_id", of("Id")),
                ("licensee_id", of("Id")),
                ("name", of("Name")),
                ("email", of("Email")),
                ("email_verified_at", nullable(of("Instant"))),
                ("terms_version", nullable(of("Version"))),
                ("delivered_at", nullable(of("Instant"))),
                ("first_run_on", nullable(of("Instant"))),
                ("purchased_at", nullable(of("Instant"))),
                ("counted", boolean()),
                ("platform", of("Platform")),
                ("version", of("Version")),
                ("requested_at", of("Instant")),
                ("ends_at", nullable(of("Instant"))),
                ("terms_digest", of("Digest")),
                ("accepted_as", nullable(of("Name"))),
            ],
        ),
        object("PutBlock", &[("reason?", nullable(of("Note")))]),
        object(
            "Block",
            &[
                ("subject", of("Subject")),
                ("reason", nullable(of("Note"))),
                ("created_at", of("Instant")),
            ],
        ),
        object("BlocksAnswer", &[("blocks", list(of("Block"))), ("next", nullable(of("Cursor")))]),
    ]
}

fn webhooks() -> Schemas {
    let events = EventKind::ALL.map(EventKind::as_str);
    let sent = [&events[..], &["ping"]].concat();
    vec![
        ("EventKind".to_owned(), one_of(&events)),
        object("AddWebhook", &[("url", text()), ("events?", list(of("EventKind")))]),
        object("NewWebhookAnswer", &[("webhook", of("Webhook")), ("secret", text())]),
        object("WebhooksAnswer", &[("webhooks", list(of("Webhook")))]),
        object(
            "Webhook",
            &[
                ("id", of("Id")),
                ("url", text()),
                ("events", list(of("EventKind"))),
                ("created_at", of("Instant")),
                ("disabled_at", nullable(of("Instant"))),
            ],
        ),
        object("Ping", &[("delivery_id", of("Id"))]),
        object(
            "DeliveriesAnswer",
            &[("deliveries", list(of("Delivery"))), ("next", nullable(of("Cursor")))],
        ),
        object(
            "Delivery",
            &[
                ("id", of("Id")),
                ("webhook_id", of("Id")),
                ("event", one_of(&sent)),
                ("occurred_at", of("Instant")),
                ("attempts", number()),
                ("last_status", nullable(number())),
                ("last_error", nullable(text())),
                ("delivered_at", nullable(of("Instant"))),
                ("next_attempt_at", nullable(of("Instant"))),
            ],
        ),
        object(
            "WebhookEvent",
            &[
                ("id", of("Id")),
                ("type", one_of(&sent)),
                ("created_at", of("Instant")),
                ("application?", of("ApplicationId")),
                ("licensee_id?", of("Id")),
                ("name?", of("Name")),
                ("email?", of("Email")),
                ("platform?", of("Platform")),
                ("trial_id?", of("Id")),
                ("version?", of("Version")),
                ("kind?", of("LicenseKind")),
                ("requested_at?", of("Instant")),
                ("ends_at?", of("Instant")),
                ("purchased_at?", of("Instant")),
                ("times?", number()),
            ],
        ),
    ]
}

fn problems() -> Schemas {
    let types: Vec<String> = Slug::ALL.iter().map(|slug| format!("/problems/{slug}")).collect();
    vec![object(
        "Problem",
        &[
            ("type", json!({ "type": "string", "enum": types })),
            ("status", json!({ "type": "integer", "minimum": 400, "maximum": 599 })),
            ("title", text()),
            ("detail?", text()),
            ("help?", text()),
            ("condition?", one_of(&["A", "B", "C"])),
            ("server_time?", of("Instant")),
        ],
    )]
}
