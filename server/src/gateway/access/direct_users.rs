//! Which users of this machine may be direct-connect clients.
//!
//! Each of them takes a license with the first request, so they are named: whoever may use subordinate user ids
//! (`subuid(5)`) has thousands of them.

use std::ops::RangeInclusive;

use serde::Deserialize;

/// Where names are looked up.
const ACCOUNTS: &str = "/etc/passwd";

/// The users who may.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DirectUsers(Vec<RangeInclusive<u32>>);

/// A user, or several, as they stand in the configuration.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(untagged)]
pub enum NamedUsers {
    /// By number.
    Number(u32),
    /// By name, or numbers from one to another: `1000-59999`.
    Text(String),
}

/// A user who cannot be found.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("names {0:?}, who is not in {ACCOUNTS}; other users are named by their number")]
pub struct UnknownUser(String);

impl DirectUsers {
    /// Only the user that the gateway runs as.
    pub fn own() -> Self {
        let own = rustix::process::geteuid().as_raw();
        Self(vec![own..=own])
    }

    /// Those who are named; where none is, the gateway's own.
    ///
    /// # Errors
    /// A name is nobody's.
    pub fn named(named: &[NamedUsers]) -> Result<Self, UnknownUser> {
        if named.is_empty() {
            return Ok(Self::own());
        }
        // Without accounts there are no names.
        let accounts = std::fs::read_to_string(ACCOUNTS).unwrap_or_default();
        named.iter().map(|one| one.find(&accounts)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a user may.
    pub(super) fn contain(&self, user: u32) -> bool {
        self.0.iter().any(|range| range.contains(&user))
    }
}

impl NamedUsers {
    fn find(&self, accounts: &str) -> Result<RangeInclusive<u32>, UnknownUser> {
        match self {
            Self::Number(user) => Ok(*user..=*user),
            Self::Text(text) => {
                let found = range(text).or_else(|| account(accounts, text).map(|user| user..=user));
                found.ok_or_else(|| UnknownUser(text.clone()))
            }
        }
    }
}

fn range(text: &str) -> Option<RangeInclusive<u32>> {
    let (first, last) = text.split_once('-')?;
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some(first..=last)
}

/// The number of an account: `NAME:PASSWORD:NUMBER:…` (`passwd(5)`).
fn account(accounts: &str, name: &str) -> Option<u32> {
    let mut fields = accounts.lines().map(|line| line.split(':'));
    fields.find_map(|mut fields| (fields.next()? == name).then(|| fields.nth(1)?.parse().ok())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_named_by_number_name_and_range() {
        let accounts = "root:x:0:0:root:/root:/bin/bash\nada:x:1001:1001::/home/ada:/bin/sh\n\
            broken\nbob:x:many:1:::\n";
        let text = |text: &str| NamedUsers::Text(text.to_owned());
        for (named, found) in [
            (NamedUsers::Number(33), Some(33..=33)),
            (text("ada"), Some(1001..=1001)),
            (text("root"), Some(0..=0)),
            (text("1000-59999"), Some(1000..=59_999)),
            (text("5-5"), Some(5..=5)),
            (text("6-5"), None),
            (text("1000"), None),
            (text("1000-"), None),
            (text("bob"), None),
            (text("broken"), None),
            (text("eve"), None),
            (text(""), None),
        ] {
            assert_eq!(named.find(accounts).ok(), found, "{named:?}");
        }
    }

    #[test]
    fn nobody_named_is_the_gateways_own_user() {
        let own = rustix::process::geteuid().as_raw();
        let users = DirectUsers::named(&[]).expect("nobody to be found");
        assert!(users.contain(own) && !users.contain(own + 1));
        let users = DirectUsers::named(&[NamedUsers::Number(own + 1)]).expect("a number");
        assert!(!users.contain(own) && users.contain(own + 1));
    }
}
