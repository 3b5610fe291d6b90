//! The catalog.

use super::{Schemas, boolean, list, nullable, number, object, of, one_of, text};

pub(super) fn schemas() -> Schemas {
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
