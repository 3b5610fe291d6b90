//! Requests as comma-separated values (RFC 4180).

use trybuy_formats::api::Requester;

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
    let mut text = String::new();
    push_row(&mut text, &COLUMNS.map(str::to_owned));
    for request in requests {
        push_row(&mut text, &row(request));
    }
    text
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

fn push_row(text: &mut String, fields: &[String; 11]) {
    for (at, field) in fields.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        push_field(text, field);
    }
    text.push_str("\r\n");
}

/// Names and addresses come from strangers. A spreadsheet would run one that begins like a formula, so an
/// apostrophe goes before it.
fn push_field(text: &mut String, field: &str) {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula || field.contains([',', '"', '\r', '\n']) {
        let mark = if formula { "'" } else { "" };
        text.push_str(&format!("\"{mark}{}\"", field.replace('"', "\"\"")));
    } else {
        text.push_str(field);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_never_formulas() {
        for (field, expected) in [
            ("Ada", "Ada"),
            ("Lovelace, Ada", "\"Lovelace, Ada\""),
            ("\"Ada\"", "\"\"\"Ada\"\"\""),
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("+1", "\"'+1\""),
            ("@ada", "\"'@ada\""),
        ] {
            let mut text = String::new();
            push_field(&mut text, field);
            assert_eq!(text, expected);
        }
    }
}
