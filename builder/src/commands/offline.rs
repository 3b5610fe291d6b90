//! Steps without a network: what the server is to be asked goes into a file, its answer comes in one.
//!
//! The Builder remembers of each step which request was its last, and which terms were shown since, so
//! that the next request names them.

use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use trybuy_formats::api::SecretText;
use trybuy_formats::control::LicenseKind;
use trybuy_formats::expiry;
use trybuy_formats::ids::{ApplicationId, Digest, Platform, TrialId};
use trybuy_formats::keys::LicenseSecret;
use trybuy_formats::offline::{
    OfflineAcceptance, OfflineOutcome, OfflineRequest, OfflineResponse, OfflineStep, ResponseFile,
    SignedRequest,
};
use trybuy_formats::primitives::VerificationKey;
use trybuy_formats::slug::Slug;
use trybuy_formats::{limits, sealed_state};

use super::{Context, renew};
use crate::cli::{AcceptanceArguments, BuyArguments, TryArguments};
use crate::client::Signer;
use crate::clock::{self, ClockFile, Reading};
use crate::data_dir::{self, DataDir, Lock};
use crate::decoder::Fetched;
use crate::error::Error;
use crate::library;
use crate::license::LicensedBuilder;
use crate::messages::{self, notices};
use crate::output::{self, prompt};

/// What is remembered of a step.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pending {
    /// The last request that was not answered yet.
    pub(super) request: Option<Digest>,
    /// The terms that were shown.
    pub(super) terms: Option<Digest>,
    /// The terms of a purchase that were shown.
    pub(super) relicensing: Option<Digest>,
    /// The newest trial that the server named.
    pub(super) newest: Option<TrialId>,
}

/// Where that is: sealed, once there is a license, so that no response counts twice.
#[derive(Clone, Copy)]
pub(super) struct PendingFile<'a> {
    data: &'a DataDir,
    step: &'a str,
    secret: &'a LicenseSecret,
}

/// Asks for a trial.
pub(super) fn ask_for_trial(
    context: &Context,
    id: &ApplicationId,
    arguments: &TryArguments,
    file: &Path,
) -> Result<(), Error> {
    let builder = LicensedBuilder::load(&context.data)?;
    let version = arguments.version.clone();
    ask_for(context, &builder, id, file, |pending| OfflineStep::Trial {
        application: id.clone(),
        platform: Platform::current(),
        version,
        after: newest_known(&context.data, id, pending),
        keeps_file: false,
        used_up: false,
        acceptance: acceptance(&arguments.acceptance, pending.terms),
    })
}

/// Asks for what the vendor changed, or another trial, which goes on with the installed file.
pub(super) fn ask_for_renewal(
    context: &Context,
    id: &ApplicationId,
    arguments: &AcceptanceArguments,
    file: &Path,
) -> Result<(), Error> {
    let builder = LicensedBuilder::load(&context.data)?;
    let trial = Fetched::open(&context.data, id)?.verify(&builder)?;
    let installed = trial.control().clone();
    // What was lost here says nothing, and what was asked for may bring it back.
    let is_used_up = renew::is_used_up(&context.data, &builder.secret, trial).unwrap_or(false);
    if installed.kind == LicenseKind::Purchase {
        let now = ClockFile::of(&context.data, &builder.secret).look(&Reading::take())?.time;
        if expiry::has_ended(installed.ends_at, now.instant()) {
            return Err(messages::purchase_over(&installed.name, id));
        }
    }
    ask_for(context, &builder, id, file, |pending| {
        let lost = pending.newest.filter(|newest| is_later(*newest, installed.trial_id));
        OfflineStep::Trial {
            application: id.clone(),
            platform: Platform::current(),
            version: None,
            after: lost.or(Some(installed.trial_id)),
            // What is installed is the file of another trial than one whose answer was lost.
            keeps_file: lost.is_none(),
            used_up: lost.is_none() && is_used_up,
            acceptance: acceptance(arguments, pending.terms),
        }
    })
}

/// Asks to redeem a purchase key.
pub(super) fn ask_to_buy(
    context: &Context,
    arguments: &BuyArguments,
    file: &Path,
) -> Result<(), Error> {
    let id = &arguments.application;
    let builder = LicensedBuilder::load(&context.data)?;
    let given = arguments.key.clone();
    let typed =
        || prompt::is_possible().then(|| prompt::ask(notices::ASK_KEY))?.map(SecretText::from);
    let typed = given.or_else(typed);
    let key = typed.filter(|key| !key.is_empty()).ok_or_else(messages::offline_key_missing)?;
    let trial = library::clear_copy(&context.data, id).ok().map(|clear| clear.untrusted.trial_id);
    ask_for(context, &builder, id, file, |pending| OfflineStep::Buy {
        application: id.clone(),
        key,
        platform: Platform::current(),
        trial,
        relicensing: acceptance(&arguments.acceptance, pending.relicensing),
        acceptance: acceptance(&arguments.acceptance, pending.terms),
    })
}

/// Acceptance of the terms that were shown, or else of those in force; none where nothing is accepted.
pub(super) fn acceptance(
    arguments: &AcceptanceArguments,
    shown: Option<Digest>,
) -> Option<OfflineAcceptance> {
    let AcceptanceArguments { accept_terms, name, code } = arguments;
    let accepts = *accept_terms || name.is_some() || code.is_some();
    accepts.then(|| OfflineAcceptance {
        terms_digest: shown,
        name: name.clone(),
        code: code.clone(),
    })
}

/// Writes a request file. Its digest is remembered before it is there: otherwise the answer to one that
/// was carried away could be refused. Where it cannot be written, the one before it stays the last.
pub(super) fn write(
    server: String,
    signer: &Signer,
    step: OfflineStep,
    file: &Path,
    remember: impl FnOnce(Digest) -> Result<(), Error>,
) -> Result<(), Error> {
    let request = OfflineRequest::new(clock::now(), server, step);
    let signed = signer.sign_offline(&request);
    let path =
        std::path::absolute(file).map_err(|error| messages::local_file("use", file, error))?;
    refuse_other_file(&path, limits::OFFLINE_REQUEST, |bytes| SignedRequest::read(bytes).is_ok())?;
    data_dir::replace_after(&path, &signed.to_bytes(), || remember(signed.digest()))?;
    output::notice(&notices::request_written(file));
    Ok(())
}

/// A request or an answer takes the place of nothing but another one.
pub(super) fn refuse_other_file(
    path: &Path,
    cap: usize,
    is_one: impl FnOnce(&[u8]) -> bool,
) -> Result<(), Error> {
    if path.parent().is_some_and(|folder| !folder.is_dir()) {
        return Err(messages::local_file("write", path, io::ErrorKind::NotFound.into()));
    }
    match data_dir::read(path, cap) {
        Ok(None) => Ok(()),
        Ok(Some(bytes)) if is_one(&bytes) => Ok(()),
        _ => Err(messages::another_file(path)),
    }
}

/// Reads a response file.
pub(super) fn read(file: &Path) -> Result<ResponseFile, Error> {
    let bytes = data_dir::read(file, limits::OFFLINE_RESPONSE)?
        .ok_or_else(|| messages::response_missing(file))?;
    ResponseFile::read(&bytes).map_err(|error| messages::response_unusable(file, error))
}

/// Verifies a response to a request, and shows the texts that it brings.
///
/// # Errors
/// `file-damaged`, `server-key-changed`, `other-request`.
pub(super) fn open(
    response: &ResponseFile,
    key: &VerificationKey,
    request: Option<Digest>,
    file: &Path,
) -> Result<OfflineResponse, Error> {
    let (opened, texts) =
        response.verify(key).map_err(|error| messages::response_unusable(file, error))?;
    if Some(opened.request) != request {
        return Err(messages::other_request(file));
    }
    for (about, text) in opened.texts.iter().zip(texts) {
        output::notice(&notices::offline_terms(about, text));
    }
    Ok(opened)
}

/// What the server refused, and what the next request has to name.
pub(super) fn refusal(
    response: &OfflineResponse,
    before: &Pending,
    command: &str,
) -> Option<(Error, Pending)> {
    let OfflineOutcome::Refused { problem, code, newest } = &response.outcome else { return None };
    let shown = |relicensing| {
        let mut texts = response.texts.iter();
        texts.find(|text| text.relicensing == relicensing).map(|text| text.digest)
    };
    let pending = Pending {
        request: None,
        terms: shown(false),
        relicensing: shown(true),
        newest: newest.or(before.newest),
    };
    let error = messages::problem(problem);
    let error = match problem.slug {
        Slug::TermsNotAccepted => error.with_help(notices::accept_offline(command, code.as_ref())),
        slug => match messages::help_by_file(slug) {
            Some(help) => error.with_help(help),
            None => error,
        },
    };
    Some((error, pending))
}

impl<'a> PendingFile<'a> {
    /// Of an application, of the Builder license, `license`, of the `email`
    /// address, or of the `time`.
    pub(super) fn of(data: &'a DataDir, builder: &'a LicensedBuilder, step: &'a str) -> Self {
        Self { data, step, secret: &builder.secret }
    }

    /// What is remembered; nothing where that was lost or edited.
    pub(super) fn load(self) -> Result<Pending, Error> {
        Ok(self.find()?.unwrap_or_default())
    }

    /// The same for a step that remembers something of its own.
    pub(super) fn find<T: Serialize + DeserializeOwned>(self) -> Result<Option<T>, Error> {
        let sealed = data_dir::read(&self.data.offline_file(self.step), limits::SEALED_STATE)?;
        Ok(sealed.and_then(|sealed| sealed_state::open(self.secret, &self.name(), &sealed).ok()))
    }

    /// Remembers it.
    pub(super) fn store<T: Serialize>(self, pending: &T) -> Result<(), Error> {
        let sealed = sealed_state::seal(self.secret, &self.name(), pending)
            .map_err(|_| messages::key_generation())?;
        data_dir::replace(&self.data.offline_file(self.step), &sealed)
    }

    /// Forgets it.
    pub(super) fn forget(self) -> Result<(), Error> {
        data_dir::remove(&self.data.offline_file(self.step))
    }

    fn name(self) -> String {
        format!("offline/{}", self.step)
    }
}

/// The same before there is a license, in the clear: nothing can be gained by it.
pub(super) fn load_plain<T: DeserializeOwned>(
    data: &DataDir,
    step: &str,
) -> Result<Option<T>, Error> {
    let bytes = data_dir::read(&data.offline_file(step), limits::SEALED_STATE)?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Stores what [`load_plain`] loads.
pub(super) fn store_plain<T: Serialize>(
    data: &DataDir,
    step: &str,
    value: &T,
) -> Result<(), Error> {
    let json = serde_json::to_vec_pretty(value).expect("a plain structure");
    data_dir::replace(&data.offline_file(step), &json)
}

/// Forgets what [`store_plain`] stored.
pub(super) fn forget(data: &DataDir, step: &str) -> Result<(), Error> {
    data_dir::remove(&data.offline_file(step))
}

fn ask_for(
    context: &Context,
    builder: &LicensedBuilder,
    id: &ApplicationId,
    file: &Path,
    step: impl FnOnce(&Pending) -> OfflineStep,
) -> Result<(), Error> {
    let data = &context.data;
    let _lock = Lock::application(data, id)?;
    let remembered = PendingFile::of(data, builder, id.as_str());
    let pending = remembered.load()?;
    let signer = builder.signer(data)?;
    let server = builder.address(context.server.as_deref())?;
    write(server.to_string(), &signer, step(&pending), file, |digest| {
        remembered.store(&Pending { request: Some(digest), ..pending })
    })
}

/// Trial ids ascend with time.
fn is_later(trial: TrialId, other: TrialId) -> bool {
    trial.to_string() > other.to_string()
}

/// The newest trial of an application that there is a trace of.
fn newest_known(data: &DataDir, id: &ApplicationId, pending: &Pending) -> Option<TrialId> {
    let entries = std::fs::read_dir(data.application(id)).into_iter().flatten().flatten();
    let states = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        name.strip_suffix(".sealed")?.parse::<TrialId>().ok()
    });
    states.chain(pending.newest).max_by_key(ToString::to_string)
}
