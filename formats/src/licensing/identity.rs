//! Who a gateway says a request is from: a JSON Web Token (RFC 7519) signed with the gateway's key, which the
//! service behind it finds in a header (`LI-10`).

use serde::{Deserialize, Serialize};

use crate::encoding::to_base64;
use crate::ids::{
    ClientId, Label, LicenseServerId, PlatformType, ProductId, SeatLicenseId, Version,
};
use crate::instant::Instant;
use crate::keys::key_id;
use crate::licensing::seat_license::{SeatLicense, SeatLicenseKind};
use crate::licensing::signing::{ALGORITHM, Jwk, Parts};
use crate::limits;
use crate::primitives::EcdsaKey;
use crate::signed::SignError;

/// The type of a token.
const TYPE: &str = "JWT";

/// What a token says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Identity {
    /// The license server.
    pub iss: LicenseServerId,
    /// The client.
    pub sub: ClientId,
    /// When the token was made, in seconds since 1970.
    pub iat: i64,
    /// Until when it is valid, in seconds since 1970.
    pub exp: i64,
    /// Its license.
    pub license: IdentityLicense,
}

/// Why a token was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// It is no token of this kind, or the key set is none.
    #[error("not a token of a gateway")]
    Malformed,
    /// The key set has no key of this id.
    #[error("the token is signed with a key that the gateway's key set does not have")]
    UnknownKey,
    /// Its signature is wrong.
    #[error("the signature of the token is wrong")]
    Signature,
    /// Its time is over.
    #[error("the token has ended")]
    Ended,
}

/// The header of a token.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: String,
    typ: String,
}

/// A key set as it is read. Keys of other kinds are passed over.
#[derive(Deserialize)]
struct KnownKeys {
    keys: Vec<serde_json::Value>,
}

impl KnownKeys {
    /// The key with an id, SubjectPublicKeyInfo in DER; one that lies about its id is none.
    fn key(&self, kid: &str) -> Option<Vec<u8>> {
        let named = self.keys.iter().filter(|key| key["kid"] == kid && key["alg"] == ALGORITHM);
        let members = |key: &serde_json::Value| {
            let member = |name: &str| Some((name.to_owned(), key.get(name)?.clone()));
            ["crv", "kty", "x", "y"].into_iter().map(member).collect::<Option<_>>()
        };
        let read =
            |key| serde_json::from_value::<Jwk>(members(key).map(serde_json::Value::Object)?).ok();
        let mut keys = named.filter_map(read).filter_map(|key: Jwk| key.spki());
        keys.find(|spki| key_id(spki).to_string() == kid)
    }
}

/// The license of a client, as its gateway tells the service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IdentityLicense {
    /// Its id.
    pub id: SeatLicenseId,
    /// Whether it lasts.
    pub kind: SeatLicenseKind,
    /// The product.
    pub product_id: ProductId,
    /// Its version.
    pub version: Version,
    /// The features that it enables.
    pub features: Vec<Label>,
    /// The platform type of the client.
    pub platform_type: PlatformType,
    /// When it ends; none for never.
    pub ends_at: Option<Instant>,
}

impl Identity {
    /// The client of a license, from one instant to another.
    pub fn of(license: &SeatLicense, now: Instant, until: Instant) -> Self {
        Self {
            iss: license.license_server.clone(),
            sub: license.client_id,
            iat: now.unix(),
            exp: until.unix(),
            license: IdentityLicense {
                id: license.license_id,
                kind: license.kind,
                product_id: license.product_id.clone(),
                version: license.version.clone(),
                features: license.features.clone(),
                platform_type: license.platform_type,
                ends_at: license.ends_at,
            },
        }
    }

    /// Verifies a token with the key set of its gateway, as a service does, and reads it. Claims that are not known are
    /// passed over.
    ///
    /// # Errors
    /// Why it was refused.
    pub fn open(token: &str, keys: &str, now: Instant) -> Result<Self, IdentityError> {
        let malformed = |_| IdentityError::Malformed;
        if token.len() > limits::IDENTITY_TOKEN || keys.len() > limits::KEY_SET {
            return Err(IdentityError::Malformed);
        }
        let parts = Parts::of(token).map_err(malformed)?;
        let header: Header = parts.header().map_err(malformed)?;
        if header.alg != ALGORITHM || header.typ != TYPE {
            return Err(IdentityError::Malformed);
        }
        let set: KnownKeys = serde_json::from_str(keys).map_err(|_| IdentityError::Malformed)?;
        let spki = set.key(&header.kid).ok_or(IdentityError::UnknownKey)?;
        parts.verify(&spki).map_err(|_| IdentityError::Signature)?;
        let identity: Self =
            serde_json::from_slice(&parts.payload).map_err(|_| IdentityError::Malformed)?;
        // RFC 7519, section 4.1.4: not on or after that time.
        (now.unix() < identity.exp).then_some(identity).ok_or(IdentityError::Ended)
    }

    /// The token.
    ///
    /// # Errors
    /// When the library fails.
    pub fn sign(&self, key: &EcdsaKey) -> Result<String, SignError> {
        let header =
            Header { alg: ALGORITHM.into(), kid: key_id(key.spki()).to_string(), typ: TYPE.into() };
        let header = serde_json::to_vec(&header).map_err(|_| SignError::Invalid)?;
        let claims = serde_json::to_vec(self).map_err(|_| SignError::Invalid)?;
        let input = format!("{}.{}", to_base64(&header), to_base64(&claims));
        let signature = key.sign_fixed(input.as_bytes()).map_err(SignError::Signature)?;
        Ok(format!("{input}.{}", to_base64(&signature)))
    }
}

/// The key that tokens are verified with, as a JSON Web Key Set (RFC 7517, section 5).
///
/// # Errors
/// [`SignError::Invalid`] when it is no key of P-256.
pub fn key_set(key: &EcdsaKey) -> Result<String, SignError> {
    #[derive(Serialize)]
    struct Set {
        keys: [Entry; 1],
    }
    #[derive(Serialize)]
    struct Entry {
        alg: &'static str,
        kid: String,
        r#use: &'static str,
        #[serde(flatten)]
        key: Jwk,
    }
    let kid = key_id(key.spki()).to_string();
    let keys = [Entry { alg: "ES256", kid, r#use: "sig", key: Jwk::of(key.spki())? }];
    serde_json::to_string(&Set { keys }).map_err(|_| SignError::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_verified_with_the_key_of_the_set() {
        let key = EcdsaKey::generate().expect("a key");
        let at = |seconds| Instant::from_unix(seconds).expect("an instant");
        let license = SeatLicense {
            format: 1,
            license_id: SeatLicenseId::temporary(),
            client_id: ClientId::from_bytes([7; 32]),
            issued_at: at(1),
            ends_at: Some(at(9)),
            license_server: "acme".parse().expect("an id"),
            kind: SeatLicenseKind::Temporary,
            pack_id: None,
            product_id: "com.example.suite".parse().expect("an id"),
            version: "5.0.0".parse().expect("a version"),
            features: Vec::new(),
            platform_type: PlatformType::NonWindows,
        };
        let identity = Identity::of(&license, at(2), at(3));
        let token = identity.sign(&key).expect("signed");
        let keys = key_set(&key).expect("a set");
        assert_eq!(Identity::open(&token, &keys, at(2)), Ok(identity));
        assert_eq!(Identity::open(&token, &keys, at(3)), Err(IdentityError::Ended));
        let other = key_set(&EcdsaKey::generate().expect("a key")).expect("a set");
        assert_eq!(Identity::open(&token, &other, at(2)), Err(IdentityError::UnknownKey));
        let set: serde_json::Value = serde_json::from_str(&keys).expect("JSON");
        assert_eq!(set["keys"][0]["kid"], key_id(key.spki()).to_string());
        assert_eq!(set["keys"][0]["kty"], "EC");
    }
}
