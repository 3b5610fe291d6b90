//! A text for each version, so that databases order versions as semantic versions are ordered.

use std::fmt::Write as _;

use trybuy_formats::ids::Version;

/// The sort key of a version: comparing the bytes of two keys gives what comparing the versions
/// gives (Semantic Versioning 2.0.0 section 11, and then the build metadata), and different
/// versions have different keys.
///
/// `MAJOR MINOR PATCH` as 20 digits each, then `~` for a release or `-` and the pre-release, then
/// `!` and the build metadata. An identifier is written as its rank (`0` a number, `1` a word), the
/// number's length if it is one, its text, and a blank, which is lower than anything in a text.
pub(super) fn sort_key(version: &Version) -> String {
    let version =
        semver::Version::parse(&version.to_string()).expect("a Version is a semantic version");
    let mut key = format!("{:020}{:020}{:020}", version.major, version.minor, version.patch);
    if version.pre.is_empty() {
        key.push('~');
    } else {
        key.push('-');
        push_identifiers(&mut key, &version.pre);
    }
    key.push('!');
    if !version.build.is_empty() {
        push_identifiers(&mut key, &version.build);
    }
    key
}

fn push_identifiers(key: &mut String, identifiers: &str) {
    for identifier in identifiers.split('.') {
        if identifier.bytes().all(|byte| byte.is_ascii_digit()) {
            // Only build metadata has leading zeros: 0 < 00 < 1 < 01 < 2. A version has at most 64
            // characters, so two digits hold each length.
            let digits = identifier.trim_start_matches('0');
            let zeros = identifier.len() - digits.len();
            write!(key, "0{:02}{digits}{zeros:02} ", digits.len())
        } else {
            write!(key, "1{identifier} ")
        }
        .expect("writing to a String does not fail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASCENDING: [&str; 33] = [
        "0.0.0-0",
        "0.0.0",
        "0.0.9",
        "0.0.10",
        "0.9.0",
        "0.10.0",
        "1.0.0-0",
        "1.0.0-0.0",
        "1.0.0-1",
        "1.0.0-2",
        "1.0.0-10",
        "1.0.0-99999999999999999999999999",
        "1.0.0--",
        "1.0.0-0a",
        "1.0.0-A",
        "1.0.0-alpha",
        "1.0.0-alpha+1",
        "1.0.0-alpha.1",
        "1.0.0-alpha.1.0",
        "1.0.0-alpha.beta",
        "1.0.0-alpha-",
        "1.0.0-alphabet",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.0.0+0",
        "1.0.0+00",
        "1.0.0+1",
        "1.0.0+01",
        "1.0.0+a.1",
        "18446744073709551615.0.0",
    ];

    #[test]
    fn keys_are_ordered_as_their_versions() {
        for (left, left_text) in ASCENDING.iter().enumerate() {
            for (right, right_text) in ASCENDING.iter().enumerate() {
                let versions: [Version; 2] =
                    [left_text, right_text].map(|t| t.parse().expect("valid"));
                let keys = versions.each_ref().map(sort_key);
                assert_eq!(keys[0].cmp(&keys[1]), left.cmp(&right), "{left_text} {right_text}");
                assert_eq!(
                    versions[0].cmp(&versions[1]),
                    left.cmp(&right),
                    "{left_text} {right_text}"
                );
            }
        }
    }
}
