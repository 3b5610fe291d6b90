//! Requests as comma-separated values.

use trybuy_formats::api::Requester;

use crate::csv;

/// The names of the columns: the members of the JSON answer, in its order.
const COLUMNS: [&str; 11] = [
    "trial_id",
    "licensee_id",
    "name",
    "email",
    "email_verified_at",
    "platform",
    "version",
    "requested_at",
    "ends_at",
    "terms_digest",
    "accepted_as",
];

/// A table with its head.
pub(super) fn table(requests: &[Requester]) -> String {
    let rows = requests.iter().map(|request| csv::row(row(request)));
    std::iter::once(csv::row(COLUMNS)).chain(rows).collect()
}

fn row(request: &Requester) -> [String; 11] {
    [
        request.trial_id.to_string(),
        request.licensee_id.to_string(),
        request.name.to_string(),
        request.email.to_string(),
        request.email_verified_at.map(|at| at.to_string()).unwrap_or_default(),
        request.platform.to_string(),
        request.version.to_string(),
        request.requested_at.to_string(),
        request.ends_at.map(|end| end.to_string()).unwrap_or_default(),
        request.terms_digest.to_string(),
        request.accepted_as.as_ref().map(ToString::to_string).unwrap_or_default(),
    ]
}
