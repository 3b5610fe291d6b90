//! The challenge handler 134: answers a platform challenge with this Builder's own executable image
//! (SL Fig. 7, steps 220 and 230).

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use trybuy_formats::ids::{ClientSoftwareId, Digest, ImageVendorId, PlatformType};
use trybuy_formats::licensing::challenge::Response;
use trybuy_formats::limits;

use crate::error::Error;
use crate::messages;

/// Who makes this client: the project itself is the first vendor of client images.
const VENDOR: u32 = 1;
/// Which release this is: 8 bits of its major version, 12 of its minor version, 12 of its patch.
const REVISION: u32 = {
    let major = number(env!("CARGO_PKG_VERSION_MAJOR"));
    let minor = number(env!("CARGO_PKG_VERSION_MINOR"));
    let patch = number(env!("CARGO_PKG_VERSION_PATCH"));
    assert!(major < 1 << 8 && minor < 1 << 12 && patch < 1 << 12, "a revision has 32 bits");
    major << 24 | minor << 12 | patch
};
/// The kernel's name for the image that runs, also where another one was installed in its place.
const OWN_IMAGE: &str = "/proc/self/exe";

/// The type of the platform that this Builder was built for (SL Table 2).
pub fn platform_type() -> PlatformType {
    if cfg!(windows) { PlatformType::Windows } else { PlatformType::NonWindows }
}

/// The id of this release of the Builder.
pub fn software_id() -> ClientSoftwareId {
    let vendor = ImageVendorId::try_from(VENDOR).expect("1 is a number of a vendor");
    ClientSoftwareId::new(platform_type(), vendor, REVISION)
        .expect("clients of both platform types are challenged")
}

/// The response to a challenge, over the image of the running Builder.
///
/// # Errors
/// `local-file` when the image cannot be read.
pub fn respond(challenge: &[u8]) -> Result<Digest, Error> {
    let image = Path::new(OWN_IMAGE);
    let read = || {
        let file = File::open(image)?;
        digest(challenge, file)
    };
    read().map_err(|error| messages::local_file("read the running program", image, error))
}

/// The image is hashed in pieces, so that its size does not matter to memory.
fn digest(challenge: &[u8], image: impl io::Read) -> io::Result<Digest> {
    const PIECE: usize = 64 << 10;
    let mut response = Response::to(challenge);
    let mut image = image.take(limits::CLIENT_IMAGE);
    let mut piece = vec![0; PIECE];
    loop {
        match image.read(&mut piece) {
            Ok(0) => return Ok(response.finish()),
            Ok(length) => response.update(&piece[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

const fn number(text: &str) -> u32 {
    let digits = text.as_bytes();
    let mut number = 0;
    let mut next = 0;
    while next < digits.len() {
        assert!(digits[next].is_ascii_digit(), "a version consists of numbers");
        number = number * 10 + (digits[next] - b'0') as u32;
        next += 1;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use trybuy_formats::licensing::challenge::CHALLENGE_LENGTH;
    use trybuy_formats::primitives::sha256;

    #[test]
    fn the_software_id_is_that_of_this_release() {
        let id = software_id();
        assert_eq!(id.platform_type(), PlatformType::NonWindows);
        let version = format!(
            "{}.{}.{}",
            id.revision() >> 24,
            id.revision() >> 12 & 0xfff,
            id.revision() & 0xfff
        );
        assert_eq!((u32::from(id.vendor()), version.as_str()), (VENDOR, crate::VERSION));
    }

    #[test]
    fn the_response_is_over_the_running_image() {
        let challenge = [7; CHALLENGE_LENGTH];
        let image = std::env::current_exe().and_then(std::fs::read).expect("this test");
        let whole = [challenge.as_slice(), &image, challenge.as_slice()].concat();
        assert_eq!(respond(&challenge).expect("readable"), Digest::from_bytes(sha256(&whole)));
    }
}
