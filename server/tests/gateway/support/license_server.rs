//! A license server in this process: real certificates and lists, and decisions that tests make.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use trybuy_formats::api::{GatewayLicenseRequest, LicenseServerInfo, SeenLicenses};
use trybuy_formats::certificates::LicenseIssuer;
use trybuy_formats::ids::{PackId, SeatLicenseId};
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::records::{RecordsMark, RecordsStatement};
use trybuy_formats::licensing::sealed_license;
use trybuy_formats::licensing::seat_license::{SeatLicense, SeatLicenseKind};
use trybuy_formats::primitives::EncryptionKey;

use super::company::{SERVER, issued, seat};
use super::until;

/// How it fails, as where its database is away.
pub(crate) const FAILED: (StatusCode, &str) = (
    StatusCode::INTERNAL_SERVER_ERROR,
    r#"{"type":"/problems/server-error","status":500,"title":"the server failed"}"#,
);
/// What something in front of it says.
pub(crate) const BETWEEN: (StatusCode, &str) = (StatusCode::BAD_GATEWAY, "<h1>Bad Gateway</h1>");

/// A license server. All of its connections end with one answer, so that it can be stopped at once.
pub(crate) struct LicenseServer {
    pub(crate) address: SocketAddr,
    pub(crate) state: Shared,
    task: JoinHandle<()>,
}

/// What tests and handlers tell each other.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Inner>>);

pub(crate) struct Inner {
    pub(crate) issuer: LicenseIssuer,
    /// The certificates that it shows.
    pub(crate) shown: String,
    pub(crate) revocations: Vec<u8>,
    /// How far its records go.
    pub(crate) mark: RecordsMark,
    /// What it says of them, if somebody between says something else.
    pub(crate) said: Option<String>,
    /// Whether it takes requests, and never answers that it is there.
    pub(crate) hangs: bool,
    /// Whether it says that it can write nothing.
    pub(crate) cannot_write: bool,
    /// Whether it was found to be a restored one.
    pub(crate) restored: bool,
    /// Whether it does not know its gateway.
    pub(crate) forgot_gateway: bool,
    /// What it says to all that its gateway has signed, if it refuses that.
    pub(crate) refusal: Option<&'static str>,
    /// What something in front of it answers to what its gateway shows of the records, if it does.
    pub(crate) between: Option<(StatusCode, &'static str)>,
    /// With what status and body it fails at whatever is asked of it for a license, if it does.
    pub(crate) failure: Option<(StatusCode, &'static str)>,
    /// Whether somebody on the way says that it was found to be a restored one.
    pub(crate) called_restored: bool,
    /// Whether it has no license for clients of gateways.
    pub(crate) refuses: bool,
    /// Whether what it has for them is permanent.
    pub(crate) permanent: bool,
    /// When the licenses of these end.
    pub(crate) ends_at: Option<Instant>,
    /// What it answers to what is passed on, if not what it was asked.
    pub(crate) answer: Option<Vec<u8>>,
    pub(crate) reports: Vec<SeenLicenses>,
    asked: HashMap<&'static str, usize>,
}

impl Inner {
    /// What a gateway hears of its records.
    fn says(&self) -> String {
        self.said.clone().unwrap_or_else(|| self.statement())
    }

    /// What it says of its records.
    pub(crate) fn statement(&self) -> String {
        RecordsStatement::sign(&self.issuer, self.mark, self.restored).expect("signed")
    }
}

impl LicenseServer {
    pub(crate) async fn start(issuer: LicenseIssuer, revocations: Vec<u8>) -> Self {
        let shown = issuer.chain().to_pem();
        let state = Shared(Arc::new(Mutex::new(Inner {
            issuer,
            shown,
            revocations,
            mark: RecordsMark { records: 5, ..RecordsMark::BEGIN },
            said: None,
            hangs: false,
            cannot_write: false,
            restored: false,
            forgot_gateway: false,
            refusal: None,
            between: None,
            failure: None,
            called_restored: false,
            refuses: false,
            permanent: false,
            ends_at: None,
            answer: None,
            reports: Vec::new(),
            asked: HashMap::new(),
        })));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let task = serve(listener, state.clone());
        Self { address, state, task }
    }

    pub(crate) async fn stop(&self) {
        self.task.abort();
        let gone = || std::net::TcpStream::connect(self.address).is_err();
        until("the license server is gone", gone).await;
    }

    /// Waits until its gateway has looked at it once more, from the beginning to the end: the next look may have begun
    /// already, and the third begins after the second. With each it asks once for the revocation list.
    pub(crate) async fn looked_at(&self) {
        let before = self.state.asked("revocations");
        until("a look", || self.state.asked("revocations") > before + 2).await;
    }
}

impl Shared {
    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("no test failed")
    }

    pub(crate) fn asked(&self, what: &str) -> usize {
        self.inner().asked.get(what).copied().unwrap_or(0)
    }

    /// Of how many licenses it was told with each report.
    pub(crate) fn told(&self) -> Vec<usize> {
        self.inner().reports.iter().map(|report| report.licenses.len()).collect()
    }

    fn count(&self, what: &'static str) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner();
        *inner.asked.entry(what).or_default() += 1;
        inner
    }
}

fn serve(listener: TcpListener, state: Shared) -> JoinHandle<()> {
    let api = Router::new()
        .route("/license-server", get(info))
        .route("/revocations", get(revocations))
        .route("/gateways/licenses", post(license))
        .route("/gateways/seen", post(seen))
        .route("/{asked}", post(asked))
        .with_state(state);
    let router = Router::new().nest("/api/v1", api).layer(axum::middleware::map_response(close));
    tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") })
}

async fn close(mut answer: Response) -> Response {
    answer.headers_mut().insert(header::CONNECTION, "close".parse().expect("a value"));
    answer
}

async fn info(State(state): State<Shared>) -> Json<LicenseServerInfo> {
    if state.inner().hangs {
        std::future::pending::<()>().await;
    }
    let inner = state.count("license-server");
    Json(LicenseServerInfo {
        license_server: SERVER.parse().expect("an id"),
        certificate: inner.shown.clone(),
        records: inner.says(),
        cannot_write: inner.cannot_write,
    })
}

async fn revocations(State(state): State<Shared>) -> Vec<u8> {
    state.count("revocations").revocations.clone()
}

async fn license(
    State(state): State<Shared>,
    headers: HeaderMap,
    Json(request): Json<GatewayLicenseRequest>,
) -> Response {
    assert!(headers.contains_key("signature"), "a gateway signs what it asks");
    let inner = state.count("gateways/licenses");
    if inner.forgot_gateway {
        return unknown_gateway();
    }
    if let Some(failure) = inner.failure {
        return failure.into_response();
    }
    if let Some(slug) = inner.refusal {
        return refused(slug);
    }
    if inner.refuses {
        let problem =
            json!({ "type": "/problems/no-free-license", "status": 403, "title": "none is free" });
        return (StatusCode::FORBIDDEN, Json(problem)).into_response();
    }
    let mut license = seat(&request.client_key);
    assert_eq!(request.features, license.features, "a gateway says what it needs");
    license.platform_type = request.platform_type;
    license.ends_at = inner.ends_at;
    if inner.permanent {
        make_permanent(&mut license);
    }
    let chain = issued(&inner.issuer, &license, &request.client_key);
    let key = EncryptionKey::from_spki(&request.encryption_key).expect("a key");
    let sealed = sealed_license::seal(&chain, &key).expect("sealed");
    let answer = trybuy_formats::api::LicenseAnswer {
        outcome: trybuy_formats::api::LicenseOutcome::Granted,
        license: sealed,
    };
    Json(answer).into_response()
}

/// The license of a seat of a pack.
fn make_permanent(license: &mut SeatLicense) {
    let pack = PackId::new();
    license.license_id = SeatLicenseId::of_pack(pack, 1, 0);
    license.pack_id = Some(pack);
    license.kind = SeatLicenseKind::Permanent;
}

async fn seen(State(state): State<Shared>, Json(report): Json<SeenLicenses>) -> Response {
    let mut inner = state.count("gateways/seen");
    if let Some(answer) = inner.between {
        return answer.into_response();
    }
    if inner.forgot_gateway {
        return unknown_gateway();
    }
    if let Some(slug) = inner.refusal {
        return refused(slug);
    }
    let shown = records(&report);
    if shown.accepted_at == inner.mark.accepted_at && shown.records > inner.mark.records {
        inner.restored = true;
    }
    // One that shows what was said just now is only a question.
    if shown != mark(&inner.says()) || !report.licenses.is_empty() {
        inner.reports.push(report);
    }
    let restored = inner.restored || inner.called_restored;
    Json(json!({ "unknown": 0, "restored": restored })).into_response()
}

/// What a gateway shows of the records.
pub(crate) fn records(report: &SeenLicenses) -> RecordsMark {
    mark(&report.records)
}

/// What a statement says.
pub(crate) fn mark(statement: &str) -> RecordsMark {
    let payload = statement.split('.').nth(1).expect("a payload");
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("base64");
    serde_json::from_slice::<RecordsStatement>(&payload).expect("a statement").mark
}

fn refused(slug: &str) -> Response {
    let kind = format!("/problems/{slug}");
    let problem = json!({ "type": kind, "status": 401, "title": "it was refused" });
    (StatusCode::UNAUTHORIZED, Json(problem)).into_response()
}

fn unknown_gateway() -> Response {
    let problem = json!({
        "type": "/problems/gateway-not-registered",
        "status": 401,
        "title": "the signature names no gateway that is registered here"
    });
    (StatusCode::UNAUTHORIZED, Json(problem)).into_response()
}

/// Answers what it was asked.
async fn asked(State(state): State<Shared>, Path(path): Path<String>, body: Bytes) -> Response {
    let inner = state.count("asked");
    if let Some(failure) = inner.failure {
        return failure.into_response();
    }
    let answer = inner.answer.clone().unwrap_or_else(|| [path.as_bytes(), b" ", &body].concat());
    Body::from(answer).into_response()
}
