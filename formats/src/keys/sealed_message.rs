//! Short messages that only the holder of one key can read (`LI-2`): license packs and seat licenses.

use zeroize::Zeroizing;

use super::{derive, random, secret_from};
use crate::primitives::{
    AeadKey, DecryptionKey, EncryptionKey, PrimitiveError, TAG_LENGTH, WRAPPED_LENGTH,
};

/// What a sealed message is. A message of one purpose cannot be opened as one of another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// A license pack for a license server (SL: "encrypts the license pack using the license server's public
    /// key").
    LicensePack,
    /// A license for a client (SL Fig. 6, step 208).
    SeatLicense,
}

/// A key is used for one message only, so its nonce can be constant.
const NONCE: [u8; 12] = [0; 12];

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::LicensePack => b"trybuy/v1/license-pack",
            Self::SeatLicense => b"trybuy/v1/seat-license",
        }
    }
}

/// `OAEP[recipient](key, label) ‖ AES-256-GCM[HKDF(key, "", label, 32)](message)` with a fresh key.
///
/// # Errors
/// When the library fails.
pub fn seal_message(
    purpose: Purpose,
    recipient: &EncryptionKey,
    message: &[u8],
) -> Result<Vec<u8>, PrimitiveError> {
    let secret = random();
    let mut sealed = recipient.wrap(purpose.label(), secret.as_slice())?;
    let body = sealed.len();
    sealed.resize(body + message.len() + TAG_LENGTH, 0);
    cipher(purpose, secret.as_slice()).seal_into(NONCE, message, &mut sealed[body..])?;
    Ok(sealed)
}

/// Opens what [`seal_message`] made.
///
/// # Errors
/// [`PrimitiveError::Tampered`] when it was made for another key or purpose, or altered.
pub fn open_message(
    purpose: Purpose,
    key: &DecryptionKey,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, PrimitiveError> {
    let (wrapped, body) =
        sealed.split_at_checked(WRAPPED_LENGTH).ok_or(PrimitiveError::Tampered)?;
    let length = body.len().checked_sub(TAG_LENGTH).ok_or(PrimitiveError::Tampered)?;
    let secret = secret_from(&key.unwrap(purpose.label(), wrapped)?)?;
    let mut message = Zeroizing::new(vec![0; length]);
    cipher(purpose, secret.as_slice()).open_into(NONCE, body, &mut message)?;
    Ok(message)
}

fn cipher(purpose: Purpose, secret: &[u8]) -> AeadKey {
    AeadKey::new(&derive(secret, &[], &[purpose.label()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_opens_for_its_recipient_and_purpose_alone_and_unaltered() {
        let key = DecryptionKey::generate().expect("a key");
        let other = DecryptionKey::generate().expect("a key");
        let message = b"licenses".as_slice();
        let sealed = seal_message(Purpose::LicensePack, &key.encryption_key(), message);
        let sealed = sealed.expect("sealed");
        let open = |purpose, key: &DecryptionKey, sealed: &[u8]| open_message(purpose, key, sealed);
        let opened = open(Purpose::LicensePack, &key, &sealed).expect("opened");
        assert_eq!(opened.as_slice(), message);
        assert!(open(Purpose::SeatLicense, &key, &sealed).is_err());
        assert!(open(Purpose::LicensePack, &other, &sealed).is_err());
        for length in 0..sealed.len() {
            assert!(open(Purpose::LicensePack, &key, &sealed[..length]).is_err(), "{length}");
        }
        for at in [0, WRAPPED_LENGTH - 1, WRAPPED_LENGTH, sealed.len() - 1] {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(open(Purpose::LicensePack, &key, &altered).is_err(), "{at}");
        }
        let longer = [sealed.as_slice(), &[0]].concat();
        assert!(open(Purpose::LicensePack, &key, &longer).is_err());
    }
}
