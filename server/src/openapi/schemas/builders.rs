//! Builders and their licenses.

use super::{Schemas, list, number, object, of, one_of, text};

pub(super) fn schemas() -> Schemas {
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
