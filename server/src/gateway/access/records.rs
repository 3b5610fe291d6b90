//! What the license server last said of its records: kept, so that it can be shown to a license server that was
//! restored from a backup since.

use std::path::PathBuf;
use std::{fs, io};

use trybuy_formats::licensing::records::{RecordsMark, RecordsStatement};
use trybuy_formats::licensing::signing::CertifiedError;

use super::state::GatewayState;
use crate::data_dir::{RoleDir, replace};

/// The file that it is kept in.
const FILE: &str = "records";

/// A statement of the license server.
#[derive(Clone)]
pub(super) struct Said {
    /// As it was signed.
    pub(super) text: String,
    /// How far the records went.
    pub(super) mark: RecordsMark,
    /// Whether it was one that was restored from a backup.
    pub(super) restored: bool,
}

impl Said {
    pub(super) fn open(state: &GatewayState, text: String) -> Result<Self, CertifiedError> {
        let (authorities, id) = (&state.authorities, &state.license_server_id);
        let statement = RecordsStatement::open(authorities, id, state.clock.now(), &text)?;
        let (mark, restored) = (statement.mark, statement.restored);
        Ok(Self { text, mark, restored })
    }
}

/// The last statement, in memory and in its file.
pub(super) struct LastSaid {
    path: PathBuf,
    text: Option<String>,
}

impl LastSaid {
    /// As it was kept in the gateway's directory. One that cannot be read is none: the next one takes its place.
    pub(super) fn read(directory: &RoleDir) -> Self {
        let path = directory.file(FILE);
        let text = fs::read_to_string(&path).ok();
        Self { path, text }
    }

    /// The statement; none where the license server would not believe it any more either.
    pub(super) fn get(&self, state: &GatewayState) -> Option<Said> {
        Said::open(state, self.text.clone()?).ok()
    }

    /// Keeps another one.
    pub(super) fn keep(&mut self, said: Said) -> io::Result<()> {
        if self.text.as_ref() != Some(&said.text) {
            replace(&self.path, said.text.as_bytes())?;
            self.text = Some(said.text);
        }
        Ok(())
    }
}
