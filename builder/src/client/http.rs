//! HTTP with bounded answers: one attempt each, every failure named.

use std::io::{self, Read as _};
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::blocking::{Client, ClientBuilder, RequestBuilder, Response};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use serde::de::DeserializeOwned;
use trybuy_formats::api::Problem;
use trybuy_formats::slug::Slug;
use url::Url;

use super::Signer;
use super::address::ServerAddress;
use crate::clock;
use crate::error::Error;
use crate::messages;

/// The most bytes of an answer that are read: documentation, terms and relicensing terms at their
/// caps (6 MiB), each byte at worst six in JSON.
const ANSWER_CAP: u64 = 40 << 20;
/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(15);
/// How long to wait for the next byte of an answer: a connection without one has stalled.
const STALL: Duration = Duration::from_secs(30);
/// How long an answer may take as a whole: the longest one over a slow connection.
const WHOLE: Duration = Duration::from_secs(600);
/// How long an answer of a gateway may take: it is short, and other commands wait for it.
const SHORT: Duration = Duration::from_secs(20);

/// A connection to servers, with proxies from the environment.
#[derive(Clone)]
pub struct Http {
    client: Client,
    /// How long an answer may take as a whole.
    whole: Duration,
}

impl Http {
    /// A connection with the usual time limits.
    ///
    /// # Errors
    /// `server-unreachable` when an encrypted connection is wanted and this system trusts no
    /// certificates.
    pub fn new(address: &ServerAddress) -> Result<Self, Error> {
        let built = client(STALL).build().or_else(|error| match address.is_encrypted() {
            true => Err(error),
            // A system without certificates is good enough for a server on this machine.
            false => client(STALL).tls_certs_only([]).build(),
        });
        match built {
            Ok(client) => Ok(Self { client, whole: WHOLE }),
            Err(error) => Err(messages::no_certificates(innermost(error))),
        }
    }

    /// A connection to a gateway, that trusts, and shows itself, as this configuration says.
    ///
    /// # Errors
    /// `server-unreachable` when the library fails.
    pub(crate) fn with_tls(configuration: rustls::ClientConfig) -> Result<Self, Error> {
        let built = client(STALL).tls_backend_preconfigured(configuration).build();
        let client = built.map_err(|error| messages::no_certificates(innermost(error)))?;
        Ok(Self { client, whole: SHORT })
    }

    /// A connection without encryption that gives up after so long without a byte.
    ///
    /// # Errors
    /// `server-unreachable` when the library fails.
    pub fn plain_with_stall_limit(stall: Duration) -> Result<Self, Error> {
        let built = client(stall).tls_certs_only([]).build();
        let client = built.map_err(|error| messages::no_certificates(innermost(error)))?;
        Ok(Self { client, whole: WHOLE })
    }

    /// Begins a request for a download.
    pub(crate) fn download(&self, url: &Url) -> RequestBuilder {
        self.client.get(url.clone())
    }

    /// `GET`, answered in JSON.
    pub(crate) fn get<A: DeserializeOwned>(&self, url: &Url) -> Result<A, Error> {
        let request = self.client.get(url.clone()).header(ACCEPT, "application/json");
        match self.exchange(url, request)? {
            Answer::Good(answer) => Ok(answer),
            Answer::Problem(problem) => Err(messages::problem(&problem)),
        }
    }

    /// A signed `GET`, answered in JSON.
    pub(crate) fn get_signed<A: DeserializeOwned>(
        &self,
        url: &Url,
        signer: &Signer,
    ) -> Result<A, Error> {
        self.signed(&Method::GET, url, &[], signer)
    }

    /// A signed `POST`, answered in JSON.
    pub(crate) fn post_signed<A: DeserializeOwned>(
        &self,
        url: &Url,
        body: &[u8],
        signer: &Signer,
    ) -> Result<A, Error> {
        self.signed(&Method::POST, url, body, signer)
    }

    /// A `POST` that is not signed, answered in JSON.
    pub(crate) fn post<A: DeserializeOwned>(&self, url: &Url, body: Vec<u8>) -> Result<A, Error> {
        let request = self.client.post(url.clone()).header(CONTENT_TYPE, "application/json");
        match self.exchange(url, request.header(ACCEPT, "application/json").body(body))? {
            Answer::Good(answer) => Ok(answer),
            Answer::Problem(problem) => Err(messages::problem(&problem)),
        }
    }

    /// Where the server finds this computer's clock wrong, the request is signed again with the server's
    /// time, once (`RQ-5`).
    fn signed<A: DeserializeOwned>(
        &self,
        method: &Method,
        url: &Url,
        body: &[u8],
        signer: &Signer,
    ) -> Result<A, Error> {
        let mut created = clock::now();
        for retried in [false, true] {
            let fields = signer.sign(method, url, body, created);
            let request = self
                .client
                .request(method.clone(), url.clone())
                .header(ACCEPT, "application/json")
                .header(CONTENT_TYPE, "application/json")
                .header("content-digest", fields.content_digest)
                .header("signature-input", fields.signature_input)
                .header("signature", fields.signature)
                .body(body.to_vec());
            match self.exchange(url, request)? {
                Answer::Good(answer) => return Ok(answer),
                Answer::Problem(problem) => match problem.server_time {
                    Some(time) if problem.slug == Slug::ClockSkew && !retried => created = time,
                    _ => return Err(messages::problem(&problem)),
                },
            }
        }
        Err(messages::strange_answer(&origin(url), "it does not accept its own time"))
    }

    /// `GET`, answered with a few bytes.
    pub(crate) fn bytes(&self, url: &Url, cap: u64) -> Result<Vec<u8>, Error> {
        let response = self.download(url).send().map_err(|error| unreachable(url, error))?;
        if !response.status().is_success() {
            return Err(refusal_of(url, response));
        }
        read_body(url, response, cap, self.whole)
    }

    fn exchange<A: DeserializeOwned>(
        &self,
        url: &Url,
        request: RequestBuilder,
    ) -> Result<Answer<A>, Error> {
        let response = request.send().map_err(|error| unreachable(url, error))?;
        let status = response.status();
        if !status.is_success() {
            return Ok(Answer::Problem(Box::new(problem_of(url, response, self.whole)?)));
        }
        let body = read_body(url, response, ANSWER_CAP, self.whole)?;
        let answer = serde_json::from_slice(&body)
            .map_err(|error| messages::strange_answer(&origin(url), error))?;
        Ok(Answer::Good(answer))
    }
}

fn client(stall: Duration) -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("trybuy/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .timeout(stall)
        // Requests are signed for one path, and a download address is a secret.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
}

/// What came back.
enum Answer<A> {
    Good(A),
    Problem(Box<Problem>),
}

/// The failure behind an answer that is no success: a problem document, or that it is none.
pub(crate) fn refusal_of(url: &Url, response: Response) -> Error {
    match problem_of(url, response, WHOLE) {
        Ok(problem) => messages::problem(&problem),
        Err(error) => error,
    }
}

/// Where a server is, without the path: a download's path is a secret.
pub(crate) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// A transport error, without the address in it, which may be a secret.
pub(crate) fn unreachable(url: &Url, error: reqwest::Error) -> Error {
    messages::server_unreachable(&origin(url), io::Error::other(innermost(error)))
}

/// The innermost cause of a transport error: what the system or the TLS library said.
pub(crate) fn innermost(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn problem_of(url: &Url, response: Response, whole: Duration) -> Result<Problem, Error> {
    let status = response.status();
    if let Some(to) = redirection(response.headers()).filter(|_| status.is_redirection()) {
        let detail = format!("it points to {to}: set up with that address");
        return Err(messages::strange_answer(&origin(url), detail));
    }
    let body = read_body(url, response, ANSWER_CAP, whole)?;
    serde_json::from_slice(&body)
        .map_err(|_| messages::strange_answer(&origin(url), format!("HTTP status {status}")))
}

fn redirection(headers: &HeaderMap) -> Option<String> {
    let location = headers.get(reqwest::header::LOCATION)?.to_str().ok()?;
    Some(messages::words::quoted(location))
}

/// Reads a body of so many bytes at the most, for so long at the most: one that comes byte by byte never stalls.
fn read_body(
    url: &Url,
    mut response: Response,
    cap: u64,
    whole: Duration,
) -> Result<Vec<u8>, Error> {
    let (begun, mut body, mut piece) = (Instant::now(), Vec::new(), [0; 16 << 10]);
    let failed = |error| messages::server_unreachable(&origin(url), error);
    loop {
        let length = response.read(&mut piece).map_err(failed)?;
        if length == 0 {
            return Ok(body);
        }
        body.extend_from_slice(&piece[..length]);
        if u64::try_from(body.len()).is_ok_and(|length| length > cap) {
            return Err(messages::strange_answer(&origin(url), "its answer is too long"));
        }
        if begun.elapsed() > whole {
            return Err(failed(io::Error::other("its answer takes too long")));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn an_answer_that_comes_byte_by_byte_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("bound"));
        let dripping = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let _asked = stream.read(&mut [0; 4096]).expect("a request");
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").expect("sent");
            // It ends when the other side does.
            while stream.write_all(b" ").is_ok() {
                thread::sleep(Duration::from_millis(10));
            }
        });
        let http = Http::plain_with_stall_limit(STALL).expect("a client");
        let impatient = Http { whole: Duration::from_millis(100), ..http };
        let error = impatient.get::<Problem>(&url.parse().expect("a URL")).expect_err("given up");
        assert_eq!(error.slug(), Slug::ServerUnreachable);
        assert!(error.explain().contains("takes too long"), "{}", error.explain());
        drop(impatient);
        dripping.join().expect("it ends");
    }
}
