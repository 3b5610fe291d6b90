//! The server's client (T&B steps 406-422): every contact compares the server's key with the
//! pinned one before anything else is asked or told.

pub mod address;
pub mod download;
pub mod http;
pub mod ranges;
mod signer;

use serde::Serialize;
use serde::de::DeserializeOwned;
use trybuy_formats::api::{
    AcceptanceCode, ApplicationDetails, ApplicationPage, ApplicationSummary, AskTime, BASE,
    BuilderLicenseAnswer, BuyApplication, EmailCodeAnswer, FirstRun, OfferAnswer, RegisterBuilder,
    RenewBuilderLicense, RequestTrial, ServerInfo, TimeAnswer, TrialAnswer, TrialSummary,
    TrialsAnswer, VerifiedEmail, VerifyEmail,
};
use trybuy_formats::ids::{ApplicationId, Digest, KeyId, Platform, TrialId};
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::key_id;
use trybuy_formats::primitives::{VerificationKey, sha256};
use trybuy_formats::signed_time::TimeQuestion;

use crate::error::Error;
use crate::messages;
use address::ServerAddress;
use http::Http;
pub use signer::Signer;

/// The most applications that one search lists.
const MOST_APPLICATIONS: usize = 10_000;

/// The most bytes of a head: its control area at its cap, and what is before it.
pub(crate) const HEAD_CAP: usize = 72 << 10;

/// A server that showed its key, and it was the pinned one where one is pinned.
pub struct Server {
    http: Http,
    address: ServerAddress,
    info: ServerInfo,
    key: VerificationKey,
}

impl Server {
    /// Contacts a server and checks its key; `pinned` is none before setup.
    ///
    /// # Errors
    /// `server-unreachable`, `server-key-changed`, or `server-error` when it is no trybuy server.
    pub fn connect(address: ServerAddress, pinned: Option<KeyId>) -> Result<Self, Error> {
        let http = Http::new(&address)?;
        let info: ServerInfo = http.get(&address.join(&format!("{BASE}/server")))?;
        let strange = |detail: &str| messages::strange_answer(&address.to_string(), detail);
        let key = VerificationKey::from_spki(&info.public_key)
            .map_err(|_| strange("its public key is not one"))?;
        let shown = key_id(key.spki());
        if let Some(pinned) = pinned.filter(|pinned| *pinned != shown) {
            return Err(messages::server_key_changed(&address.to_string(), pinned, shown));
        }
        if shown != info.key_id {
            return Err(strange("its key id is not that of its key"));
        }
        check_terms(&address, &info.builder_terms, info.builder_terms_digest)?;
        Ok(Self { http, address, info, key })
    }

    /// What the server says of itself.
    pub fn info(&self) -> &ServerInfo {
        &self.info
    }

    /// Its key, as it showed it.
    pub fn key(&self) -> &VerificationKey {
        &self.key
    }

    /// Its address.
    pub fn address(&self) -> &ServerAddress {
        &self.address
    }

    /// The connection, for downloads.
    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    /// Searches the catalog; every page of it, up to a cap.
    ///
    /// # Errors
    /// What the server refuses, and `server-unreachable`.
    pub fn search(
        &self,
        words: &str,
        platform: Option<&Platform>,
    ) -> Result<Vec<ApplicationSummary>, Error> {
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        while found.len() < MOST_APPLICATIONS {
            let mut url = self.address.join(&format!("{BASE}/applications"));
            {
                let mut query = url.query_pairs_mut();
                query.append_pair("limit", "100");
                if !words.is_empty() {
                    query.append_pair("q", words);
                }
                if let Some(platform) = platform {
                    query.append_pair("platform", platform.as_str());
                }
                if let Some(after) = &after {
                    query.append_pair("after", after);
                }
            }
            let page: ApplicationPage = self.http.get(&url)?;
            let was_empty = page.applications.is_empty();
            found.extend(page.applications);
            after = page.next;
            if after.is_none() || was_empty {
                break;
            }
        }
        Ok(found)
    }

    /// Everything about one application.
    ///
    /// # Errors
    /// `not-found`, `server-unreachable`, and `server-error` when its terms are not what their
    /// digest says.
    pub fn application(&self, id: &ApplicationId) -> Result<ApplicationDetails, Error> {
        let details: ApplicationDetails = self.http.get(&self.application_url(id, ""))?;
        check_terms(&self.address, &details.terms, details.terms_digest)?;
        Ok(details)
    }

    /// Registers a Builder (steps 402-404). The same keys get the same license again.
    ///
    /// # Errors
    /// What the server refuses, and `server-unreachable`.
    pub fn register(
        &self,
        request: &RegisterBuilder,
        signer: &Signer,
    ) -> Result<BuilderLicenseAnswer, Error> {
        self.post("/builders", Some(request), signer)
    }

    /// Gets another license for a registered Builder, with a later end.
    ///
    /// # Errors
    /// What the server refuses, and `server-unreachable`.
    pub fn renew_license(
        &self,
        request: &RenewBuilderLicense,
        signer: &Signer,
    ) -> Result<BuilderLicenseAnswer, Error> {
        self.post("/builders/license", Some(request), signer)
    }

    /// Asks the server to sign the time.
    ///
    /// # Errors
    /// What the server refuses; `server-error` when its answer is not a time for this question.
    pub fn signed_time(&self, signer: &Signer) -> Result<Instant, Error> {
        let question = TimeQuestion::ask();
        let request = AskTime { nonce: question.nonce().to_vec() };
        let answer: TimeAnswer = self.post("/builders/time", Some(&request), signer)?;
        question
            .answered(&self.key, &answer.signed_time)
            .map_err(|error| messages::strange_answer(&self.address.to_string(), error))
    }

    /// Has the server send a code to the holder's e-mail address.
    ///
    /// # Errors
    /// What the server refuses, and `server-unreachable`.
    pub fn email_code(&self, signer: &Signer) -> Result<EmailCodeAnswer, Error> {
        self.post("/builders/email-codes", None::<&()>, signer)
    }

    /// Verifies that address with the code.
    ///
    /// # Errors
    /// `email-not-verified` when it is not the code, what else the server refuses, and
    /// `server-unreachable`.
    pub fn verify_email(
        &self,
        request: &VerifyEmail,
        signer: &Signer,
    ) -> Result<VerifiedEmail, Error> {
        self.post("/builders/email", Some(request), signer)
    }

    /// Gets a code to retype, as acceptance of an application's terms.
    ///
    /// # Errors
    /// What the server refuses, and `server-unreachable`.
    pub fn acceptance_code(
        &self,
        id: &ApplicationId,
        signer: &Signer,
    ) -> Result<AcceptanceCode, Error> {
        let path = format!("/applications/{id}/acceptance-codes");
        self.post(&path, None::<&()>, signer)
    }

    /// What a trial of an application would be for this Builder.
    ///
    /// # Errors
    /// What the server refuses, and `server-unreachable`.
    pub fn offer(&self, id: &ApplicationId, signer: &Signer) -> Result<OfferAnswer, Error> {
        let path = format!("/applications/{id}/offer");
        self.post(&path, None::<&()>, signer)
    }

    /// Requests a trial (step 408).
    ///
    /// # Errors
    /// The access condition that is not met, what else the server refuses, and
    /// `server-unreachable`.
    pub fn request_trial(
        &self,
        id: &ApplicationId,
        request: &RequestTrial,
        signer: &Signer,
    ) -> Result<TrialAnswer, Error> {
        let path = format!("/applications/{id}/trials");
        self.post(&path, Some(request), signer)
    }

    /// Redeems a purchase key.
    ///
    /// # Errors
    /// The access condition that is not met, `key-refused`, and `server-unreachable`.
    pub fn buy(
        &self,
        id: &ApplicationId,
        request: &BuyApplication,
        signer: &Signer,
    ) -> Result<TrialAnswer, Error> {
        self.post(&format!("/applications/{id}/purchases"), Some(request), signer)
    }

    /// The trials of this Builder, the newest first.
    ///
    /// # Errors
    /// What the server refuses, and `server-unreachable`.
    pub fn trials(&self, signer: &Signer) -> Result<Vec<TrialSummary>, Error> {
        let answer: TrialsAnswer = self.get_signed("/trials", signer)?;
        Ok(answer.trials)
    }

    /// One of this Builder's trials as it is now.
    ///
    /// # Errors
    /// `not-found`, `trial-expired` or `grace-ended`, and `server-unreachable`.
    pub fn trial(&self, id: TrialId, signer: &Signer) -> Result<TrialAnswer, Error> {
        self.get_signed(&format!("/trials/{id}"), signer)
    }

    /// Tells on which day a trial was run for the first time.
    ///
    /// # Errors
    /// `not-found`, what else the server refuses, and `server-unreachable`.
    pub fn report_first_run(
        &self,
        id: TrialId,
        on: Instant,
        signer: &Signer,
    ) -> Result<FirstRun, Error> {
        self.post(&format!("/trials/{id}/first-run"), Some(&FirstRun { on }), signer)
    }

    /// The head of a trial's file alone.
    ///
    /// # Errors
    /// What the server refuses, and `server-unreachable`.
    pub fn head(&self, answer: &TrialAnswer) -> Result<Vec<u8>, Error> {
        fetch_head(&self.http, &self.address, answer)
    }

    fn get_signed<A: DeserializeOwned>(&self, path: &str, signer: &Signer) -> Result<A, Error> {
        self.http.get_signed(&self.address.join(&format!("{BASE}{path}")), signer)
    }

    fn application_url(&self, id: &ApplicationId, more: &str) -> url::Url {
        self.address.join(&format!("{BASE}/applications/{id}{more}"))
    }

    fn post<B: Serialize, A: DeserializeOwned>(
        &self,
        path: &str,
        body: Option<&B>,
        signer: &Signer,
    ) -> Result<A, Error> {
        let url = self.address.join(&format!("{BASE}{path}"));
        let body = match body {
            Some(body) => {
                serde_json::to_vec(body).expect("the wire types have no keys that JSON cannot hold")
            }
            None => Vec::new(),
        };
        self.http.post_signed(&url, &body, signer)
    }
}

/// The head of a trial's file alone.
pub(crate) fn fetch_head(
    http: &Http,
    address: &ServerAddress,
    answer: &TrialAnswer,
) -> Result<Vec<u8>, Error> {
    let mut url = address.download(&answer.download_url)?;
    let path = format!("{}/head", url.path());
    url.set_path(&path);
    http.bytes(&url, HEAD_CAP as u64)
}

/// A server that shows one text and has another accepted would be lying.
fn check_terms(address: &ServerAddress, terms: &str, digest: Digest) -> Result<(), Error> {
    if Digest::from_bytes(sha256(terms.as_bytes())) == digest {
        Ok(())
    } else {
        Err(messages::strange_answer(
            &address.to_string(),
            "the digest of the licensing terms is not that of their text",
        ))
    }
}
