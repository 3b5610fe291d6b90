//! What vendors do.

use super::{Schemas, boolean, list, nullable, number, object, of, text};

pub(super) fn schemas() -> Schemas {
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
                ("converted", boolean()),
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
