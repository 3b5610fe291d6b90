//! A buffer for plaintext that is used again and again and wiped at the end.

use zeroize::Zeroizing;

/// Grows without leaving copies behind; never shrinks, so that using it again costs nothing.
#[derive(Default)]
pub(crate) struct WipedBuffer(Zeroizing<Vec<u8>>);

impl WipedBuffer {
    /// Its first `length` bytes, whatever they hold from the last use.
    pub(crate) fn take(&mut self, length: usize) -> &mut [u8] {
        if self.0.len() < length {
            self.0 = Zeroizing::new(vec![0; length.next_power_of_two()]);
        }
        &mut self.0[..length]
    }
}
