//! The expiry decision.

use serde::Deserialize;
use serde_json::{Value, json};
use trybuy_formats::builder_license::BuilderLicense;
use trybuy_formats::control::ControlInformation;
use trybuy_formats::expiry::{Decision, TrialState, TrustedTime, decide};
use trybuy_formats::ids::Version;
use trybuy_formats::instant::Instant;
use trybuy_formats::policy::{Expiration, Limits};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Given {
    control: Terms,
    license_ends_at: Option<Instant>,
    now: Instant,
    builder: Version,
    state: TrialState,
}

/// What of the control information decides.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Terms {
    issued_at: Instant,
    ends_at: Option<Instant>,
    expiration: Expiration,
    limits: Limits,
    minimum_builder: Option<Version>,
}

pub(crate) fn expiry(given: Given) -> Value {
    let now = TrustedTime::vouch(given.now);
    let (control, license) = (control(given.control), license(given.license_ends_at));
    let decision = decide(&control, &license, &given.builder, now, &given.state);
    let days_left = decision.days_left(now);
    match decision {
        Decision::Allow { remaining } => {
            let until = remaining.map(|remaining| given.now.plus(remaining));
            json!({ "answer": "allow", "until": until, "days_left": days_left })
        }
        Decision::Warn { until, .. } => {
            json!({ "answer": "warn", "until": until, "days_left": days_left })
        }
        Decision::Refuse { reason } => json!({ "answer": "refuse", "reason": reason.slug() }),
    }
}

fn control(terms: Terms) -> ControlInformation {
    let Terms { issued_at, ends_at, expiration, limits, minimum_builder } = terms;
    let any: ControlInformation = serde_json::from_value(json!({
        "format": 1, "application": "com.example.sketch", "name": "Sketch", "release": "1.0.0",
        "platform": "x86_64-linux", "licensee_id": ID, "trial_id": ID, "kind": "trial",
        "head_number": 1, "issued_at": issued_at, "ends_at": ends_at,
        "expiration": { "kind": "hard" }, "limits": {}, "builder_key_id": DIGEST,
        "minimum_builder": null, "file_key_commitment": DIGEST, "layout": "leading",
        "sections": { "documentation": 0, "terms": 1, "relicensing": 0, "program": 17 },
        "program_size": 1, "program_digest": DIGEST, "terms_digest": DIGEST,
    }))
    .unwrap();
    ControlInformation { expiration, limits, minimum_builder, ..any }
}

fn license(ends_at: Option<Instant>) -> BuilderLicense {
    serde_json::from_value(json!({
        "format": 1, "license_id": ID, "licensee_ids": [ID], "kind": "full",
        "holder": { "name": "Ada", "email": "ada@example.com" }, "platform": "x86_64-linux",
        "builder_key_id": DIGEST, "request_key": "", "sealed_secret": "",
        "issued_at": "2026-01-01T00:00:00Z", "ends_at": ends_at, "terms_digest": DIGEST,
    }))
    .unwrap()
}

const ID: &str = "0198c0de-0000-7000-8000-000000000001";
const DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";
