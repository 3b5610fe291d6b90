//! Policies of trials.

use serde_json::json;

use super::{Schemas, list, nullable, number, object, of, one_of, text};

pub(super) fn schemas() -> Schemas {
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
        object(
            "SetPolicy",
            &[
                ("policy", of("TrialPolicy")),
                ("profile?", of("Label")),
                ("in_place_of?", of("InPlaceOf")),
            ],
        ),
        object("InPlaceOf", &[("policy", nullable(of("TrialPolicy")))]),
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
        object("SetProfile", &[("policy", of("TrialPolicy")), ("in_place_of?", of("InPlaceOf"))]),
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
