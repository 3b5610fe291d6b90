//! A text for each version, so that databases order versions as semantic versions are ordered.

use std::fmt::Write as _;

use trybuy_formats::ids::Version;

/// The sort key of a version. All pre-releases come before all releases, so that the newest version
/// is a pre-release only where there is nothing else: nobody gets one without asking for it. Among
/// either of them, comparing the bytes of two keys gives what comparing the versions gives (Semantic
/// Versioning 2.0.0 section 11, and then the build metadata), and different versions have different
/// keys.
///
/// `1` for a release and `0` for a pre-release, `MAJOR MINOR PATCH` as 20 digits each, then `~` for a release or `-` and the pre-release, then
/// `!` and the build metadata. An identifier is written as its rank (`0` a number, `1` a word), the
/// number's length if it is one, its text, and a blank, which is lower than anything in a text.
pub(super) fn sort_key(version: &Version) -> String {
    let version =
        semver::Version::parse(&version.to_string()).expect("a Version is a semantic version");
    let release = u8::from(version.pre.is_empty());
    let mut key = format!("{release}{}!", precedence(&version));
    if !version.build.is_empty() {
        push_identifiers(&mut key, &version.build);
    }
    key
}

/// The key of a version among those that a license may be for: comparing the bytes of two keys gives what
/// [`Version::precedes`] gives, in which build metadata does not count.
pub(super) fn precedence_key(version: &Version) -> String {
    let version =
        semver::Version::parse(&version.to_string()).expect("a Version is a semantic version");
    precedence(&version)
}

fn precedence(version: &semver::Version) -> String {
    let mut key = format!("{:020}{:020}{:020}", version.major, version.minor, version.patch);
    if version.pre.is_empty() {
        key.push('~');
    } else {
        key.push('-');
        push_identifiers(&mut key, &version.pre);
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
    fn keys_are_ordered_as_their_versions_and_pre_releases_come_first() {
        let versions = ASCENDING.map(|text| text.parse::<Version>().expect("valid"));
        assert!(versions.is_sorted(), "semantic versions");
        let is_release = |version: &&Version| {
            !version.to_string().split('+').next().expect("a part").contains('-')
        };
        let (releases, pre_releases): (Vec<_>, Vec<_>) = versions.iter().partition(is_release);
        let keys: Vec<_> = pre_releases.into_iter().chain(releases).map(sort_key).collect();
        assert!(keys.is_sorted_by(|lower, higher| lower < higher), "{keys:#?}");
    }

    #[test]
    fn precedence_keys_are_ordered_as_versions_precede_each_other() {
        let versions = ASCENDING.map(|text| text.parse::<Version>().expect("valid"));
        for (one, other) in versions.iter().flat_map(|it| versions.iter().map(move |at| (it, at))) {
            let by_key = precedence_key(one) < precedence_key(other);
            assert_eq!(by_key, one.precedes(other), "{one} and {other}");
        }
    }
}
