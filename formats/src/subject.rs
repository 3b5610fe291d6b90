//! Whom a vendor's rule is about: one licensee, an e-mail address, or everybody at a domain.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::email::ascii_domain;
use crate::ids::{Email, Label, LicenseeId};

/// The most labels of a domain that rules of its parents are looked for with.
const PARENTS: usize = 5;

/// Whom a rule is about, written as a licensee id, `ada@example.com`, or `@example.com`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Subject {
    /// One licensee.
    Licensee(LicenseeId),
    /// Whoever gave this address; in the spelling of [`Email::mailbox`].
    Email(Email),
    /// Whoever gave an address at this domain or at one below it.
    Domain(Domain),
}

/// For whom a policy is: written `application`, `class:NAME`, a licensee id, or an e-mail address.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Scope {
    /// Everybody who tries the application.
    Application,
    /// The licensees of a class.
    Class(Label),
    /// One licensee; never a domain, which is a class.
    Licensee(Subject),
}

/// What stands before the name of a class.
const CLASS: &str = "class:";

/// A domain in its ASCII form, which is in lower case; at least two labels.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Domain(String);

/// A text that names nobody.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a licensee id, an e-mail address, or a domain such as @example.com")]
pub struct InvalidSubject;

/// A text that is no [`Scope`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "not for whom a policy can be: application, class:NAME, a licensee id, or an e-mail address"
)]
pub struct InvalidScope;

impl Subject {
    /// Every subject that a licensee with this address is, the narrowest first: at most eight.
    pub fn all_of(licensee: LicenseeId, email: &Email) -> Vec<Self> {
        let mut subjects = vec![Self::Licensee(licensee)];
        subjects.extend(Self::all_of_address(email));
        subjects
    }

    /// Every subject that whoever gave this address is, the narrowest first: at most seven.
    pub fn all_of_address(email: &Email) -> Vec<Self> {
        let mailbox = email.mailbox();
        let domains = mailbox.domain().map(|domain| domain.and_parents()).unwrap_or_default();
        let mut subjects = vec![Self::Email(mailbox)];
        subjects.extend(domains.into_iter().map(Self::Domain));
        subjects
    }
}

impl Email {
    /// What stands behind the `@`; none where that is no domain of two labels.
    fn domain(&self) -> Option<Domain> {
        self.as_str().rsplit_once('@')?.1.parse().ok()
    }
}

impl Domain {
    /// This domain, and its parents of two to five labels.
    fn and_parents(&self) -> Vec<Self> {
        let mut domains = vec![self.clone()];
        let mut rest = self.0.as_str();
        while let Some((_, parent)) = rest.split_once('.') {
            if (2..=PARENTS).contains(&parent.split('.').count()) {
                domains.push(Self(parent.to_owned()));
            }
            rest = parent;
        }
        domains
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Licensee(id) => write!(f, "{id}"),
            Self::Email(email) => write!(f, "{email}"),
            Self::Domain(Domain(domain)) => write!(f, "@{domain}"),
        }
    }
}

impl FromStr for Subject {
    type Err = InvalidSubject;

    fn from_str(text: &str) -> Result<Self, InvalidSubject> {
        if let Ok(licensee) = text.parse() {
            return Ok(Self::Licensee(licensee));
        }
        if let Some(domain) = text.strip_prefix('@') {
            return domain.parse().map(Self::Domain);
        }
        let email: Email = text.parse().map_err(|_| InvalidSubject)?;
        Ok(Self::Email(email.mailbox()))
    }
}

impl FromStr for Domain {
    type Err = InvalidSubject;

    fn from_str(text: &str) -> Result<Self, InvalidSubject> {
        let form = ascii_domain(text).filter(|form| form.contains('.'));
        form.map(Self).ok_or(InvalidSubject)
    }
}

impl TryFrom<String> for Subject {
    type Error = InvalidSubject;

    fn try_from(text: String) -> Result<Self, InvalidSubject> {
        text.parse()
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.to_string()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Application => f.write_str("application"),
            Self::Class(class) => write!(f, "{CLASS}{class}"),
            Self::Licensee(subject) => write!(f, "{subject}"),
        }
    }
}

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        if text == "application" {
            return Ok(Self::Application);
        }
        if let Some(class) = text.strip_prefix(CLASS) {
            return class.parse().map(Self::Class).map_err(|_| InvalidScope);
        }
        match text.parse() {
            Ok(Subject::Domain(_)) | Err(_) => Err(InvalidScope),
            Ok(subject) => Ok(Self::Licensee(subject)),
        }
    }
}

impl TryFrom<String> for Scope {
    type Error = InvalidScope;

    fn try_from(text: String) -> Result<Self, InvalidScope> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(text: &str) -> Email {
        text.parse().expect("an address")
    }

    #[test]
    fn somebody_is_subject_of_the_own_domain_and_its_parents() {
        let licensee = LicenseeId::new();
        let subjects = |text: &str| -> Vec<String> {
            let all = Subject::all_of(licensee, &email(text));
            all.iter().skip(1).map(Subject::to_string).collect()
        };
        assert_eq!(subjects("ada@example.com"), ["ada@example.com", "@example.com"]);
        assert_eq!(
            subjects("ada@cs.example.edu"),
            ["ada@cs.example.edu", "@cs.example.edu", "@example.edu"]
        );
        assert_eq!(subjects("a@1.2.3.4.5.6.7.8.9.example.edu").len(), 6);
    }

    #[test]
    fn subjects_are_read_as_they_are_written() {
        let licensee = LicenseeId::new().to_string();
        for (text, written) in [
            (licensee.as_str(), licensee.as_str()),
            ("Ada+x@Example.com", "ada@example.com"),
            ("@Example.com", "@example.com"),
            ("x@exämple.de", "x@xn--exmple-cua.de"),
            ("@EXÄMPLE.de", "@xn--exmple-cua.de"),
            ("@xn--exmple-cua.de", "@xn--exmple-cua.de"),
        ] {
            let subject: Subject = text.parse().expect("a subject");
            assert_eq!(subject.to_string(), written);
            assert_eq!(written.parse(), Ok(subject));
        }
        for bad in [
            "",
            "@",
            "@example",
            "example.com",
            "@a..b",
            "@a b.c",
            "@%.com",
            "ada",
            "@exa.com.",
            "@[1.2]",
        ] {
            assert_eq!(bad.parse::<Subject>(), Err(InvalidSubject), "{bad}");
        }
    }

    #[test]
    fn scopes_are_read_as_they_are_written() {
        let licensee = LicenseeId::new().to_string();
        for text in ["application", "class:education", "ada@example.com", licensee.as_str()] {
            let scope: Scope = text.parse().expect("a scope");
            assert_eq!(scope.to_string(), text);
        }
        for bad in ["", "class:", "class:No", "@example.com", "everybody"] {
            assert_eq!(bad.parse::<Scope>(), Err(InvalidScope), "{bad}");
        }
    }
}
