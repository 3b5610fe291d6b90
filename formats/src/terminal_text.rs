//! Text on its way to a terminal, the same in every program: nothing in it is obeyed.

use crate::ids::is_line_break_or_control;

/// Several lines: line breaks and tabs stay, other control characters become visible.
pub fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .map(|c| if c == '\n' || c == '\t' { c } else { visible(c) })
        .collect()
}

/// One line: line breaks and tabs become spaces.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { visible(c) }).collect()
}

/// JSON text, in which serde leaves the control characters from U+007F on as they are: they are
/// escaped too, so that JSON on a terminal is as harmless as text.
pub fn json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && visible(c) != c {
            safe.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            safe.push(c);
        }
    }
    safe
}

/// What ends a line or steers a terminal, and what reorders or hides text besides, becomes U+FFFD.
fn visible(c: char) -> char {
    let reorders_or_hides = matches!(
        c,
        '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}'..='\u{2065}' | '\u{feff}'
    );
    if is_line_break_or_control(c) || reorders_or_hides { '\u{fffd}' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_given_nothing_to_obey() {
        let hostile = "a\x1b]0;owned\x07b\u{9b}31m\r\nnext\tline\u{202e}t\u{200b}xt";
        let cleaned = lines(hostile);
        assert_eq!(cleaned, "a\u{fffd}]0;owned\u{fffd}b\u{fffd}31m\nnext\tline\u{fffd}t\u{fffd}xt");
        assert!(!one_line(hostile).contains('\n'));
        assert_eq!(one_line("a\u{2028}b\u{2029}c\u{2066}d"), "a\u{fffd}b\u{fffd}c\u{fffd}d");
    }

    #[test]
    fn json_stays_json() {
        let value = serde_json::json!({"name": "a\u{9b}\u{7f}\u{1b}\u{202e}b"});
        let text = json(&serde_json::to_string_pretty(&value).expect("serialises"));
        assert!(!text.contains(['\u{9b}', '\u{7f}', '\u{1b}', '\u{202e}']));
        let read: serde_json::Value = serde_json::from_str(&text).expect("parses");
        assert_eq!(read, value);
    }
}
