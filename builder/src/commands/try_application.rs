//! `trybuy try`: request the trial, download it, verify it, store it (steps 408-422).

mod acceptance;
mod fetch;

use trybuy_formats::api::{ApplicationDetails, ReleaseSummary, RequestTrial, TrialAnswer};
use trybuy_formats::expiry::{Refusal, TrialState};
use trybuy_formats::ids::{ApplicationId, Platform, Version};
use trybuy_formats::slug::Slug;

use super::{Context, contact};
use crate::cli::TryArguments;
use crate::client::{Server, Signer};
use crate::clock;
use crate::data_dir::{self, Lock};
use crate::decoder::Fetched;
use crate::error::Error;
use crate::execution::LaunchGuard;
use crate::library::{self, SourceRecord, StateLock, Viewer};
use crate::license::{self, LicensedBuilder};
use crate::messages::{self, notices, words};
use crate::output;
use crate::output::progress::Progress;

/// What the steps of a trial share.
struct Trial<'a> {
    context: &'a Context,
    guard: LaunchGuard,
    id: &'a ApplicationId,
    builder: LicensedBuilder,
    server: Server,
    signer: Signer,
    /// The release that was asked for; none for the newest.
    version: Option<Version>,
}

pub(super) fn try_application(context: &Context, arguments: &TryArguments) -> Result<(), Error> {
    let (data, id) = (&context.data, &arguments.application);
    let guard = context.guard()?;
    let builder = LicensedBuilder::load(data)?;
    let _lock = Lock::application(data, id)?;
    data_dir::remove_leftovers(&data.application(id));
    data_dir::remove_leftovers(&data.download(id));
    let (builder, server) = contact::connect(context, builder)?;
    let signer = builder.signer(data)?;
    let version = arguments.version.clone();
    let trial = Trial { context, guard, id, builder, server, signer, version };

    let details = trial.server.application(id)?;
    let release = offered_release(&details, arguments.version.as_ref())?;
    let answer = trial.obtain(&details, release, arguments)?;
    check_release(&answer, arguments.version.as_ref())?;
    contact::remember_time(context, &trial.builder, answer.time)?;
    trial.ensure_state(&answer)?;
    let (name, release) = (answer.trial.name.to_string(), answer.trial.version.to_string());
    if trial.is_installed(&answer)? {
        SourceRecord::of(&answer).store(data, id)?;
        output::notice(&notices::already_installed(id, &name, &release));
        return Ok(());
    }
    fetch::fetch(&trial, answer)?;
    let listed = Viewer::new(data).look(data, id);
    let left = words::left(listed.days_left, listed.reason);
    output::notice(&notices::installed(id, &name, &release, &left));
    Ok(())
}

/// The release for this machine that a new trial would be of: the one that was asked for, or the
/// newest.
fn offered_release<'a>(
    details: &'a ApplicationDetails,
    version: Option<&Version>,
) -> Result<&'a ReleaseSummary, Error> {
    let own = Platform::current();
    let mut here = details.releases.iter().filter(|release| release.platform == own).peekable();
    if here.peek().is_none() {
        let mut others: Vec<String> =
            details.releases.iter().map(|release| release.platform.to_string()).collect();
        others.sort();
        others.dedup();
        return Err(messages::platform_unsupported(&details.id, &own, &others));
    }
    let wanted = |release: &&ReleaseSummary| version.is_none_or(|v| release.version == *v);
    here.find(wanted).ok_or_else(|| {
        messages::no_such_release(&details.id, &version.map(Version::to_string).unwrap_or_default())
    })
}

/// Whether the trial is one of the release that was asked for: one that has begun stays with its.
fn check_release(answer: &TrialAnswer, version: Option<&Version>) -> Result<(), Error> {
    let trial = &answer.trial;
    match version {
        Some(version) if *version != trial.version => {
            Err(messages::trial_of_another_release(&trial.application, &trial.version.to_string()))
        }
        _ => Ok(()),
    }
}

/// A trial counts from the moment it is recorded, so what would keep this Builder from using it is
/// found out before.
fn check_usable(
    context: &Context,
    details: &ApplicationDetails,
    release: &ReleaseSummary,
) -> Result<(), Error> {
    if release.minimum_builder.as_ref().is_some_and(|oldest| license::version().precedes(oldest)) {
        return Err(messages::refusal(details.name.as_str(), Refusal::BuilderTooOld));
    }
    data_dir::check_room(context.data.root(), release.download_size)
}

impl Trial<'_> {
    /// Asks for the trial: as one that exists where there are signs of one, so that nobody accepts
    /// the same terms twice, otherwise with the acceptance that the vendor wants.
    fn obtain(
        &self,
        details: &ApplicationDetails,
        release: &ReleaseSummary,
        arguments: &TryArguments,
    ) -> Result<TrialAnswer, Error> {
        let data = &self.context.data;
        if data.application(self.id).exists() || data.download(self.id).exists() {
            match self.request(None) {
                Err(error) if error.slug() == Slug::TermsNotAccepted => {}
                answered => return answered,
            }
        }
        check_usable(self.context, details, release)?;
        // The catalog shows everybody's policy; the vendor may have chosen another one for this user.
        let policy = self.server.offer(self.id, &self.signer)?.policy;
        let proof = acceptance::accept(self, details, policy.acceptance, arguments)?;
        self.request(Some(proof))
    }

    /// Sends the request, and checks that the answer is about what was asked for.
    fn request(
        &self,
        acceptance: Option<trybuy_formats::api::AcceptanceProof>,
    ) -> Result<TrialAnswer, Error> {
        let request = RequestTrial {
            platform: Platform::current(),
            version: self.version.clone(),
            renews: None,
            acceptance,
        };
        let answer = self.server.request_trial(self.id, &request, &self.signer)?;
        if answer.trial.application != *self.id {
            let url = self.server.address().to_string();
            return Err(messages::strange_answer(&url, "it gives a trial of another application"));
        }
        Ok(answer)
    }

    /// Begins to remember the trial, before anything of it is downloaded. What was remembered of
    /// an older trial and got lost is replaced on the safe side; so is what another Builder of the same
    /// licensee remembers of the same trial.
    fn ensure_state(&self, answer: &TrialAnswer) -> Result<(), Error> {
        let lock = StateLock::wait(&self.context.data, &self.builder.secret, self.id)?;
        let trial = &answer.trial;
        match lock.load(trial.id) {
            Err(error) if error.slug() == Slug::StateDamaged => {
                let state = if answer.delivered {
                    let (what, help) = notices::state_recovered(&trial.name);
                    output::warn(&what, help);
                    library::recovered_state(trial.started_at, clock::now().max(answer.time))
                } else {
                    TrialState::default()
                };
                lock.store(trial.id, &state)
            }
            loaded => loaded.map(|_| ()),
        }
    }

    /// Whether the trial is installed already, and intact to the last chunk.
    fn is_installed(&self, answer: &TrialAnswer) -> Result<bool, Error> {
        let fetched = match Fetched::open(&self.context.data, self.id) {
            Err(error) if error.slug() == Slug::NotInstalled => return Ok(false),
            Ok(fetched) if fetched.clear().untrusted.trial_id != answer.trial.id => {
                return Ok(false);
            }
            Ok(fetched) if fetched.clear().untrusted.release != answer.trial.version => {
                return Ok(false);
            }
            fetched => fetched,
        };
        let checked = fetched.and_then(|fetched| fetched.verify(&self.builder)).and_then(|trial| {
            let progress = Progress::of_bytes("Checking", 0, trial.checked_length());
            trial.check(&self.guard, &mut |done| progress.set(done))?;
            Ok(trial.control().head_number >= answer.trial.head_number)
        });
        match checked {
            Ok(current) => Ok(current),
            Err(error) if error.slug() == Slug::LocalFile => Err(error),
            Err(_) => {
                output::notice(notices::GETTING_AGAIN);
                Ok(false)
            }
        }
    }
}
