//! The time, signed by the server for one question: what puts a Builder's trusted time right.
//! Specification: `docs/formats/signed-time.md`.

use serde::{Deserialize, Serialize};

use crate::encoding::base64_bytes;
use crate::instant::Instant;
use crate::limits;
use crate::primitives::{VerificationKey, random};
use crate::signed::{self, Document, SignedError};

/// Length of a question's random number, in bytes.
pub const NONCE_LENGTH: usize = 32;

/// The payload of a signed time (`ST-2`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedTime {
    /// Version of this structure, 1.
    pub format: u32,
    /// The random number of the question.
    #[serde(with = "base64_bytes")]
    pub nonce: Vec<u8>,
    /// The server's time.
    pub time: Instant,
}

impl Document for SignedTime {
    const TYPE: &'static str = "trybuy-time";
    const PAYLOAD_CAP: usize = limits::SIGNED_TIME_PAYLOAD;

    fn is_valid(&self) -> bool {
        self.format == signed::FORMAT && self.nonce.len() == NONCE_LENGTH
    }
}

/// A question for the time that has not been answered. It can be kept until it is.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimeQuestion {
    #[serde(with = "base64_bytes")]
    nonce: Vec<u8>,
}

/// Why an answer says nothing of the time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// It is not signed by the server.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// It answers another question.
    #[error("the signed time answers another question")]
    OtherQuestion,
}

impl TimeQuestion {
    /// A new question.
    pub fn ask() -> Self {
        let mut nonce = vec![0; NONCE_LENGTH];
        random(&mut nonce);
        Self { nonce }
    }

    /// Its random number, for the server.
    pub fn nonce(&self) -> &[u8] {
        &self.nonce
    }

    /// The time in the answer to this question; it can be taken once (`ST-3`).
    ///
    /// # Errors
    /// When it is not the server's, or not to this question.
    pub fn answered(self, key: &VerificationKey, document: &str) -> Result<Instant, TimeError> {
        let signed = signed::open::<SignedTime>(key, document)?;
        if signed.nonce == self.nonce { Ok(signed.time) } else { Err(TimeError::OtherQuestion) }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;
    use crate::primitives::SignatureKey;

    #[test]
    fn a_time_counts_for_its_own_question_and_key() {
        let (key, other) = (SignatureKey::generate().unwrap(), SignatureKey::generate().unwrap());
        let time = Instant::from_unix(1_798_000_000).unwrap();
        let answer = |question: &TimeQuestion, key: &SignatureKey| {
            let nonce = question.nonce().to_vec();
            signed::sign(key, &SignedTime { format: signed::FORMAT, nonce, time }).unwrap()
        };
        let question = TimeQuestion::ask();
        let document = answer(&question, &key);
        let verification = key.verification_key();
        assert_eq!(question.answered(&verification, &document), Ok(time));
        assert_eq!(
            TimeQuestion::ask().answered(&verification, &document),
            Err(TimeError::OtherQuestion)
        );
        let question = TimeQuestion::ask();
        let document = answer(&question, &other);
        let foreign = TimeError::Signed(SignedError::ForeignKey);
        assert_eq!(question.answered(&verification, &document), Err(foreign));
    }
}
