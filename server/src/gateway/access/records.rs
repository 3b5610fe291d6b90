//! What the license server last said of its records: kept, so that it can be shown to a license server that was
//! restored from a backup since.

use std::path::PathBuf;
use std::{fmt, fs, io};

use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::records::{RecordsMark, RecordsStatement};
use trybuy_formats::licensing::signing::CertifiedError;

use super::state::GatewayState;
use crate::data_dir::replace;

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
    /// The end of the certificate that it is signed under.
    until: Instant,
}

impl Said {
    pub(super) fn open(state: &GatewayState, text: String) -> Result<Self, CertifiedError> {
        let (authorities, id) = (&state.authorities, &state.license_server_id);
        let (signer, statement) =
            RecordsStatement::open(authorities, id, state.clock.now(), &text)?;
        let (mark, restored) = (statement.mark, statement.restored);
        Ok(Self { text, mark, restored, until: signer.not_after() })
    }

    /// Whether it is kept in the place of the last one. Only the license server itself takes back how far its records
    /// went: somebody between the two could show what it said long ago. Of two that say the same, the one that can be
    /// shown for longer is kept.
    fn replaces(&self, last: &Self) -> bool {
        let lasts_longer = self.mark == last.mark && self.until > last.until;
        self.restored || last.mark.precedes(&self.mark) || lasts_longer
    }
}

/// The last statement, in memory and in its file.
pub(super) struct LastSaid {
    path: PathBuf,
    text: Option<String>,
}

impl LastSaid {
    /// As it was kept in the gateway's directory. One that cannot be used is none: the next one takes its place.
    pub(super) fn read(state: &GatewayState) -> Self {
        let mut last = Self { path: state.directory.file(FILE), text: None };
        match fs::read_to_string(&last.path) {
            Ok(text) => {
                last.text = Some(text);
                last.get(state);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => last.tell_of_loss(&error),
        }
        last
    }

    /// Tells the operator what it means that the file shows nothing.
    fn tell_of_loss(&self, error: &dyn fmt::Display) {
        let file = self.path.display();
        tracing::warn!(
            %file,
            %error,
            "what the license server last said of its records cannot be used: if it was restored from a backup since, \
             this gateway does not notice that"
        );
    }

    /// The statement; none where the license server would not believe it any more either.
    pub(super) fn get(&mut self, state: &GatewayState) -> Option<Said> {
        let opened = Said::open(state, self.text.clone()?);
        if let Err(error) = opened.as_ref() {
            self.text = None;
            self.tell_of_loss(error);
        }
        opened.ok()
    }

    /// Keeps a later one in the place of the last.
    pub(super) fn take(&mut self, said: Said, last: Option<&Said>) -> io::Result<()> {
        if last.is_some_and(|last| !said.replaces(last)) || self.text.as_ref() == Some(&said.text) {
            return Ok(());
        }
        replace(&self.path, said.text.as_bytes())?;
        if let Some(last) = last.filter(|last| said.mark.precedes(&last.mark)) {
            let (records, before) = (said.mark.records, last.mark.records);
            tracing::warn!(
                records,
                before,
                "the license server says itself that it was restored: what it said before is kept no more"
            );
        }
        self.text = Some(said.text);
        Ok(())
    }
}
