//! Where a stored trial came from, so that any download tool can get it again.

use serde::{Deserialize, Serialize};
use trybuy_formats::api::TrialAnswer;
use trybuy_formats::ids::{ApplicationId, TrialId};
use trybuy_formats::policy::TrialPolicy;

use crate::data_dir::{self, DataDir};
use crate::error::Error;

/// Cap of the file, in bytes.
const CAP: usize = 8192;

/// Where a trial's transmission file is. The address is a secret: whoever has it can download the
/// file, though nobody else can open it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRecord {
    /// The trial.
    pub trial_id: TrialId,
    /// The number of its head.
    pub head_number: u64,
    /// The address.
    pub download_url: String,
    /// The exact length in bytes.
    pub length: u64,
    /// The strong entity tag.
    pub etag: String,
    /// The policy that the trial was granted under, for display; none where an older trybuy stored it.
    #[serde(default)]
    pub policy: Option<TrialPolicy>,
}

impl SourceRecord {
    /// What the server's answer says.
    pub fn of(answer: &TrialAnswer) -> Self {
        Self {
            trial_id: answer.trial.id,
            head_number: answer.trial.head_number,
            download_url: answer.download_url.clone(),
            length: answer.length,
            etag: answer.etag.clone(),
            policy: Some(answer.policy),
        }
    }

    /// Whether both are the same bytes, wherever they are.
    pub fn is_same_file(&self, other: &Self) -> bool {
        (self.trial_id, self.length, &self.etag) == (other.trial_id, other.length, &other.etag)
    }

    /// The record of a stored trial; none if it is missing or unreadable: it is a convenience.
    pub fn load(data: &DataDir, id: &ApplicationId) -> Option<Self> {
        Self::read(&data.application(id).join("source.json"))
    }

    /// Stores the record of a stored trial.
    ///
    /// # Errors
    /// `local-file`.
    pub fn store(&self, data: &DataDir, id: &ApplicationId) -> Result<(), Error> {
        self.write(&data.application(id).join("source.json"))
    }

    /// The record of a download in progress; none if there is no usable one.
    pub fn load_download(data: &DataDir, id: &ApplicationId) -> Option<Self> {
        Self::read(&data.download(id).join("request.json"))
    }

    /// Stores the record of a download in progress.
    ///
    /// # Errors
    /// `local-file`.
    pub fn store_download(&self, data: &DataDir, id: &ApplicationId) -> Result<(), Error> {
        self.write(&data.download(id).join("request.json"))
    }

    fn read(path: &std::path::Path) -> Option<Self> {
        let bytes = data_dir::read(path, CAP).ok()??;
        serde_json::from_slice(&bytes).ok()
    }

    fn write(&self, path: &std::path::Path) -> Result<(), Error> {
        let json = serde_json::to_vec_pretty(self).expect("a plain structure");
        data_dir::replace(path, &json)
    }
}
