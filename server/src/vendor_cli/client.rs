//! Speaks to a server's HTTP API as a vendor.
//!
//! Its functions block. Inside is reqwest's asynchronous client on a runtime of one thread: the
//! blocking one loses an answer that comes before the whole upload has been read, so that a refusal
//! would look like a broken connection.

mod answer;
mod policies;
mod purchases;
mod upload;
mod webhooks;

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, redirect};
use serde::de::DeserializeOwned;
use tokio::runtime::{self, Runtime};
use trybuy_formats::api::{
    BASE, Block, BlocksAnswer, PutBlock, ReleasesAnswer, RequestersAnswer, ServerInfo, TermsAnswer,
};
use trybuy_formats::ids::{ApplicationId, Digest, Note};
use trybuy_formats::slug::Slug;
use trybuy_formats::subject::Subject;
use url::Url;

use super::connection::Connection;
use super::failure::Failure;

pub use upload::{Published, Upload};

const CONNECT: Duration = Duration::from_secs(15);
/// The longest silence of a server that has to answer.
const SILENCE: Duration = Duration::from_secs(60);
/// Entries on one page: the most that a server sends.
const PAGE: &str = "100";

/// A client of one server.
pub struct Client {
    runtime: Runtime,
    http: reqwest::Client,
    server: Url,
    authorization: HeaderValue,
}

impl Client {
    /// A client for a server; nothing is sent yet.
    ///
    /// # Errors
    /// When the system has no room for it.
    pub fn new(connection: &Connection) -> Result<Self, Failure> {
        let failed = |what: String| Failure::new(Slug::LocalFile, what);
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| failed(format!("cannot start: {error}")))?;
        let http = reqwest::Client::builder()
            .user_agent(concat!("trybuy-vendor/", env!("CARGO_PKG_VERSION")))
            // A redirection would carry the token to another place.
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .build()
            .map_err(|error| failed(format!("cannot start: {}", answer::reason(error))))?;
        let bearer = format!("Bearer {}", connection.token.as_str());
        let mut authorization = HeaderValue::try_from(zeroize::Zeroizing::new(bearer).as_str())
            .map_err(|_| Failure::new(Slug::Unauthorized, "the token is not a token"))?;
        authorization.set_sensitive(true);
        Ok(Self { runtime, http, server: connection.server.clone(), authorization })
    }

    /// What the server is, with its public key 187. Sends no token.
    ///
    /// # Errors
    /// When it cannot be reached, or is no trybuy server.
    pub fn server(&self) -> Result<ServerInfo, Failure> {
        let request = self.http.get(self.url(&["server"]));
        self.json(request).map_err(|failure| match failure {
            Failure::Refused { slug: Slug::NotFound, .. } => Failure::new(
                Slug::NotFound,
                format!("there is no trybuy server at {}", self.server),
            )
            .with_help("check the address"),
            other => other,
        })
    }

    /// The vendor's releases, the newest first.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub fn releases(&self, application: Option<&ApplicationId>) -> Result<ReleasesAnswer, Failure> {
        let mut request = self.request(Method::GET, &["vendor", "releases"]);
        if let Some(application) = application {
            request = request.query(&[("application", application.as_str())]);
        }
        self.json(request)
    }

    /// One page of the requests for trials; the first one without `after`.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub fn requests(
        &self,
        application: &ApplicationId,
        after: Option<&str>,
    ) -> Result<RequestersAnswer, Failure> {
        self.json(self.requests_of(application, after))
    }

    /// One page of the requests for trials as comma-separated values (RFC 4180) with a head, as the
    /// server writes them; and where the next page begins.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub fn requests_table(
        &self,
        application: &ApplicationId,
        after: Option<&str>,
    ) -> Result<(Vec<u8>, Option<String>), Failure> {
        let request = self.requests_of(application, after).header(ACCEPT, "text/csv");
        self.runtime.block_on(async {
            let response = self.send(request).await?;
            let next = answer::next_page(&response);
            Ok((answer::table(response, SILENCE).await?, next))
        })
    }

    /// The text of terms that a release of an application had.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub fn terms(
        &self,
        application: &ApplicationId,
        digest: &Digest,
    ) -> Result<TermsAnswer, Failure> {
        let path = ["vendor", "applications", application.as_str(), "terms", &digest.to_string()];
        self.json(self.request(Method::GET, &path))
    }

    /// Gives somebody no new trial of the vendor's applications.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub fn put_block(&self, subject: &Subject, reason: Option<&Note>) -> Result<Block, Failure> {
        let path = ["vendor", "blocks", &subject.to_string()];
        let body = PutBlock { reason: reason.cloned() };
        self.json(self.request(Method::PUT, &path).json(&body))
    }

    /// Takes a block away.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub fn delete_block(&self, subject: &Subject) -> Result<(), Failure> {
        let path = ["vendor", "blocks", &subject.to_string()];
        self.done(self.request(Method::DELETE, &path))
    }

    /// One page of the vendor's blocks; the first one without `after`.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub fn blocks(&self, after: Option<&str>) -> Result<BlocksAnswer, Failure> {
        let request = self.request(Method::GET, &["vendor", "blocks"]).query(&[("limit", PAGE)]);
        self.json(request.query(&after.map(|after| ("after", after)).as_slice()))
    }

    fn requests_of(&self, application: &ApplicationId, after: Option<&str>) -> RequestBuilder {
        let path = ["vendor", "applications", application.as_str(), "requests"];
        let request = self.request(Method::GET, &path).query(&[("limit", PAGE)]);
        match after {
            Some(after) => request.query(&[("after", after)]),
            None => request,
        }
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.server.clone();
        // An http address has a path that can be extended; `Connection` accepts no other.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(BASE.split('/').skip(1)).extend(path);
        }
        url
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        self.http.request(method, self.url(path)).header(AUTHORIZATION, self.authorization.clone())
    }

    fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Failure> {
        self.runtime.block_on(async {
            let response = self.send(request).await?;
            answer::json(response, SILENCE).await
        })
    }

    /// Sends a request that is answered with nothing.
    fn done(&self, request: RequestBuilder) -> Result<(), Failure> {
        self.runtime.block_on(self.send(request)).map(drop)
    }

    /// Sends a request and answers its response, if that is one of success.
    async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let sent = tokio::time::timeout(SILENCE, request.send()).await;
        let response = match sent {
            Err(_) => return Err(self.unreachable("it did not answer")),
            Ok(Err(error)) => return Err(self.unreachable(&answer::reason(error))),
            Ok(Ok(response)) => response,
        };
        answer::success(response, SILENCE).await
    }

    fn unreachable(&self, why: &str) -> Failure {
        let what = format!("{} cannot be reached: {why}", self.server);
        Failure::new(Slug::ServerUnreachable, what)
            .with_help("check the address and the network, then run the command again")
    }
}
