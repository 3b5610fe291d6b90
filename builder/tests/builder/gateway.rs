//! A gateway with its license server in this process, behind real TLS, which does exactly what a test
//! says: faults included.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use std::thread;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use trybuy_formats::api::{
    ChallengeAnswer, GatewayInfo, LicenseAnswer, LicenseInfo, LicenseOutcome, LicenseRequest,
    SignedRequest,
};
use trybuy_formats::certificates::{
    CertificateChain, CertificateRequest, DevelopmentAuthority, LicenseIssuer, Role,
};
use trybuy_formats::ids::{Digest, Label, PackId, PlatformType, SeatLicenseId};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::licensing::challenge::{ChallengeResponse, Response as ImageResponse};
use trybuy_formats::licensing::sealed_license;
use trybuy_formats::licensing::seat_license::{SeatLicense, SeatLicenseKind};
use trybuy_formats::licensing::signing::{ClientKey, open_from_client};
use trybuy_formats::licensing::upgrade::UpgradeRequest;
use trybuy_formats::primitives::{EcdsaKey, EncryptionKey};
use trybuy_formats::slug::Slug;

use crate::http::{Request, Response, read_request};
use crate::world::{Said, builder, json, problem, said};

pub(crate) const PRODUCT: &str = "com.example.cad";
pub(crate) const ISSUER: &str = "licenses-1";
const CHALLENGE: [u8; 32] = [7; 32];
const TOKEN: &[u8] = b"a token";
const DAY: u64 = 86_400;

/// What a test may change while the gateway runs.
pub(crate) struct Script {
    /// The version that the service needs.
    pub(crate) version: &'static str,
    /// The features that it asks for.
    pub(crate) features: Vec<Label>,
    /// What the license server decides.
    pub(crate) outcome: LicenseOutcome,
    /// Changes what is licensed.
    pub(crate) change: fn(&mut SeatLicense),
    /// The license is for another client.
    pub(crate) for_another: bool,
    /// The license is of another authority.
    pub(crate) forged: bool,
    /// The license is altered on its way.
    pub(crate) damaged: bool,
    /// What is refused: the last part of its path, and why.
    pub(crate) refused: Option<(&'static str, Slug)>,
    /// Another authority than its own that it shows.
    pub(crate) shown: Option<String>,
    /// Every license that is presented was revoked.
    pub(crate) revoked: bool,
    /// No license is admitted: those of another authority are.
    pub(crate) admits_none: bool,
    /// Before it answers a challenge response, it tells the test and waits for it.
    pub(crate) pause: Option<(Sender<()>, Receiver<()>)>,
    /// Every request for a license, by the last part of its path.
    pub(crate) log: Vec<String>,
    pub(crate) responses: Vec<ChallengeResponse>,
    pub(crate) upgrades: Vec<UpgradeRequest>,
    /// How often the service was asked for anything.
    pub(crate) served: usize,
    /// The service sends the rest of its answer when it is told so.
    pub(crate) proceed: Option<Receiver<()>>,
    company: Company,
    other: Company,
}

/// A certifying authority and a license server under it.
pub(crate) struct Company {
    authority: DevelopmentAuthority,
    issuer: LicenseIssuer,
}

/// The gateway, and the data directory of its client.
pub(crate) struct Gateway {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    stopped: Arc<Mutex<bool>>,
    directory: tempfile::TempDir,
}

impl Company {
    /// Begun so many days ago.
    fn begun(days: u64) -> Self {
        let begin = now().minus(Span::seconds(days * DAY));
        let length = Span::seconds(800 * DAY);
        let authority =
            DevelopmentAuthority::generate("Test", begin, length).expect("an authority");
        let key = EcdsaKey::generate().expect("a key");
        let request =
            CertificateRequest::to_sign_with(&key, "Licenses", ISSUER).expect("a request");
        let request = CertificateRequest::from_pem(&request).expect("readable");
        let role = Role::LicenseIssuer;
        let certificate = authority.issue(&request, role, begin, length).expect("issued");
        let chain = CertificateChain::new(vec![certificate]).expect("a chain");
        let issuer = LicenseIssuer::new(key, chain).expect("an issuer");
        Self { authority, issuer }
    }

    /// The authority's certificate in PEM.
    fn pem(&self) -> String {
        let certificate = self.authority.certificate().clone();
        CertificateChain::new(vec![certificate]).expect("one").to_pem()
    }
}

impl Script {
    fn new() -> Self {
        Self {
            version: "5.0.0",
            features: Vec::new(),
            outcome: LicenseOutcome::Granted,
            change: |_| {},
            for_another: false,
            forged: false,
            damaged: false,
            refused: None,
            shown: None,
            revoked: false,
            admits_none: false,
            pause: None,
            log: Vec::new(),
            responses: Vec::new(),
            upgrades: Vec::new(),
            served: 0,
            proceed: None,
            company: Company::begun(400),
            other: Company::begun(400),
        }
    }

    /// The certificate of another authority, in PEM.
    pub(crate) fn other_authority(&self) -> String {
        self.other.pem()
    }

    /// From now on authority and license server are new.
    pub(crate) fn begin_anew(&mut self) {
        self.company = Company::begun(0);
    }

    /// How often something was asked.
    pub(crate) fn asked(&self, what: &str) -> usize {
        self.log.iter().filter(|entry| *entry == what).count()
    }

    fn answer(&mut self, request: &Request) -> Response {
        let asked = request.path().rsplit('/').next().unwrap_or_default().to_owned();
        self.log.push(asked.clone());
        if let Some((_, slug)) = self.refused.filter(|(what, _)| *what == asked) {
            return problem(slug, 409, None);
        }
        match asked.as_str() {
            "gateway" => json(200, &self.info()),
            // Nobody reads more of it than that it is good.
            "license" => json(200, &license_info()),
            "license-requests" => {
                let _: LicenseRequest = serde_json::from_slice(&request.body).expect("a request");
                let ends_at = now().plus(Span::seconds(60));
                let (challenge, token) = (CHALLENGE.to_vec(), TOKEN.to_vec());
                json(200, &ChallengeAnswer { challenge, token, ends_at })
            }
            "challenge-responses" => self.respond(&document(request)),
            "upgrades" => self.upgrade(&document(request)),
            _ => problem(Slug::NotFound, 404, None),
        }
    }

    fn info(&self) -> GatewayInfo {
        GatewayInfo {
            product_id: PRODUCT.parse().expect("a product"),
            version: self.version.parse().expect("a version"),
            features: self.features.clone(),
            authority: self.shown.clone().unwrap_or_else(|| self.company.pem()),
        }
    }

    fn respond(&mut self, document: &str) -> Response {
        let (client, response) =
            open_from_client::<ChallengeResponse>(document).expect("signed by the client");
        assert_eq!(response.token, TOKEN);
        assert_eq!(response.response, image_response());
        let answer = self.license(&client, &response.encryption_key);
        self.responses.push((*response).clone());
        answer
    }

    fn upgrade(&mut self, document: &str) -> Response {
        let (client, request) =
            open_from_client::<UpgradeRequest>(document).expect("signed by the client");
        self.upgrades.push((*request).clone());
        self.license(&client, &request.encryption_key)
    }

    fn license(&self, client: &ClientKey, encryption_key: &[u8]) -> Response {
        let another = EcdsaKey::generate().expect("a key");
        let spki = if self.for_another { another.spki() } else { client.spki() };
        let is_temporary =
            matches!(self.outcome, LicenseOutcome::Temporary | LicenseOutcome::TemporaryAgain);
        let pack = PackId::new();
        let mut license = SeatLicense {
            format: 1,
            license_id: match is_temporary {
                true => SeatLicenseId::temporary(),
                false => SeatLicenseId::of_pack(pack, 1001, 0),
            },
            client_id: ClientKey::from_spki(spki).expect("a client").client_id(),
            issued_at: now(),
            ends_at: is_temporary.then(|| now().plus(Span::seconds(60 * DAY))),
            license_server: ISSUER.parse().expect("an id"),
            kind: match is_temporary {
                true => SeatLicenseKind::Temporary,
                false => SeatLicenseKind::Permanent,
            },
            pack_id: (!is_temporary).then_some(pack),
            product_id: PRODUCT.parse().expect("a product"),
            version: self.version.parse().expect("a version"),
            features: Vec::new(),
            platform_type: PlatformType::NonWindows,
        };
        (self.change)(&mut license);
        let issuer = if self.forged { &self.other.issuer } else { &self.company.issuer };
        let certificate = issuer.issue(&license, spki).expect("issued");
        let chain = issuer.chain().with_leaf(certificate).expect("a chain");
        let recipient = EncryptionKey::from_spki(encryption_key).expect("a key");
        let mut license = sealed_license::seal(&chain, &recipient).expect("sealed");
        if self.damaged {
            let middle = license.len() / 2;
            license[middle] ^= 1;
        }
        json(200, &LicenseAnswer { outcome: self.outcome, license })
    }
}

impl Gateway {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let script = Arc::new(Mutex::new(Script::new()));
        let stopped = Arc::new(Mutex::new(false));
        let (shared, ended) = (Arc::clone(&script), Arc::clone(&stopped));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if *ended.lock().expect("not poisoned") {
                    return;
                }
                let script = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &script));
            }
        });
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self { address, script, stopped, directory }
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().expect("not poisoned")
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The file of a license of the cache.
    pub(crate) fn cached(&self, version: &str) -> PathBuf {
        self.data().join(format!("licenses/{ISSUER}/{PRODUCT}/{version}.json"))
    }

    /// From now on nobody listens there.
    pub(crate) fn stop(&self) {
        *self.stopped.lock().expect("not poisoned") = true;
        drop(TcpStream::connect(self.address).expect("the last connection"));
        // Until the listener is gone.
        while TcpStream::connect(self.address).is_ok() {
            thread::yield_now();
        }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        builder(&self.data(), arguments)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        said(&self.command(arguments).output().expect("started"))
    }

    pub(crate) fn good(&self, arguments: &[&str]) -> Said {
        let said = self.run(arguments);
        assert_eq!(said.code, 0, "{arguments:?}\n{}{}", said.out, said.err);
        said
    }

    pub(crate) fn refused(&self, slug: Slug, arguments: &[&str]) -> Said {
        let said = self.run(arguments);
        assert!(said.code != 0, "{arguments:?}\n{}{}", said.out, said.err);
        let mark = format!("error[{slug}]: ");
        assert!(said.err.contains(&mark), "{arguments:?}: no {mark}\n{}", said.err);
        assert!(said.err.contains("\nhelp: "), "{arguments:?}\n{}", said.err);
        said
    }

    /// The arguments of a command that contacts this gateway.
    pub(crate) fn arguments(&self, command: &[&'static str]) -> Vec<String> {
        let ca = tls_files().ca.display().to_string();
        let own = [self.url(), "--ca".to_owned(), ca];
        command.iter().map(|word| (*word).to_owned()).chain(own).collect()
    }

    /// `trybuy license request` has to succeed.
    pub(crate) fn request(&self) -> Said {
        let arguments = self.arguments(&["license", "request"]);
        self.good(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// `trybuy license request` has to fail with this slug.
    pub(crate) fn request_refused(&self, slug: Slug) -> Said {
        let arguments = self.arguments(&["license", "request"]);
        self.refused(slug, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Starts `trybuy license request`.
    pub(crate) fn spawn_request(&self) -> Child {
        let arguments = self.arguments(&["license", "request"]);
        let mut command = self.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        command.spawn().expect("started")
    }

    /// `trybuy license list --json`.
    pub(crate) fn listed(&self) -> Vec<serde_json::Value> {
        let out = self.good(&["license", "list", "--json"]).out;
        serde_json::from_str(&out).expect("JSON")
    }

    /// What a test waits for, and how it lets the gateway go on.
    pub(crate) fn pause(&self) -> (Receiver<()>, Sender<()>) {
        let (tell, told) = channel();
        let (release, released) = channel();
        self.script().pause = Some((tell, released));
        (told, release)
    }
}

fn now() -> Instant {
    trybuy::clock::now()
}

fn license_info() -> LicenseInfo {
    LicenseInfo {
        license_id: SeatLicenseId::temporary(),
        kind: SeatLicenseKind::Temporary,
        product_id: PRODUCT.parse().expect("a product"),
        version: "5.0.0".parse().expect("a version"),
        features: Vec::new(),
        ends_at: None,
    }
}

fn document(request: &Request) -> String {
    let SignedRequest { document } = serde_json::from_slice(&request.body).expect("a document");
    document
}

/// What the Builder has to answer to the challenge.
fn image_response() -> Digest {
    let image = std::fs::read(env!("CARGO_BIN_EXE_trybuy")).expect("the Builder");
    let mut response = ImageResponse::to(&CHALLENGE);
    response.update(&image);
    response.finish()
}

/// Certificates of the gateway's own, made by OpenSSL.
struct TlsFiles {
    _directory: tempfile::TempDir,
    ca: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

fn tls_files() -> &'static TlsFiles {
    static FILES: LazyLock<TlsFiles> = LazyLock::new(|| {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = |name| directory.path().join(name);
        openssl(
            &directory,
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=Company \
             -keyout ca.key -out ca.pem",
        );
        openssl(
            &directory,
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=Gateway \
             -addext subjectAltName=IP:127.0.0.1,DNS:localhost -addext basicConstraints=critical,CA:FALSE \
             -CA ca.pem -CAkey ca.key -keyout own.key -out own.pem",
        );
        let (ca, certificate, key) = (path("ca.pem"), path("own.pem"), path("own.key"));
        TlsFiles { _directory: directory, ca, certificate, key }
    });
    &FILES
}

fn openssl(directory: &tempfile::TempDir, arguments: &str) {
    let mut command = Command::new("openssl");
    command.args(arguments.split_whitespace()).current_dir(directory.path());
    let output = command.output().expect("openssl is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn configuration(script: &Script) -> ServerConfig {
    let files = tls_files();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let admitted = if script.admits_none { &script.other } else { &script.company };
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(admitted.authority.certificate().der().to_vec()))
        .expect("an authority");
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
        .allow_unauthenticated()
        .build()
        .expect("a verifier");
    let own = CertificateDer::pem_file_iter(&files.certificate).expect("readable");
    let own = own.collect::<Result<_, _>>().expect("certificates");
    let key = PrivateKeyDer::from_pem_file(&files.key).expect("a key");
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_client_cert_verifier(verifier)
        .with_single_cert(own, key)
        .expect("a configuration")
}

type Tls = StreamOwned<ServerConnection, TcpStream>;

fn serve(stream: TcpStream, script: &Mutex<Script>) -> Option<()> {
    let configuration = Arc::new(configuration(&script.lock().expect("not poisoned")));
    let connection = ServerConnection::new(configuration).expect("a connection");
    let mut reader = BufReader::new(StreamOwned::new(connection, stream));
    let request = read_request(&mut reader)?;
    if let Some(refused) = refusal(&request, &reader, script) {
        send(&mut reader, &refused)?;
    } else if request.path().starts_with("/.well-known/trybuy/") {
        let (response, pause) = {
            let mut script = script.lock().expect("not poisoned");
            let decides = request.path().ends_with("/challenge-responses");
            (script.answer(&request), if decides { script.pause.take() } else { None })
        };
        if let Some((tell, released)) = pause {
            tell.send(()).expect("a test that waits");
            // A test that is over has killed the client.
            let _ = released.recv();
        }
        send(&mut reader, &response)?;
    } else {
        serve_service(&request, &mut reader, script)?;
    }
    let stream = reader.get_mut();
    stream.conn.send_close_notify();
    stream.flush().ok()?;
    stream.sock.shutdown(Shutdown::Both).ok()
}

/// Why the gateway refuses whoever wants to reach the service, or to know whether that would be let.
fn refusal(request: &Request, reader: &BufReader<Tls>, script: &Mutex<Script>) -> Option<Response> {
    let is_own = request.path().starts_with("/.well-known/trybuy/");
    if is_own && !request.path().ends_with("/license") {
        return None;
    }
    let refused = match reader.get_ref().conn.peer_certificates() {
        None => Slug::LicenseRequired,
        Some(_) if script.lock().expect("not poisoned").revoked => Slug::LicenseRevoked,
        Some(_) => return None,
    };
    Some(problem(refused, 403, None))
}

/// The service behind the gateway.
fn serve_service(
    request: &Request,
    reader: &mut BufReader<Tls>,
    script: &Mutex<Script>,
) -> Option<()> {
    script.lock().expect("not poisoned").served += 1;
    match request.path() {
        "/socket" => {
            let head = "HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
            reader.get_mut().write_all(head.as_bytes()).ok()?;
            echo(reader)
        }
        "/drip" => {
            let proceed = script.lock().expect("not poisoned").proceed.take();
            let stream = reader.get_mut();
            stream.write_all(b"HTTP/1.1 200 x\r\nconnection: close\r\n\r\none\n").ok()?;
            stream.flush().ok()?;
            proceed.expect("a test that says when").recv().ok()?;
            stream.write_all(b"two\n").ok()
        }
        _ => send(reader, &Response::new(200, request.body.clone()).with("x-path", request.path())),
    }
}

/// Answers each line with itself, and the end with a last line.
fn echo(reader: &mut BufReader<Tls>) -> Option<()> {
    let mut line = String::new();
    while reader.read_line(&mut line).ok()? > 0 {
        reader.get_mut().write_all(line.as_bytes()).ok()?;
        line.clear();
    }
    reader.get_mut().write_all(b"end\n").ok()
}

fn send(reader: &mut BufReader<Tls>, response: &Response) -> Option<()> {
    let stream = reader.get_mut();
    stream.write_all(response.head().as_bytes()).ok()?;
    stream.write_all(&response.body).ok()
}

/// Reads until the end, however it comes.
pub(crate) fn read_all(mut stream: impl Read) -> String {
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}
