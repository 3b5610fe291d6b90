//! `trybuy try`: request the trial, download it, verify it, store it (steps 408-422).

mod acceptance;
mod carried;
mod fetch;
pub(super) mod new_head;

pub(super) use carried::{beside, install as take_response};

use std::ops::Deref;

use trybuy_formats::api::{
    AcceptanceProof, ApplicationDetails, ReleaseSummary, RequestTrial, TrialAnswer,
};
use trybuy_formats::control::{ControlInformation, LicenseKind};
use trybuy_formats::expiry::{Refusal, TrialState};
use trybuy_formats::ids::{ApplicationId, Platform, TrialId, Version};
use trybuy_formats::slug::Slug;

use super::{Context, contact, offline, refresh};
use crate::cli::{AcceptanceArguments, TryArguments};
use crate::client::{Server, Signer};
use crate::clock;
use crate::data_dir::{self, Lock};
use crate::decoder::Fetched;
use crate::error::Error;
use crate::execution::LaunchGuard;
use crate::library::{self, SourceRecord, StateLock, Viewer};
use crate::license::{self, LicensedBuilder};
use crate::messages::{self, notices};
use crate::output;
use crate::output::progress::Progress;

/// The command that gets a trial or license.
#[derive(Clone, Copy)]
pub(super) enum Way {
    /// `trybuy try`
    Try,
    /// `trybuy renew`
    Renew,
    /// `trybuy buy`
    Buy,
}

impl Way {
    /// The command line, as a help repeats it.
    fn command(self, id: &ApplicationId) -> String {
        match self {
            Self::Try => format!("trybuy try {id}"),
            Self::Renew => format!("trybuy renew {id}"),
            Self::Buy => format!("trybuy buy {id} --key KEY"),
        }
    }
}

/// Where an application is installed, and the exclusive right to do so.
pub(super) struct Place<'a> {
    pub(super) context: &'a Context,
    way: Way,
    guard: LaunchGuard,
    pub(super) id: &'a ApplicationId,
    pub(super) builder: LicensedBuilder,
    _lock: Lock,
}

/// What the steps of a trial share where the server is reached.
pub(super) struct Trial<'a> {
    place: Place<'a>,
    pub(super) server: Server,
    pub(super) signer: Signer,
    /// The release that was asked for; none for the newest.
    version: Option<Version>,
}

impl<'a> Deref for Trial<'a> {
    type Target = Place<'a>;

    fn deref(&self) -> &Place<'a> {
        &self.place
    }
}

pub(super) fn try_application(context: &Context, arguments: &TryArguments) -> Result<(), Error> {
    let id = &arguments.application;
    if let Some(file) = &arguments.offline.response {
        return take_response(context, Way::Try, id, file);
    }
    if let Some(file) = &arguments.offline.request {
        return offline::ask_for_trial(context, id, arguments, file);
    }
    let trial = Trial::connect(context, Way::Try, id, arguments.version.clone())?;
    let details = trial.server.application(id)?;
    let release = offered_release(&details, arguments.version.as_ref())?;
    let answer = trial.obtain(&details, release, &arguments.acceptance)?;
    check_release(&answer, arguments.version.as_ref())?;
    trial.take(answer)
}

/// Says what the recovered memory of a trial means for its user, if it means anything.
fn warn_of_recovery(control: &ControlInformation) {
    if let Some((what, help)) = notices::state_recovered(control) {
        output::warn(&what, help);
    }
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
        return Err(messages::refusal(
            details.name.as_str(),
            LicenseKind::Trial,
            Refusal::BuilderTooOld,
        ));
    }
    data_dir::check_room(context.data.root(), release.download_size)
}

impl<'a> Trial<'a> {
    /// Contacts the server on behalf of one application.
    pub(super) fn connect(
        context: &'a Context,
        way: Way,
        id: &'a ApplicationId,
        version: Option<Version>,
    ) -> Result<Self, Error> {
        let mut place = Place::open(context, way, id)?;
        let (builder, server) = contact::connect(context, place.builder)?;
        place.builder = builder;
        let signer = place.builder.signer(&context.data)?;
        Ok(Self { place, server, signer, version })
    }

    /// Takes a trial or license that the server gave: what is installed gets another head where that is
    /// enough, otherwise its file is downloaded.
    pub(super) fn take(&self, answer: TrialAnswer) -> Result<(), Error> {
        contact::remember_time(self.context, &self.builder, answer.time)?;
        self.install(answer, |answer, installed| match installed {
            Installed::OlderHead => self.take_head(answer),
            Installed::Whole | Installed::Nothing => fetch::fetch(self, answer),
        })?;
        refresh::in_passing(self.context, &self.builder, &self.server, &self.signer);
        Ok(())
    }

    /// Takes the head alone, or the whole file where that is not enough.
    fn take_head(&self, answer: TrialAnswer) -> Result<(), Error> {
        match new_head::replace(&self.context.data, &self.builder, &self.server, &answer)? {
            Some(bytes) => output::notice(&notices::new_head(bytes)),
            None => fetch::fetch(self, answer)?,
        }
        Ok(())
    }

    /// Asks for another trial, which goes on with the file of one that is over, or used up before its end.
    /// Nobody reads the terms of one that is refused anyway.
    pub(super) fn renew(
        &self,
        over: TrialId,
        is_used_up: bool,
        arguments: &AcceptanceArguments,
    ) -> Result<TrialAnswer, Error> {
        let used_up = is_used_up.then_some(over);
        match self.request(Some(over), used_up, None) {
            Err(error) if error.slug() == Slug::TermsNotAccepted => {}
            answered => return answered,
        }
        let details = self.server.application(self.id)?;
        let proof = self.accept(&details, arguments)?;
        self.request(Some(over), used_up, Some(proof))
    }

    /// What the server says of a trial now.
    fn again(&self, answer: &TrialAnswer) -> Result<TrialAnswer, Error> {
        self.server.trial(answer.trial.id, &self.signer)
    }

    /// Access condition C.
    pub(super) fn accept(
        &self,
        details: &ApplicationDetails,
        arguments: &AcceptanceArguments,
    ) -> Result<AcceptanceProof, Error> {
        // The catalog shows everybody's policy; the vendor may have chosen another one for this user.
        let policy = self.server.offer(self.id, &self.signer)?.policy;
        acceptance::accept(self, details, policy.acceptance, arguments)
    }

    /// Asks for the trial: as one that exists where there are signs of one, so that nobody accepts
    /// the same terms twice, otherwise with the acceptance that the vendor wants.
    fn obtain(
        &self,
        details: &ApplicationDetails,
        release: &ReleaseSummary,
        arguments: &AcceptanceArguments,
    ) -> Result<TrialAnswer, Error> {
        let data = &self.context.data;
        if data.application(self.id).exists() || data.download(self.id).exists() {
            match self.request(None, None, None) {
                Err(error) if error.slug() == Slug::TermsNotAccepted => {}
                answered => return answered,
            }
        }
        check_usable(self.context, details, release)?;
        let proof = self.accept(details, arguments)?;
        self.request(None, None, Some(proof))
    }

    /// Sends the request, and checks that the answer is about what was asked for.
    fn request(
        &self,
        renews: Option<TrialId>,
        used_up: Option<TrialId>,
        acceptance: Option<AcceptanceProof>,
    ) -> Result<TrialAnswer, Error> {
        let request = RequestTrial {
            platform: Platform::current(),
            version: self.version.clone(),
            renews,
            used_up,
            acceptance,
        };
        let answer = self.server.request_trial(self.id, &request, &self.signer)?;
        if answer.trial.application != *self.id {
            let url = self.server.address().to_string();
            return Err(messages::strange_answer(&url, "it gives a trial of another application"));
        }
        Ok(answer)
    }
}

impl<'a> Place<'a> {
    /// Makes ready to install an application.
    pub(super) fn open(
        context: &'a Context,
        way: Way,
        id: &'a ApplicationId,
    ) -> Result<Self, Error> {
        let data = &context.data;
        let guard = context.guard()?;
        let builder = LicensedBuilder::load(data)?;
        let lock = Lock::application(data, id)?;
        data_dir::remove_leftovers(&data.application(id));
        data_dir::remove_leftovers(&data.download(id));
        Ok(Self { context, way, guard, id, builder, _lock: lock })
    }

    /// Installs a trial or license, with `get` where its file or head is not there yet.
    fn install(
        &self,
        answer: TrialAnswer,
        get: impl FnOnce(TrialAnswer, Installed) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (data, id) = (&self.context.data, self.id);
        let is_recovered = self.ensure_state(&answer)?;
        let installed = self.installed(&answer)?;
        let is_whole = installed == Installed::Whole;
        if is_whole {
            SourceRecord::of(&answer).store(data, id)?;
        } else {
            get(answer, installed)?;
        }
        // Only the file says what is limited.
        if is_recovered {
            warn_of_recovery(&library::clear_copy(data, id)?.untrusted);
        }
        let listed = Viewer::new(data).look(data, id);
        output::notice(&match is_whole {
            true => notices::already_installed(&listed),
            false => notices::installed(&listed),
        });
        Ok(())
    }

    /// Begins to remember the trial, before anything of it is downloaded. What was remembered of
    /// an older trial and got lost is replaced on the safe side; the answer is whether it was. The same
    /// trial on another Builder is one that was sent before, too.
    fn ensure_state(&self, answer: &TrialAnswer) -> Result<bool, Error> {
        let lock = StateLock::wait(&self.context.data, &self.builder.secret, self.id)?;
        let trial = &answer.trial;
        match lock.load(trial.id) {
            Err(error) if error.slug() == Slug::StateDamaged => {
                let is_recovered = answer.delivered;
                let state = if is_recovered {
                    library::recovered_state(trial.started_at, clock::now().max(answer.time))
                } else {
                    TrialState::default()
                };
                lock.store(trial.id, &state).map(|()| is_recovered)
            }
            loaded => loaded.map(|_| false),
        }
    }

    /// What of the trial is installed already. Of the trial itself every chunk is checked.
    fn installed(&self, answer: &TrialAnswer) -> Result<Installed, Error> {
        let fetched = match Fetched::open(&self.context.data, self.id) {
            Err(error) if error.slug() == Slug::NotInstalled => return Ok(Installed::Nothing),
            Ok(fetched) if fetched.clear().untrusted.release != answer.trial.version => {
                return Ok(Installed::Nothing);
            }
            Ok(fetched) if fetched.clear().untrusted.trial_id != answer.trial.id => {
                return Ok(Installed::OlderHead);
            }
            fetched => fetched,
        };
        let checked = fetched.and_then(|fetched| fetched.verify(&self.builder)).and_then(|trial| {
            let progress = Progress::of_bytes("Checking", 0, trial.checked_length());
            trial.check(&self.guard, &mut |done| progress.set(done))?;
            Ok(trial.control().head_number >= answer.trial.head_number)
        });
        match checked {
            Ok(true) => Ok(Installed::Whole),
            Ok(false) => Ok(Installed::OlderHead),
            Err(error) if error.slug() == Slug::LocalFile => Err(error),
            Err(_) => {
                output::notice(notices::GETTING_AGAIN);
                Ok(Installed::Nothing)
            }
        }
    }
}

/// What of a trial is installed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Installed {
    /// All of it, intact.
    Whole,
    /// A file before whose body its head may fit.
    OlderHead,
    /// Nothing that could be used.
    Nothing,
}
