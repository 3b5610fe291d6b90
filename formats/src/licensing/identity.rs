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
use crate::licensing::signing::Jwk;
use crate::primitives::EcdsaKey;
use crate::signed::SignError;

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

    /// The token.
    ///
    /// # Errors
    /// When the library fails.
    pub fn sign(&self, key: &EcdsaKey) -> Result<String, SignError> {
        let header = format!(r#"{{"alg":"ES256","kid":"{}","typ":"JWT"}}"#, key_id(key.spki()));
        let claims = serde_json::to_vec(self).map_err(|_| SignError::Invalid)?;
        let input = format!("{}.{}", to_base64(header.as_bytes()), to_base64(&claims));
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
    use crate::encoding::from_base64;
    use crate::primitives::EcdsaVerificationKey;

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
        let (input, signature) = token.rsplit_once('.').expect("three parts");
        let signature = from_base64(signature).expect("base64");
        let verifying = EcdsaVerificationKey::from_spki(key.spki()).expect("a key");
        assert!(verifying.verify_fixed(input.as_bytes(), &signature).is_ok());
        let claims = from_base64(input.split('.').nth(1).expect("claims")).expect("base64");
        assert_eq!(serde_json::from_slice::<Identity>(&claims).expect("claims"), identity);
        let set: serde_json::Value =
            serde_json::from_str(&key_set(&key).expect("a set")).expect("JSON");
        assert_eq!(set["keys"][0]["kid"], key_id(key.spki()).to_string());
        assert_eq!(set["keys"][0]["kty"], "EC");
    }
}
