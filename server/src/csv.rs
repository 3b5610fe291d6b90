//! Rows of comma-separated values (RFC 4180).

/// A row with its line end.
pub(crate) fn row<const N: usize>(fields: [impl AsRef<str>; N]) -> String {
    let mut text = String::new();
    for (at, field) in fields.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        push_field(&mut text, field.as_ref());
    }
    text.push_str("\r\n");
    text
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
            assert_eq!(row([field, "x"]), format!("{expected},x\r\n"));
        }
    }
}
