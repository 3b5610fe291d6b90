//! The client authenticating module 124: the platform challenge (SL Fig. 7).
//!
//! The license server keeps nothing of a challenge that was not answered: what it has to know again comes back with
//! the response, in a token that only it can make and read. A challenge is answered once, within a minute.

use serde::{Deserialize, Serialize};
use trybuy_formats::api::{ChallengeAnswer, LicenseRequest};
use trybuy_formats::ids::{
    ChallengeId, ClientId, ClientSoftwareId, Digest, Label, ProductId, Version,
};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::keys::LicenseServerSecret;
use trybuy_formats::licensing::challenge::ChallengeResponse;
use trybuy_formats::primitives::{PrimitiveError, constant_time_eq, random, sha256};

use crate::store::{DecisionReason, UsedChallenge};

/// How long a challenge can be answered: a client hashes its image twice meanwhile, at the most. Periods last longer.
const LIFE: Span = Span::seconds(60);

/// What a token holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    id: ChallengeId,
    challenge: Digest,
    client_id: ClientId,
    software_id: ClientSoftwareId,
    product_id: ProductId,
    version: Version,
    /// The digest of the features, as there can be many.
    features: Digest,
    ends_at: Instant,
    /// The period that it was made in.
    period: u64,
}

/// A challenge that a response came to, and that it can be compared with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Challenge {
    /// What is used up by the answer.
    pub used: UsedChallenge,
    /// The random number.
    pub challenge: Digest,
}

/// Why there is nothing to compare a response with, and the challenge, where it is one of this license server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unfit {
    /// Why.
    pub reason: DecisionReason,
    /// The challenge, to be used up all the same.
    pub used: Option<UsedChallenge>,
}

/// Makes a challenge for a client (SL Fig. 7, step 228), in a period of the store.
///
/// # Errors
/// When the library fails.
pub fn issue(
    secret: &LicenseServerSecret,
    request: &LicenseRequest,
    period: u64,
    now: Instant,
) -> Result<ChallengeAnswer, PrimitiveError> {
    let mut challenge = [0; 32];
    random(&mut challenge);
    let token = Token {
        id: ChallengeId::new(),
        challenge: Digest::from_bytes(challenge),
        client_id: request.client_id,
        software_id: request.software_id,
        product_id: request.product_id.clone(),
        version: request.version.clone(),
        features: digest(&request.features)?,
        ends_at: now.plus(LIFE),
        period,
    };
    let json = serde_json::to_vec(&token).map_err(|_| PrimitiveError::Failed)?;
    Ok(ChallengeAnswer {
        challenge: challenge.to_vec(),
        token: secret.seal_token(&json)?,
        ends_at: token.ends_at,
    })
}

/// The challenge that a client's response came with.
///
/// # Errors
/// Why the response does not count, whatever it is.
pub fn open(
    secret: &LicenseServerSecret,
    client: ClientId,
    response: &ChallengeResponse,
    now: Instant,
) -> Result<Challenge, Unfit> {
    let foreign = DecisionReason::ChallengeForeign;
    let json =
        secret.open_token(&response.token).map_err(|_| Unfit { reason: foreign, used: None })?;
    let token: Token =
        serde_json::from_slice(&json).map_err(|_| Unfit { reason: foreign, used: None })?;
    let used = UsedChallenge { id: token.id, period: token.period };
    let unfit = |reason| Unfit { reason, used: Some(used) };
    let is_of_request = token.client_id == client
        && token.software_id == response.software_id
        && token.product_id == response.product_id
        && token.version == response.version
        && digest(&response.features) == Ok(token.features);
    if !is_of_request {
        return Err(unfit(foreign));
    }
    if now >= token.ends_at {
        return Err(unfit(DecisionReason::ChallengeLate));
    }
    Ok(Challenge { used, challenge: token.challenge })
}

fn digest(features: &[Label]) -> Result<Digest, PrimitiveError> {
    let json = serde_json::to_vec(features).map_err(|_| PrimitiveError::Failed)?;
    Ok(Digest::from_bytes(sha256(&json)))
}

/// Whether two responses are the same (SL Fig. 7, step 238); takes the same time wherever they differ.
pub fn is_right(expected: &Digest, response: &Digest) -> bool {
    constant_time_eq(expected.as_bytes(), response.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_unix(1_800_000_000).expect("in range").plus(Span::seconds(seconds))
    }

    fn request() -> LicenseRequest {
        LicenseRequest {
            client_id: ClientId::from_bytes([7; 32]),
            software_id: "0200000100000001".parse().expect("a software id"),
            product_id: "com.example.desk".parse().expect("a product"),
            version: "1.0.0".parse().expect("a version"),
            features: vec!["export".parse().expect("a label")],
        }
    }

    fn response(token: Vec<u8>) -> ChallengeResponse {
        let request = request();
        ChallengeResponse {
            format: 1,
            token,
            response: Digest::from_bytes([1; 32]),
            software_id: request.software_id,
            product_id: request.product_id,
            version: request.version,
            features: request.features,
            encryption_key: Vec::new(),
            held_license: None,
        }
    }

    #[test]
    fn a_challenge_is_for_one_request_and_one_minute() {
        let secret = LicenseServerSecret::from_bytes([7; 32]);
        let client = request().client_id;
        let issued = issue(&secret, &request(), 0, at(0)).expect("issued");
        assert!(issued.token.len() <= trybuy_formats::limits::CHALLENGE_TOKEN);
        let good = response(issued.token.clone());
        let opened = open(&secret, client, &good, at(59)).expect("opened");
        assert_eq!(opened.challenge.as_bytes().as_slice(), issued.challenge);
        let unfit = |response: &ChallengeResponse, client, now| {
            open(&secret, client, response, now).expect_err("unfit").reason
        };
        assert_eq!(unfit(&good, client, at(60)), DecisionReason::ChallengeLate);
        let other = ClientId::from_bytes([8; 32]);
        assert_eq!(unfit(&good, other, at(0)), DecisionReason::ChallengeForeign);
        for changed in [
            ChallengeResponse {
                software_id: "0100000100000001".parse().expect("an id"),
                ..good.clone()
            },
            ChallengeResponse {
                product_id: "com.example.other".parse().expect("an id"),
                ..good.clone()
            },
            ChallengeResponse { version: "1.0.1".parse().expect("a version"), ..good.clone() },
            ChallengeResponse { features: Vec::new(), ..good.clone() },
            response(b"no token".to_vec()),
            response(secret.seal_token(b"{}").expect("sealed")),
        ] {
            assert_eq!(unfit(&changed, client, at(0)), DecisionReason::ChallengeForeign);
        }
    }

    #[test]
    fn the_longest_token_fits_its_cap() {
        let label = "a".repeat(63);
        let longest = LicenseRequest {
            product_id: format!("{label}.{label}").parse().expect("a product"),
            version: format!("1.0.0-{}", "a".repeat(58)).parse().expect("a version"),
            ..request()
        };
        let secret = LicenseServerSecret::from_bytes([7; 32]);
        let issued = issue(&secret, &longest, u64::MAX, at(0)).expect("issued");
        assert!(issued.token.len() <= trybuy_formats::limits::CHALLENGE_TOKEN);
    }
}
