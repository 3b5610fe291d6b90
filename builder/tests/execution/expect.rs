//! Waits for text from a process, with a limit that only a broken test reaches.

use std::io::Read;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Looks again and again, with a limit that only a broken test reaches.
pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let limit = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < limit, "never: {what}");
        std::thread::yield_now();
    }
}

/// The output of a process, as it comes.
pub(crate) struct Output {
    pieces: Receiver<Vec<u8>>,
    text: String,
    /// Where the next [`Output::expect`] begins to look.
    position: usize,
}

impl Output {
    pub(crate) fn new(mut source: impl Read + Send + 'static) -> Self {
        let (sender, pieces) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = source.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { pieces, text: String::new(), position: 0 }
    }

    /// Waits until `wanted` appears after what was expected before, and returns what came
    /// between.
    pub(crate) fn expect(&mut self, wanted: &str) -> String {
        let limit = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = self.text[self.position..].find(wanted) {
                let between = self.text[self.position..][..found].to_owned();
                self.position += found + wanted.len();
                return between;
            }
            let left = limit.saturating_duration_since(Instant::now());
            match self.pieces.recv_timeout(left) {
                Ok(piece) => self.text.push_str(&String::from_utf8_lossy(&piece)),
                Err(_) => panic!("no {wanted:?} in {:?}", &self.text),
            }
        }
    }

    /// Waits for "ready" and returns the process id after it.
    pub(crate) fn expect_ready(&mut self) -> i32 {
        self.expect("ready ");
        self.expect("\n").trim().parse().unwrap()
    }
}
