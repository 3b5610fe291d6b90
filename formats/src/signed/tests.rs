//! What makes a signed document, and what does not.

use std::sync::OnceLock;

use super::*;

#[derive(PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    format: u32,
    text: String,
}

impl Document for Note {
    const TYPE: &'static str = "note";
    const PAYLOAD_CAP: usize = 64;

    fn is_valid(&self) -> bool {
        !self.text.is_empty()
    }
}

fn key() -> &'static SignatureKey {
    static KEY: OnceLock<SignatureKey> = OnceLock::new();
    KEY.get_or_init(|| SignatureKey::generate().expect("a key"))
}

fn note(text: &str) -> Note {
    Note { format: 1, text: text.to_owned() }
}

/// Signs any header and payload with the right key.
fn sign_raw(header: &str, payload: &str) -> String {
    let input = format!("{}.{}", to_base64(header.as_bytes()), to_base64(payload.as_bytes()));
    let signature = key().sign(input.as_bytes()).expect("a signature");
    format!("{input}.{}", to_base64(&signature))
}

fn open_note(text: &str) -> Result<Verified<Note>, SignedError> {
    open::<Note>(&key().verification_key(), text)
}

#[test]
fn what_was_signed_is_read_back_with_its_bytes() {
    let verified = open_note(&sign(key(), &note("hello")).expect("signed")).expect("opened");
    assert_eq!(*verified, note("hello"));
    assert_eq!(verified.payload(), br#"{"format":1,"text":"hello"}"#);
}

#[test]
fn documents_out_of_their_ranges_are_not_signed() {
    for bad in [note(""), note(&"x".repeat(64))] {
        assert!(matches!(sign(key(), &bad), Err(SignError::Invalid)));
    }
}

#[test]
fn every_changed_character_is_refused() {
    let text = sign(key(), &note("hello")).expect("signed");
    for at in 0..text.len() {
        for replacement in ["A", "B", ".", "=", ""] {
            let mut changed = text.clone();
            changed.replace_range(at..=at, replacement);
            if changed != text {
                assert!(open_note(&changed).is_err(), "position {at}: {replacement:?}");
            }
        }
    }
}

#[test]
fn another_key_is_told_from_a_forgery() {
    let other = SignatureKey::generate().expect("a key");
    let text = sign(&other, &note("hello")).expect("signed");
    assert_eq!(open_note(&text).err(), Some(SignedError::ForeignKey));
    let own = sign(key(), &note("hello")).expect("signed");
    let (own_input, _) = own.rsplit_once('.').expect("three parts");
    let (_, other_signature) = text.rsplit_once('.').expect("three parts");
    let forged = format!("{own_input}.{other_signature}");
    assert_eq!(open_note(&forged).err(), Some(SignedError::Signature));
}

#[test]
fn only_the_one_header_is_accepted() {
    let id = key_id(key().verification_key().spki());
    let payload = r#"{"format":1,"text":"hello"}"#;
    let good = format!(r#"{{"alg":"PS256","kid":"{id}","typ":"note"}}"#);
    assert!(open_note(&sign_raw(&good, payload)).is_ok());
    for header in [
        format!(r#"{{"alg":"none","kid":"{id}","typ":"note"}}"#),
        format!(r#"{{"alg":"RS256","kid":"{id}","typ":"note"}}"#),
        format!(r#"{{"alg":"PS256","kid":"{id}","typ":"trybuy-control"}}"#),
        format!(r#"{{"alg":"PS256","kid":"{id}"}}"#),
        format!(r#"{{"kid":"{id}","alg":"PS256","typ":"note"}}"#),
        format!(r#"{{"alg": "PS256","kid":"{id}","typ":"note"}}"#),
        String::new(),
    ] {
        let refusal = open_note(&sign_raw(&header, payload)).err();
        assert_eq!(refusal, Some(SignedError::Malformed), "{header}");
    }
}

#[test]
fn signed_payloads_of_the_wrong_shape_are_refused() {
    let id = key_id(key().verification_key().spki());
    let header = format!(r#"{{"alg":"PS256","kid":"{id}","typ":"note"}}"#);
    for (payload, error) in [
        (r#"{"format":2,"text":"hello","new":1}"#, SignedError::TooNew),
        (r#"{"format":0,"text":"hello"}"#, SignedError::TooNew),
        (r#"{"format":-1,"text":"hello"}"#, SignedError::Malformed),
        (r#"{"format":1, "text":"hello"}"#, SignedError::Malformed),
        (r#"{"text":"hello","format":1}"#, SignedError::Malformed),
        (r#"{"format":1,"text":""}"#, SignedError::Malformed),
        (r#"{"format":1,"text":"a","text":"b"}"#, SignedError::Malformed),
        (r#"{"format":1,"text":"a","more":1}"#, SignedError::Malformed),
        (r#"{"format":1}"#, SignedError::Malformed),
        (r#"{"format":1,"text":"a"} {}"#, SignedError::Malformed),
        ("", SignedError::Malformed),
    ] {
        assert_eq!(open_note(&sign_raw(&header, payload)).err(), Some(error), "{payload}");
    }
    let long = format!(r#"{{"format":1,"text":"{}"}}"#, "x".repeat(64));
    assert_eq!(open_note(&sign_raw(&header, &long)).err(), Some(SignedError::Malformed));
    let huge = "x".repeat(limits::SIGNED_DOCUMENT + 1);
    assert_eq!(open_note(&huge).err(), Some(SignedError::Malformed));
}
