//! Which part of a file a request asks for (RFC 9110, sections 13 and 14).

use std::ops::Range;

use axum::http::{HeaderMap, HeaderName, Method, header};

/// What a request gets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Selection {
    /// The whole file.
    Whole,
    /// A part of it, at least one byte.
    Part(Range<u64>),
    /// Nothing: the client has it already.
    NotModified,
    /// Nothing: the file is not the one the client asks for.
    PreconditionFailed,
    /// Nothing: the part is not in the file.
    Unsatisfiable,
}

/// Selects from a file of `length` bytes, at least one, with a strong entity tag, in the order of RFC
/// 9110, section 13.2.2.
///
/// A `Range` of several parts, of another unit or malformed is ignored, as section 14.2 allows: the
/// whole file is the answer.
pub(super) fn select(method: &Method, headers: &HeaderMap, etag: &str, length: u64) -> Selection {
    let named = |name| headers.get_all(name).iter().filter_map(|field| field.to_str().ok());
    if headers.contains_key(header::IF_MATCH)
        && !named(header::IF_MATCH).any(|list| lists(list, etag))
    {
        return Selection::PreconditionFailed;
    }
    if named(header::IF_NONE_MATCH).any(|list| lists_weakly(list, etag)) {
        return Selection::NotModified;
    }
    let Some(range) = single(headers, header::RANGE).filter(|_| method == Method::GET) else {
        return Selection::Whole;
    };
    // A date, a weak tag or another one never matches: there is no date to compare with.
    if headers.contains_key(header::IF_RANGE) && single(headers, header::IF_RANGE) != Some(etag) {
        return Selection::Whole;
    }
    part(range, length)
}

/// The one field of that name; of several none counts.
fn single(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut fields = headers.get_all(name).iter();
    fields.next().filter(|_| fields.next().is_none())?.to_str().ok()
}

/// Strong comparison (section 8.8.3.2). Our tags hold no comma.
fn lists(list: &str, etag: &str) -> bool {
    list.split(',').map(str::trim).any(|listed| listed == "*" || listed == etag)
}

/// Weak comparison.
fn lists_weakly(list: &str, etag: &str) -> bool {
    list.split(',')
        .map(str::trim)
        .any(|listed| listed == "*" || listed.strip_prefix("W/").unwrap_or(listed) == etag)
}

/// A `Range` in bytes (section 14.1.2).
fn part(range: &str, length: u64) -> Selection {
    let Some(range) = range.split_once('=').filter(|(unit, _)| unit.eq_ignore_ascii_case("bytes"))
    else {
        return Selection::Whole;
    };
    let Some((first, last)) = range.1.trim().split_once('-') else {
        return Selection::Whole;
    };
    let wanted = match (position(first), position(last)) {
        (Position::Absent, Position::At(suffix)) => length.saturating_sub(suffix)..length,
        (Position::At(first), Position::Absent) => first..length,
        (Position::At(first), Position::At(last)) if first <= last => {
            first..last.saturating_add(1).min(length)
        }
        _ => return Selection::Whole,
    };
    if wanted.is_empty() { Selection::Unsatisfiable } else { Selection::Part(wanted) }
}

enum Position {
    Absent,
    At(u64),
    Malformed,
}

/// A number of any length: one beyond all files is as good as the largest there is.
fn position(text: &str) -> Position {
    if text.is_empty() {
        Position::Absent
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        Position::At(text.parse().unwrap_or(u64::MAX))
    } else {
        Position::Malformed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Selection::{NotModified, Part, PreconditionFailed, Unsatisfiable, Whole};

    const ETAG: &str = "\"t.1.r\"";

    fn selected(fields: &[(HeaderName, &str)]) -> Selection {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(name.clone(), value.parse().expect("a field"));
        }
        select(&Method::GET, &headers, ETAG, 1000)
    }

    #[test]
    fn a_range_selects_its_bytes() {
        for (range, expected) in [
            ("bytes=0-0", Part(0..1)),
            ("bytes=0-999", Part(0..1000)),
            ("bytes=0-", Part(0..1000)),
            ("bytes=999-", Part(999..1000)),
            ("bytes=10-19", Part(10..20)),
            ("BYTES=10-19", Part(10..20)),
            ("bytes=10-5000", Part(10..1000)),
            ("bytes=10-99999999999999999999999", Part(10..1000)),
            ("bytes=-1", Part(999..1000)),
            ("bytes=-1000", Part(0..1000)),
            ("bytes=-5000", Part(0..1000)),
            ("bytes=-0", Unsatisfiable),
            ("bytes=1000-", Unsatisfiable),
            ("bytes=1000-1001", Unsatisfiable),
            ("bytes=99999999999999999999999-", Unsatisfiable),
            ("bytes=0-0,2-3", Whole),
            ("bytes=20-10", Whole),
            ("bytes=-", Whole),
            ("bytes=a-b", Whole),
            ("bytes=+1-2", Whole),
            ("bytes", Whole),
            ("lines=1-2", Whole),
            ("", Whole),
        ] {
            assert_eq!(selected(&[(header::RANGE, range)]), expected, "{range}");
        }
    }

    #[test]
    fn a_range_of_another_file_is_ignored() {
        for (if_range, expected) in [
            (ETAG, Part(5..10)),
            ("\"t.2.r\"", Whole),
            ("W/\"t.1.r\"", Whole),
            ("Sat, 22 Nov 2025 12:00:00 GMT", Whole),
        ] {
            let fields = [(header::RANGE, "bytes=5-9"), (header::IF_RANGE, if_range)];
            assert_eq!(selected(&fields), expected, "{if_range}");
        }
    }

    #[test]
    fn preconditions_come_before_ranges() {
        let range = (header::RANGE, "bytes=5-9");
        for (field, expected) in [
            ((header::IF_NONE_MATCH, ETAG), NotModified),
            ((header::IF_NONE_MATCH, "\"x\", W/\"t.1.r\""), NotModified),
            ((header::IF_NONE_MATCH, "*"), NotModified),
            ((header::IF_NONE_MATCH, "\"x\""), Part(5..10)),
            ((header::IF_MATCH, ETAG), Part(5..10)),
            ((header::IF_MATCH, "*"), Part(5..10)),
            ((header::IF_MATCH, "W/\"t.1.r\""), PreconditionFailed),
            ((header::IF_MATCH, "\"x\""), PreconditionFailed),
        ] {
            assert_eq!(selected(&[range.clone(), field.clone()]), expected, "{field:?}");
        }
    }

    #[test]
    fn head_has_no_ranges() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, "bytes=5-9".parse().expect("a field"));
        assert_eq!(select(&Method::HEAD, &headers, ETAG, 1000), Whole);
    }
}
