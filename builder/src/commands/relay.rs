//! `trybuy relay`: brings a request file to its server, and the answer back, with the file or head that
//! belongs to it. It needs no setup, and cut anywhere it goes on.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use trybuy_formats::api::{BASE, TrialAnswer};
use trybuy_formats::limits;
use trybuy_formats::offline::{OfflineOutcome, OfflineResponse, Part, ResponseFile, SignedRequest};

use super::try_application::beside;
use super::{Context, contact, offline};
use crate::cli::RelayArguments;
use crate::client::address::{ServerAddress, Transport};
use crate::client::download::{self, DownloadError, Patience, Source};
use crate::client::fetch_head;
use crate::client::http::Http;
use crate::data_dir;
use crate::error::Error;
use crate::messages::{self, notices};
use crate::output;
use crate::output::progress::Progress;

pub(super) fn relay(context: &Context, arguments: &RelayArguments) -> Result<(), Error> {
    let absolute = |path: &Path| {
        std::path::absolute(path).map_err(|error| messages::local_file("use", path, error))
    };
    let (from, to) = (absolute(&arguments.request)?, absolute(&arguments.response)?);
    let request = read_request(&from)?;
    let unverified =
        request.unverified().map_err(|error| messages::request_unusable(&from, error))?;
    let transport =
        if arguments.insecure_http { Transport::DangerousPlain } else { Transport::Encrypted };
    if from == to {
        return Err(messages::answer_over_request(&to));
    }
    offline::refuse_other_file(&to, limits::OFFLINE_RESPONSE, |bytes| {
        ResponseFile::read(bytes).is_ok()
    })?;
    let named = context.server.as_deref().unwrap_or(&unverified.server);
    let address = ServerAddress::parse(named, transport)?;
    if address != ServerAddress::parse(&unverified.server, transport)? {
        let (what, help) = notices::relayed_elsewhere(&unverified.server, &address.to_string());
        output::warn(&what, help);
    }
    contact::warn_if_plain(&address);
    let http = Http::new(&address)?;
    let response = match answered_before(&to, &request) {
        Some(response) => response,
        None => ask(&http, &address, &request, &to)?,
    };
    match &response.outcome {
        OfflineOutcome::License { .. }
        | OfflineOutcome::Time { .. }
        | OfflineOutcome::Email { .. } => {}
        OfflineOutcome::Trial { answer, part } => fetch(&http, &address, answer, *part, &to)?,
        OfflineOutcome::Refused { problem, .. } => {
            output::notice(&notices::relayed_refusal(problem))
        }
    }
    let brings = matches!(response.outcome, OfflineOutcome::Trial { .. })
        .then(|| beside(&arguments.response));
    output::notice(&notices::relayed(&address.to_string(), &arguments.response, brings.as_deref()));
    Ok(())
}

fn read_request(path: &Path) -> Result<SignedRequest, Error> {
    let bytes = data_dir::read(path, limits::OFFLINE_REQUEST)?
        .ok_or_else(|| messages::request_missing(path))?;
    SignedRequest::read(&bytes).map_err(|error| messages::request_unusable(path, error))
}

/// The answer to this request, where it is there already: what was begun to be downloaded goes on.
fn answered_before(path: &Path, request: &SignedRequest) -> Option<OfflineResponse> {
    let bytes = data_dir::read(path, limits::OFFLINE_RESPONSE).ok()??;
    let response = opened(&ResponseFile::read(&bytes).ok()?)?;
    (response.request == request.digest()).then_some(response)
}

/// What it says by the key that it names itself: enough to know what to bring.
fn opened(file: &ResponseFile) -> Option<OfflineResponse> {
    let key = file.server_key().ok()?;
    file.verify(&key).ok().map(|(response, _)| response)
}

/// The answer is on the disk before anything else is asked for, so that none of it is lost.
fn ask(
    http: &Http,
    address: &ServerAddress,
    request: &SignedRequest,
    to: &Path,
) -> Result<OfflineResponse, Error> {
    let url = address.join(&format!("{BASE}/offline"));
    let file: ResponseFile = http.post(&url, request.to_bytes())?;
    let response = opened(&file).filter(|response| response.request == request.digest());
    let response = response.ok_or_else(|| {
        messages::strange_answer(&address.to_string(), "it answers another request")
    })?;
    data_dir::remove(&beside(to))?;
    data_dir::remove(&partial(to))?;
    data_dir::replace(to, &file.to_bytes())?;
    Ok(response)
}

fn fetch(
    http: &Http,
    address: &ServerAddress,
    answer: &TrialAnswer,
    part: Part,
    to: &Path,
) -> Result<(), Error> {
    let (path, partial) = (beside(to), partial(to));
    if path.exists() {
        return Ok(());
    }
    if part == Part::Head {
        return data_dir::replace(&path, &fetch_head(http, address, answer)?);
    }
    let source = Source {
        url: address.download(&answer.download_url)?,
        length: answer.length,
        etag: answer.etag.clone(),
    };
    let failed = |error| messages::local_file("write", &partial, error);
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).mode(0o600).open(&partial);
    let file = file.map_err(failed)?;
    let have = file.metadata().map_err(failed)?.len().min(source.length);
    let progress = Progress::of_bytes("Downloading", have, source.length);
    let done = download::download(http, &source, &file, (0, have), Patience::USUAL, &mut |at| {
        progress.set(at);
    });
    match done {
        Ok(()) => data_dir::publish(&file, &partial, &path),
        Err(DownloadError::Ended(error)) => Err(error),
        Err(DownloadError::Write(error)) => Err(failed(error)),
        Err(DownloadError::Changed) => {
            data_dir::remove(&partial)?;
            data_dir::remove(to)?;
            Err(messages::download_unstable(&address.to_string()))
        }
    }
}

fn partial(response: &Path) -> PathBuf {
    let mut name = beside(response).into_os_string();
    name.push(".part");
    name.into()
}
