//! E-mail addresses, and the one spelling by which a person is known (`ID-5`).

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use super::{Email, InvalidId, is_line_break_or_control};

/// What a local part may consist of beside letters and digits (RFC 5322, section 3.2.3).
const OF_ATOMS: &str = "!#$%&'*+-/=?^_`{|}~";
/// The longest address in bytes (RFC 5321, section 4.5.3.1.3, without the angle brackets).
const LONGEST: usize = 254;

impl Email {
    /// The address by which one person is known: in lower case, its domain in the ASCII form, and without
    /// the tag behind a `+`, so that `Ada+trial2@Exämple.de` is `ada@xn--exmple-cua.de`.
    #[must_use]
    pub fn mailbox(&self) -> Self {
        let Ok(spelling) = spelling(&self.0) else { return self.clone() };
        let untagged = spelling.split_once('@').and_then(|(local, domain)| {
            let (name, _) = local.split_once('+')?;
            (!name.is_empty()).then(|| format!("{name}@{domain}"))
        });
        // What stands before a tag may end with a dot, and is no address then.
        let untagged = untagged.filter(|text| check(text).is_ok());
        Self(untagged.unwrap_or(spelling))
    }
}

/// Whether a text is an address; else what is wrong with it.
pub(super) fn check(text: &str) -> Result<(), InvalidId> {
    let shortest = spelling(text)?;
    if text.len().max(shortest.len()) > LONGEST { Err(InvalidId::Email) } else { Ok(()) }
}

/// An address in lower case, with the ASCII form of its domain.
fn spelling(text: &str) -> Result<String, InvalidId> {
    let (local, domain) = text.rsplit_once('@').ok_or(InvalidId::Email)?;
    if !local.split('.').all(is_atom) {
        return Err(InvalidId::EmailLocalPart);
    }
    let domain = ascii_domain(domain).ok_or(InvalidId::EmailDomain)?;
    Ok(format!("{}@{domain}", local.to_lowercase()))
}

/// Beyond ASCII an atom may hold everything (RFC 6531, section 3.3) that does not break a line or steer a
/// terminal.
fn is_atom(text: &str) -> bool {
    let may_hold = |c: char| match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || OF_ATOMS.contains(c),
        false => !c.is_whitespace() && !is_line_break_or_control(c),
    };
    !text.is_empty() && text.chars().all(may_hold) && has_one_form(text)
}

/// Whether an atom is written as everybody writes it: composed, and with nothing that cannot be seen. The
/// mapping of names in the name system (UTS 46) leaves such a text as it is.
fn has_one_form(atom: &str) -> bool {
    if atom.is_ascii() {
        return true;
    }
    let lower = atom.to_lowercase();
    let (form, outcome) =
        Uts46::new().to_unicode(lower.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow);
    outcome.is_ok() && form == lower
}

/// The one form of a domain, for the name system: labels of 1 to 63 lower-case letters, digits and hyphens
/// (UTS 46, not transitional, with the rules of STD 3). What has none is no domain: an address literal, or
/// a name with a dot at its end.
pub(crate) fn ascii_domain(domain: &str) -> Option<String> {
    let form = Uts46::new().to_ascii(
        domain.as_bytes(),
        AsciiDenyList::STD3,
        Hyphens::CheckFirstLast,
        DnsLength::Verify,
    );
    form.ok().map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(text: &str) -> Email {
        text.parse().expect(text)
    }

    #[test]
    fn a_mailbox_is_known_by_one_spelling() {
        for (given, mailbox) in [
            ("ada@example.com", "ada@example.com"),
            ("Ada@Example.COM", "ada@example.com"),
            ("ada+trial2@example.com", "ada@example.com"),
            ("a+b+c@example.com", "a@example.com"),
            ("+x@example.com", "+x@example.com"),
            ("ada.+x@example.com", "ada.+x@example.com"),
            ("x@exämple.de", "x@xn--exmple-cua.de"),
            ("X@EXÄMPLE.DE", "x@xn--exmple-cua.de"),
            ("x@exa\u{308}mple.de", "x@xn--exmple-cua.de"),
            ("x@xn--exmple-cua.de", "x@xn--exmple-cua.de"),
            ("x@ｅｘａｍｐｌｅ。com", "x@example.com"),
            ("Zoë@example.com", "zoë@example.com"),
        ] {
            let found = email(given).mailbox();
            assert_eq!(found.as_str(), mailbox, "{given}");
            assert_eq!(found.mailbox(), found, "{given}");
            assert_eq!(mailbox.parse(), Ok(found), "{given}");
        }
    }

    #[test]
    fn an_address_is_a_dot_atom_and_a_domain() {
        let long = format!("{}@example.com", "a".repeat(242));
        for good in [
            "ada@example.com",
            "a.d.a@cs.example.edu",
            "o'brien+x_y@example.com",
            "дана@example.com",
            "deleted@invalid",
            "a@1.example.com",
            "a@b--c.example.com",
            &long,
        ] {
            assert!(good.parse::<Email>().is_ok(), "{good}");
        }
        let longer = format!("a{long}");
        // At most 254 bytes that become more in the ASCII form.
        let grown = format!("{}@{}", "a".repeat(200), "ä.".repeat(12) + "de");
        let cases: [(InvalidId, &[&str]); 3] = [
            (InvalidId::Email, &["", "a", "ada", "example.com", &longer, &grown]),
            (
                InvalidId::EmailLocalPart,
                &[
                    "@",
                    "@b",
                    "a b@c",
                    // Another spelling of Zoë, letters that nobody sees, another form of a.
                    "zoe\u{308}@example.com",
                    "z\u{200b}w@example.com",
                    "z\u{ad}w@example.com",
                    "z\u{fe0f}w@example.com",
                    "z\u{e0041}w@example.com",
                    "\u{ff41}@example.com",
                    "a@b@c",
                    "\"sp\"@exa.com",
                    "<a@b.de",
                    "a,b@c.de",
                    "a;b@c.de",
                    "a..b@c.de",
                    ".a@c.de",
                    "a.@c.de",
                    "a\u{a0}b@c.de",
                    "a\u{202e}b@c.de",
                    "a(b)@c.de",
                ],
            ),
            (
                InvalidId::EmailDomain,
                &[
                    "a@",
                    "a@b\n",
                    "a@b.de>",
                    "sp@exa.com.",
                    "sp@[exa.com]",
                    "sp@[127.0.0.1]",
                    "a@b..de",
                    "a@.de",
                    "a@-b.de",
                    "a@b-.de",
                    "a@b_c.de",
                    "a@b c.de",
                    "a@b\u{2028}.de",
                ],
            ),
        ];
        for (expected, bad) in cases {
            for text in bad {
                assert_eq!(text.parse::<Email>(), Err(expected), "{text:?}");
            }
        }
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said() {
        for (text, said) in [
            ("ada", "not an e-mail address such as ada@example.com, at most 254 characters"),
            (
                "\"ada\"@example.com",
                "not an e-mail address: before the `@` stand letters, digits and \
                 !#$%&'*+-/=?^_`{|}~, joined by single dots",
            ),
            (
                "ada@example.com.",
                "not an e-mail address: behind the `@` stands a domain such as example.com, without a \
                 dot at its end",
            ),
        ] {
            assert_eq!(
                text.parse::<Email>().map_err(|error| error.to_string()),
                Err(said.to_owned())
            );
        }
    }
}
