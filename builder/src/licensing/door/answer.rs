//! The answer by which a gateway refuses the license.

use trybuy_formats::api::Problem;

use crate::licensing::requestor::is_refusal;

/// What is made of the beginning of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reading {
    /// It may become a refusal.
    Unfinished,
    /// The gateway refuses the license.
    Refusal,
    /// Anything else.
    Other,
}

/// Reads the beginning of an answer in HTTP/1.1.
pub(super) fn read(answer: &[u8]) -> Reading {
    const BEGIN: &[u8] = b"HTTP/1.1 403 ";
    /// More than any refusal.
    const CAP: usize = 16 << 10;
    let common = answer.len().min(BEGIN.len());
    if answer[..common] != BEGIN[..common] || answer.len() > CAP {
        return Reading::Other;
    }
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Reading::Unfinished;
    };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let field = |name: &str| {
        let mut fields = head.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(field, _)| *field == name).map(|(_, value)| value.trim())
    };
    let length = field("content-length").and_then(|length| length.parse::<usize>().ok());
    let is_problem = field("content-type").is_some_and(|it| it == "application/problem+json");
    let Some(length) = length.filter(|_| is_problem) else { return Reading::Other };
    let Some(body) = answer[end + 4..].get(..length) else { return Reading::Unfinished };
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) if is_refusal(problem.slug) => Reading::Refusal,
        _ => Reading::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_problem_document_about_the_license_is_a_refusal() {
        let answer = |status: u16, kind: &str, slug: &str| {
            let body = format!(r#"{{"type":"/problems/{slug}","status":403,"title":"No."}}"#);
            let length = body.len();
            format!(
                "HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
            )
        };
        const PROBLEM: &str = "application/problem+json";
        let refusal = answer(403, PROBLEM, "license-revoked");
        for (text, expected) in [
            (refusal.clone(), Reading::Refusal),
            (answer(403, PROBLEM, "license-expired"), Reading::Refusal),
            (answer(403, PROBLEM, "license-superseded"), Reading::Refusal),
            (answer(403, PROBLEM, "license-foreign"), Reading::Refusal),
            (answer(403, PROBLEM, "forbidden"), Reading::Other),
            (answer(403, "text/html", "license-revoked"), Reading::Other),
            (answer(200, PROBLEM, "license-revoked"), Reading::Other),
            (refusal.replace("Content-Length", "X-Length"), Reading::Other),
            (format!("HTTP/1.1 403 x\r\n{}", "a".repeat(20_000)), Reading::Other),
        ] {
            assert_eq!(read(text.as_bytes()), expected, "{text}");
        }
        for length in 0..refusal.len() {
            assert_eq!(read(&refusal.as_bytes()[..length]), Reading::Unfinished, "{length}");
        }
    }
}
