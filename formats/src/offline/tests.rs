//! Both files, changed in every place.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;
use crate::api::Problem;
use crate::ids::{Digest, LicenseId};
use crate::instant::Instant;
use crate::limits;
use crate::primitives::{RequestSignatureKey, SignatureKey, sha256};
use crate::slug::Slug;

fn at(seconds: i64) -> Instant {
    Instant::from_unix(seconds).unwrap()
}

fn request() -> OfflineRequest {
    let step = OfflineStep::Buy {
        application: "com.example.sketch".parse().unwrap(),
        key: "K".to_owned().into(),
        platform: "x86_64-linux".parse().unwrap(),
        trial: None,
        relicensing: None,
        acceptance: Some(OfflineAcceptance { terms_digest: None, name: None, code: None }),
    };
    OfflineRequest::new(at(1_795_000_000), "https://try.example.com".to_owned(), step)
}

fn signed() -> (RequestSignatureKey, SignedRequest) {
    let key = RequestSignatureKey::generate().unwrap();
    let signed = SignedRequest::sign(&key, &LicenseId::new().to_string(), &request());
    (key, signed)
}

fn response(text: &str) -> OfflineResponse {
    let problem = Problem {
        slug: Slug::TermsNotAccepted,
        status: 403,
        title: "no".to_owned(),
        detail: None,
        help: None,
        condition: None,
        server_time: None,
    };
    OfflineResponse {
        format: 1,
        request: Digest::from_bytes([1; 32]),
        time: at(1_795_000_000),
        outcome: OfflineOutcome::Refused { problem, code: None, newest: None },
        texts: vec![OfflineText {
            of: "Sketch".to_owned(),
            relicensing: false,
            digest: Digest::from_bytes(sha256(text.as_bytes())),
        }],
    }
}

#[test]
fn a_request_is_read_back_and_no_change_is() {
    let (key, signed) = signed();
    let bytes = signed.to_bytes();
    let read = SignedRequest::read(&bytes).unwrap();
    assert!(read.digest() == Digest::from_bytes(sha256(&bytes)));
    assert!(read.verify(&key.public_key()).is_ok());
    for index in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[index] ^= 1;
        let verified = SignedRequest::read(&changed).and_then(|r| r.verify(&key.public_key()));
        assert!(verified.is_err(), "byte {index}");
        assert!(SignedRequest::read(&bytes[..index]).is_err());
    }
    let other = RequestSignatureKey::generate().unwrap().public_key();
    assert_eq!(read.verify(&other).err(), Some(OfflineError::Signature));
}

#[test]
fn no_two_requests_are_the_same() {
    let (key, signed) = signed();
    let again = SignedRequest::sign(&key, signed.key_id(), &request());
    assert_ne!(signed.digest(), again.digest());
}

#[test]
fn a_request_is_taken_for_thirty_days_and_a_clock_ahead_for_one() {
    const DAY: i64 = 86_400;
    let request = request();
    for (days, seconds, recent) in
        [(30, 0, true), (30, 1, false), (0, 0, true), (-1, 0, true), (-1, -1, false)]
    {
        let now = at(1_795_000_000 + days * DAY + seconds);
        assert_eq!(request.is_recent(now), recent, "{days} days, {seconds} s");
    }
}

#[test]
fn a_response_is_read_back_and_no_change_is() {
    let key = SignatureKey::generate().unwrap();
    let file = ResponseFile::sign(&key, &response("terms"), vec!["terms".to_owned()]).unwrap();
    let bytes = file.to_bytes();
    let trusted = key.verification_key();
    assert!(ResponseFile::read(&bytes).unwrap().verify(&trusted).is_ok());
    // The key in the file decides nothing for who has pinned one.
    let own = bytes.windows(12).position(|part| part == br#""document":""#).unwrap();
    for index in own..bytes.len() {
        let mut changed = bytes.clone();
        changed[index] ^= 1;
        let refused = ResponseFile::read(&changed).is_ok_and(|file| {
            file.verify(&trusted).is_ok_and(|(read, _)| read == response("terms"))
        });
        assert!(!refused, "byte {index}");
    }
    let other = SignatureKey::generate().unwrap().verification_key();
    let foreign = file.verify(&other).err();
    assert_eq!(foreign, Some(OfflineError::Signed(SignedError::ForeignKey)));
}

#[test]
fn the_texts_are_those_that_were_signed() {
    let key = SignatureKey::generate().unwrap();
    for texts in [vec![], vec!["others".to_owned()], vec!["terms".to_owned(); 2]] {
        let file = ResponseFile::sign(&key, &response("terms"), texts).unwrap();
        let refused = file.verify(&key.verification_key()).err();
        assert_eq!(refused, Some(OfflineError::Malformed));
    }
}

#[test]
fn what_is_too_long_or_too_new_is_refused() {
    let long = vec![b' '; limits::OFFLINE_REQUEST + 1];
    assert_eq!(SignedRequest::read(&long).err(), Some(OfflineError::Malformed));
    let long = vec![b' '; limits::OFFLINE_RESPONSE + 1];
    assert_eq!(ResponseFile::read(&long).err(), Some(OfflineError::Malformed));
    let new = br#"{"format":2}"#;
    assert_eq!(SignedRequest::read(new).err(), Some(OfflineError::TooNew));
    assert_eq!(ResponseFile::read(new).err(), Some(OfflineError::TooNew));
}
