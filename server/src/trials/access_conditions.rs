//! The access conditions of step 310, each with a refusal of its own that says how to meet it.

use trybuy_formats::api::{AcceptanceProof, AccessCondition};
use trybuy_formats::ids::{Digest, Name};
use trybuy_formats::instant::Instant;
use trybuy_formats::policy::AcceptanceKind;
use trybuy_formats::primitives::EncryptionKey;
use trybuy_formats::slug::Slug;

use crate::refusal::Refusal;
use crate::store::Builder;
use crate::typed_code;

/// Condition A is not met.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConditionA {
    /// The license was revoked.
    #[error("the license of this Builder was revoked")]
    Revoked,
    /// The license is over.
    #[error("the license of this Builder ended at {0}")]
    Ended(Instant),
}

/// The server asks for a verified e-mail address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the e-mail address of this Builder has not been verified")]
pub struct EmailNotVerified;

/// Condition B is not met.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the server has no usable public key of this Builder")]
pub struct ConditionB;

/// Condition C is not met.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConditionC {
    /// Nothing was accepted.
    #[error("the licensing terms have not been accepted")]
    Missing,
    /// Other terms were accepted than those in force.
    #[error("the terms changed since they were shown")]
    OtherTerms,
    /// The vendor asks for a name.
    #[error("the vendor asks for your name as acceptance of the terms")]
    NameMissing,
    /// The vendor asks for a code.
    #[error("the vendor asks for a code to be typed back as acceptance of the terms")]
    CodeMissing,
    /// The code is not one that can be accepted.
    #[error("the code is unknown, used already or too old")]
    CodeRefused,
}

/// How the terms were accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Acceptance {
    /// What the vendor asked for.
    pub kind: AcceptanceKind,
    /// The terms.
    pub terms_digest: Digest,
    /// The name that was typed.
    pub name: Option<Name>,
    /// SHA-256 of the code that was typed back.
    pub code: Option<Digest>,
}

/// Condition A, "ownership of a valid license for the Application Builder" (steps 310, 412).
///
/// # Errors
/// [`ConditionA`].
pub(super) fn builder_license(builder: &Builder, now: Instant) -> Result<(), ConditionA> {
    if builder.revoked_at.is_some() {
        return Err(ConditionA::Revoked);
    }
    match builder.facts.ends_at {
        Some(ends_at) if ends_at <= now => Err(ConditionA::Ended(ends_at)),
        _ => Ok(()),
    }
}

/// Where the server asks for it, the holder's address has to be verified, for what exists as well as for
/// what is new: anybody can register with the address of somebody else.
///
/// # Errors
/// [`EmailNotVerified`].
pub(super) fn verified_email(is_asked: bool, builder: &Builder) -> Result<(), EmailNotVerified> {
    if is_asked && builder.email_verified_at.is_none() { Err(EmailNotVerified) } else { Ok(()) }
}

/// Condition B, "receipt of the user's Application Builder public encryption key" (steps 310, 416).
///
/// # Errors
/// [`ConditionB`].
pub(super) fn builder_key(builder: &Builder) -> Result<EncryptionKey, ConditionB> {
    EncryptionKey::from_spki(&builder.facts.decryption_key).map_err(|_| ConditionB)
}

/// Condition C, "explicit user acceptance of the licensing terms", in the form that the vendor asks for
/// (step 310). Whether a code was given out and not used yet is decided when the trial is recorded.
///
/// # Errors
/// [`ConditionC`].
pub(super) fn terms_accepted(
    asked: AcceptanceKind,
    terms: Digest,
    proof: Option<&AcceptanceProof>,
) -> Result<Acceptance, ConditionC> {
    let proof = proof.ok_or(ConditionC::Missing)?;
    if proof.terms_digest != terms {
        return Err(ConditionC::OtherTerms);
    }
    let mut acceptance = Acceptance { kind: asked, terms_digest: terms, name: None, code: None };
    match asked {
        AcceptanceKind::Passive => {}
        AcceptanceKind::Explicit => {
            acceptance.name = Some(proof.name.clone().ok_or(ConditionC::NameMissing)?);
        }
        AcceptanceKind::RetypeCode => {
            let code = proof.code.as_deref().ok_or(ConditionC::CodeMissing)?;
            acceptance.code = Some(typed_code::hash_of_typed(code).ok_or(ConditionC::CodeRefused)?);
        }
    }
    Ok(acceptance)
}

impl Refusal for ConditionA {
    fn slug(&self) -> Slug {
        match self {
            Self::Revoked => Slug::NoBuilderLicense,
            Self::Ended(_) => Slug::BuilderLicenseExpired,
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::Revoked => "ask the operator of the server".to_owned(),
            Self::Ended(_) => "renew it with `trybuy setup --renew`".to_owned(),
        })
    }

    fn condition(&self) -> Option<AccessCondition> {
        Some(AccessCondition::A)
    }
}

impl Refusal for EmailNotVerified {
    fn slug(&self) -> Slug {
        Slug::EmailNotVerified
    }

    fn help(&self) -> Option<String> {
        Some("`trybuy setup --verify` sends a code to it; type that back".to_owned())
    }
}

impl Refusal for ConditionB {
    fn slug(&self) -> Slug {
        Slug::NoBuilderKey
    }

    fn help(&self) -> Option<String> {
        Some("register this Builder anew with `trybuy setup`: it sends an RSA-3072 key".to_owned())
    }

    fn condition(&self) -> Option<AccessCondition> {
        Some(AccessCondition::B)
    }
}

impl Refusal for ConditionC {
    fn slug(&self) -> Slug {
        Slug::TermsNotAccepted
    }

    fn help(&self) -> Option<String> {
        Some(
            match self {
                Self::Missing => "read the terms and accept them",
                Self::OtherTerms => "read the new terms and accept those",
                Self::NameMissing => "type your name, or give it with `--name`",
                Self::CodeMissing => "ask for a code and type it back, or give it with `--code`",
                Self::CodeRefused => "ask for a new code and type that back",
            }
            .to_owned(),
        )
    }

    fn condition(&self) -> Option<AccessCondition> {
        Some(AccessCondition::C)
    }
}

#[cfg(test)]
mod tests {
    use trybuy_formats::builder_license::BuilderKind;
    use trybuy_formats::ids::{KeyId, LicenseId, LicenseeId, Platform};

    use super::*;
    use crate::store::NewBuilder;

    fn terms() -> Digest {
        Digest::from_bytes([7; 32])
    }

    fn proof(name: Option<&str>, code: Option<&str>) -> AcceptanceProof {
        let name = name.map(|name| name.parse().expect("a name"));
        AcceptanceProof { terms_digest: terms(), name, code: code.map(str::to_owned) }
    }

    fn at(seconds: i64) -> Instant {
        Instant::from_unix(seconds).expect("in range")
    }

    fn builder() -> Builder {
        let facts = NewBuilder {
            license_id: LicenseId::new(),
            licensee_id: LicenseeId::new(),
            decryption_key: vec![1, 2, 3],
            builder_key_id: KeyId::from_bytes([0; 32]),
            request_key: [0; 32],
            platform: Platform::current(),
            version: "0.1.0".parse().expect("a version"),
            name: "Ada".parse().expect("a name"),
            email: "ada@example.com".parse().expect("an address"),
            kind: BuilderKind::Trial,
            ends_at: Some(at(100)),
            created_at: at(0),
            terms_digest: terms(),
        };
        Builder { facts, email_verified_at: None, renewed_at: None, revoked_at: None }
    }

    #[test]
    fn a_license_is_valid_until_its_end() {
        let builder = builder();
        assert_eq!(builder_license(&builder, at(99)), Ok(()));
        assert_eq!(builder_license(&builder, at(100)), Err(ConditionA::Ended(at(100))));
        let mut endless = builder.clone();
        endless.facts.ends_at = None;
        assert_eq!(builder_license(&endless, at(1_000_000)), Ok(()));
        let revoked = Builder { revoked_at: Some(at(1)), ..builder };
        assert_eq!(builder_license(&revoked, at(50)), Err(ConditionA::Revoked));
    }

    #[test]
    fn an_address_has_to_be_verified_where_the_server_asks_for_it() {
        let verified = Builder { email_verified_at: Some(at(1)), ..builder() };
        for (is_asked, builder, expected) in [
            (false, &builder(), Ok(())),
            (true, &builder(), Err(EmailNotVerified)),
            (true, &verified, Ok(())),
        ] {
            assert_eq!(verified_email(is_asked, builder), expected);
        }
    }

    #[test]
    fn a_key_that_cannot_be_used_is_none() {
        let refusal = builder_key(&builder()).err().expect("not a key");
        assert_eq!(refusal, ConditionB);
        assert_eq!(
            (refusal.slug(), refusal.condition()),
            (Slug::NoBuilderKey, Some(AccessCondition::B))
        );
    }

    #[test]
    fn each_kind_of_acceptance_asks_for_its_proof() {
        use AcceptanceKind::{Explicit, Passive, RetypeCode};
        let nothing = proof(None, None);
        let name = proof(Some("Ada"), None);
        let code = proof(None, Some("ABCD-2345"));
        for (asked, given, expected) in [
            (Passive, Some(&nothing), Ok(())),
            (Passive, None, Err(ConditionC::Missing)),
            (Explicit, Some(&name), Ok(())),
            (Explicit, Some(&code), Err(ConditionC::NameMissing)),
            (Explicit, Some(&nothing), Err(ConditionC::NameMissing)),
            (RetypeCode, Some(&code), Ok(())),
            (RetypeCode, Some(&name), Err(ConditionC::CodeMissing)),
            (RetypeCode, Some(&proof(None, Some("no"))), Err(ConditionC::CodeRefused)),
        ] {
            assert_eq!(terms_accepted(asked, terms(), given).map(drop), expected, "{asked:?}");
        }
        let changed = Digest::from_bytes([8; 32]);
        assert_eq!(terms_accepted(Passive, changed, Some(&nothing)), Err(ConditionC::OtherTerms));
    }
}
