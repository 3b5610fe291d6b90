//! What was found out about clients whose licenses the gateway holds, so that not every request of theirs costs a look
//! into the database, a verification and a signature.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use trybuy_formats::ids::Digest;

use super::Pass;

/// The most clients that are remembered; when there are more, all are forgotten, and looked at again.
const REMEMBERED: usize = 4096;

/// How a client is known.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Holder {
    /// A legacy client, by its token.
    Token(Digest),
    /// A direct-connect client, by its user.
    User(u32),
}

/// Passes that are good until the next round of the worker, as a client may be removed meanwhile.
#[derive(Default)]
pub(super) struct HeldPasses(Mutex<HashMap<Holder, Pass>>);

impl HeldPasses {
    /// The pass of a client. Whether its license is still valid has to be looked at.
    pub(super) fn of(&self, holder: Holder) -> Option<Pass> {
        self.passes().get(&holder).cloned()
    }

    /// Remembers a pass.
    pub(super) fn remember(&self, holder: Holder, pass: Pass) {
        let mut passes = self.passes();
        if passes.len() >= REMEMBERED {
            passes.clear();
        }
        passes.insert(holder, pass);
    }

    /// Forgets all.
    pub(super) fn forget(&self) {
        self.passes().clear();
    }

    fn passes(&self) -> MutexGuard<'_, HashMap<Holder, Pass>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
