//! Private keys for other software.

use der::pem::{self, LineEnding};
use zeroize::Zeroizing;

/// A private key in PEM, from PKCS#8 in DER (RFC 7468, section 10), as TLS software reads it.
pub fn private_key_pem(pkcs8: &[u8]) -> Zeroizing<String> {
    let text = pem::encode_string("PRIVATE KEY", LineEnding::LF, pkcs8);
    Zeroizing::new(text.expect("DER of any length has a form in PEM"))
}
