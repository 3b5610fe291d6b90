//! The control area: the sealed control information and the server's public key.

use crate::limits;
use crate::policy::Layout;

use super::dispersed::PIECES;

/// What stands in a control area.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ControlArea {
    /// Sealed control information (`CI-5`).
    pub(super) sealed: Vec<u8>,
    /// SubjectPublicKeyInfo of the server (187).
    pub(super) server_key: Vec<u8>,
}

impl ControlArea {
    /// Its bytes, padded where the layout needs it (`TF-2`); none if a part is beyond its cap.
    pub(super) fn encode(&self, layout: Layout) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(8 + self.sealed.len() + self.server_key.len() + PIECES);
        for (part, cap) in
            [(&self.sealed, limits::SEALED_CONTROL), (&self.server_key, limits::PUBLIC_KEY)]
        {
            let length = u32::try_from(part.len()).ok().filter(|_| part.len() <= cap)?;
            bytes.extend(length.to_be_bytes());
            bytes.extend(part);
        }
        if layout == Layout::Dispersed {
            bytes.resize(bytes.len().next_multiple_of(PIECES), 0);
        }
        Some(bytes)
    }

    /// Reads it; none if a writer would not have written it.
    pub(super) fn parse(bytes: &[u8], layout: Layout) -> Option<Self> {
        let (sealed, rest) = take(bytes, limits::SEALED_CONTROL)?;
        let (server_key, padding) = take(rest, limits::PUBLIC_KEY)?;
        let most = match layout {
            Layout::Leading => 0,
            Layout::Dispersed => PIECES - 1,
        };
        let padded = padding.len() <= most && padding.iter().all(|byte| *byte == 0);
        let whole = layout == Layout::Leading || bytes.len().is_multiple_of(PIECES);
        (padded && whole).then(|| Self { sealed: sealed.to_vec(), server_key: server_key.to_vec() })
    }
}

/// The bytes after a length of 4 bytes, and what follows them.
fn take(bytes: &[u8], cap: usize) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    if length > cap { None } else { rest.split_at_checked(length) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    const LAYOUTS: [Layout; 2] = [Layout::Leading, Layout::Dispersed];

    fn area(sealed: usize, key: usize) -> ControlArea {
        ControlArea { sealed: vec![1; sealed], server_key: vec![2; key] }
    }

    #[test]
    fn what_is_written_is_read_in_both_layouts() {
        for layout in LAYOUTS {
            for (sealed, key) in [(0, 0), (1, 1), (7, 8), (8, 8), (32768, 1024)] {
                let bytes = area(sealed, key).encode(layout).unwrap();
                assert!(ControlArea::parse(&bytes, layout) == Some(area(sealed, key)));
                assert!(layout == Layout::Leading || bytes.len().is_multiple_of(PIECES));
            }
        }
    }

    #[test]
    fn parts_beyond_their_caps_are_refused() {
        for layout in LAYOUTS {
            assert!(area(32769, 0).encode(layout).is_none());
            assert!(area(0, 1025).encode(layout).is_none());
            let mut bytes = vec![0; 8 + 32776];
            bytes[..4].copy_from_slice(&32769_u32.to_be_bytes());
            assert!(ControlArea::parse(&bytes, layout).is_none());
        }
    }

    #[test]
    fn padding_is_short_and_zero() {
        let bytes = area(1, 0).encode(Layout::Dispersed).unwrap();
        assert_eq!(bytes.len(), 16);
        assert!(ControlArea::parse(&bytes, Layout::Leading).is_none());
        assert!(ControlArea::parse(&bytes[..9], Layout::Dispersed).is_none());
        assert!(
            ControlArea::parse(&[bytes.clone(), vec![0; 8]].concat(), Layout::Dispersed).is_none()
        );
        for at in 9..16 {
            let mut altered = bytes.clone();
            altered[at] = 1;
            assert!(ControlArea::parse(&altered, Layout::Dispersed).is_none());
        }
    }
}
