//! Trials.

use serde_json::json;

use super::{Schemas, list, nullable, number, object, of, text};

pub(super) fn schemas() -> Schemas {
    vec![
        object("AcceptanceCode", &[("code", text()), ("expires_at", of("Instant"))]),
        object(
            "RequestTrial",
            &[
                ("platform", of("Platform")),
                ("version?", of("Version")),
                ("renews?", of("Id")),
                ("used_up?", of("Id")),
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
                ("policy", of("TrialPolicy")),
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
