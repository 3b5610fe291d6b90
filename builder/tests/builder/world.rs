//! A trybuy server in this process, with one application, and the Builder as a command.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};

use serde::Serialize;
use trybuy_formats::api::{
    AcceptanceCode, ApplicationDetails, ApplicationPage, ApplicationSummary, AskTime,
    BuilderLicenseAnswer, EmailCodeAnswer, OfferAnswer, Problem, RegisterBuilder, ReleaseSummary,
    RequestTrial, ServerInfo, TimeAnswer, TrialAnswer, TrialSummary, TrialsAnswer, VerifiedEmail,
    VerifyEmail,
};
use trybuy_formats::builder_license::{BuilderKind, BuilderLicense, Holder};
use trybuy_formats::control::{ControlInformation, LicenseKind, Sections};
use trybuy_formats::ids::{Digest, LicenseId, LicenseeId, Platform, TrialId};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::keys::{FileKey, LicenseSecret, MasterSecret, key_id};
use trybuy_formats::policy::{AcceptanceKind, Expiration, Layout, Limits, OnExpiry, TrialPolicy};
use trybuy_formats::primitives::{EncryptionKey, SignatureKey, sha256};
use trybuy_formats::request_signature::{self, RequestSignature};
use trybuy_formats::server_format::{Compression, ProgramSectionWriter};
use trybuy_formats::signed;
use trybuy_formats::signed_time::SignedTime;
use trybuy_formats::slug::Slug;
use trybuy_formats::transmission::{Body, seal_head};

use crate::http::{Ending, HttpServer, Request, Response, serve_file};

pub(crate) const APP: &str = "com.example.shell";
pub(crate) const CODE: &str = "K7Q2-MX";
pub(crate) const BUILDER_TERMS: &str = "Be kind.";
pub(crate) const DOCUMENTATION: &str = "# Shell\n\nIt obeys.\n";
pub(crate) const TERMS: &str = "Do not obey \u{1b}[31mblindly.\n";
const DAY: u64 = 86_400;

/// What a test may change of the server while it runs.
pub(crate) struct Server {
    pub(crate) signer: SignatureKey,
    /// Seconds that the server's clock is ahead of this computer's.
    pub(crate) clock_ahead: i64,
    /// Whether it signs the time for another question than it was asked, as one who replays an
    /// older answer would.
    pub(crate) answers_another_question: bool,
    /// Whether it asks for a verified e-mail address.
    pub(crate) verified_email: bool,
    /// Since when the address is verified.
    pub(crate) verified_at: Option<Instant>,
    /// How long Builder licenses last, in seconds.
    pub(crate) license_length: u64,
    pub(crate) policy: TrialPolicy,
    /// How this licensee accepts the terms, where it is not as everybody does.
    pub(crate) own_acceptance: Option<AcceptanceKind>,
    pub(crate) limits: Limits,
    /// How long ago the trial began, in seconds.
    pub(crate) began_ago: u64,
    pub(crate) head_number: u64,
    /// Whether anything of the file was sent.
    pub(crate) delivered: bool,
    pub(crate) platform: Platform,
    pub(crate) minimum_builder: Option<&'static str>,
    /// What becomes of the next downloads; whole when there are no more.
    pub(crate) endings: Vec<Ending>,
    /// Changes the file of the trial on its way.
    pub(crate) corrupt_at: Option<usize>,
    /// Every request: method and path.
    pub(crate) log: Vec<String>,
    /// Bytes of the file that were asked for by a download (not by its head).
    pub(crate) resumed_from: Vec<usize>,
    master: MasterSecret,
    license_id: LicenseId,
    licensee: LicenseeId,
    builder: Option<RegisterBuilder>,
    trial: Option<(TrialId, Vec<u8>)>,
    sections: Vec<u8>,
    lengths: Sections,
    program_size: u64,
    program_digest: Digest,
}

/// Server and data directory; both end with the test.
pub(crate) struct World {
    pub(crate) http: HttpServer,
    server: Arc<Mutex<Server>>,
    directory: tempfile::TempDir,
}

/// What a command said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl World {
    /// A world whose application is the system's shell, padded to a few chunks.
    pub(crate) fn new(layout: Layout) -> Self {
        let mut program = std::fs::read("/bin/sh").expect("a shell");
        program.resize(program.len() + 400_000, 7);
        Self::with_program(layout, &program)
    }

    pub(crate) fn with_program(layout: Layout, program: &[u8]) -> Self {
        let server = Arc::new(Mutex::new(Server::new(layout, program)));
        let shared = Arc::clone(&server);
        let http =
            HttpServer::start(move |request| shared.lock().expect("not poisoned").answer(&request));
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self { http, server, directory }
    }

    pub(crate) fn server(&self) -> MutexGuard<'_, Server> {
        self.server.lock().expect("not poisoned")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub(crate) fn stored(&self) -> PathBuf {
        self.data().join("library").join(APP).join("app.trybuy")
    }

    pub(crate) fn partial(&self) -> PathBuf {
        self.data().join("downloads").join(APP).join("partial")
    }

    /// The Builder with these arguments, not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        builder(&self.data(), arguments)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        said(&self.command(arguments).output().expect("started"))
    }

    /// Runs a command that has to succeed.
    pub(crate) fn good(&self, arguments: &[&str]) -> Said {
        let said = self.run(arguments);
        assert_eq!(said.code, 0, "{arguments:?}\n{}{}", said.out, said.err);
        said
    }

    /// Runs a command that has to fail with this slug.
    pub(crate) fn refused(&self, slug: Slug, arguments: &[&str]) -> Said {
        let said = self.run(arguments);
        assert!(said.code != 0, "{arguments:?}\n{}", said.out);
        let mark = format!("error[{slug}]: ");
        assert!(said.err.contains(&mark), "{arguments:?}: no {mark}\n{}", said.err);
        assert!(said.err.contains("\nhelp: "), "{arguments:?}\n{}", said.err);
        said
    }

    pub(crate) fn set_up(&self) {
        let url = self.http.url("");
        self.good(&[
            "setup",
            &url,
            "--name",
            "Ada",
            "--email",
            "ada@example.com",
            "--accept-terms",
        ]);
    }

    /// A world with the application installed.
    pub(crate) fn installed(layout: Layout) -> Self {
        let world = Self::new(layout);
        world.set_up();
        world.good(&["try", APP, "--name", "Ada"]);
        world
    }
}

pub(crate) fn builder(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trybuy"));
    command.args(arguments).env("TRYBUY_DATA_DIR", data);
    for proxy in
        ["http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "TRYBUY_SERVER"]
    {
        command.env_remove(proxy);
    }
    command
}

pub(crate) fn said(output: &Output) -> Said {
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

pub(crate) fn digest(bytes: &[u8]) -> Digest {
    Digest::from_bytes(sha256(bytes))
}

impl Server {
    fn new(layout: Layout, program: &[u8]) -> Self {
        let mut writer =
            ProgramSectionWriter::new(Vec::new(), Compression::Plain).expect("a writer");
        std::io::Write::write_all(&mut writer, program).expect("written");
        let (section, summary) = writer.finish().expect("a program");
        let lengths = Sections {
            documentation: DOCUMENTATION.len() as u64,
            terms: TERMS.len() as u64,
            relicensing: 0,
            program: summary.section_length,
        };
        Self {
            signer: signer(),
            clock_ahead: 0,
            answers_another_question: false,
            verified_email: false,
            verified_at: None,
            license_length: 365 * DAY,
            policy: TrialPolicy {
                duration: Span::seconds(30 * DAY),
                expiration: Expiration::Hard {},
                limits: Limits::default(),
                on_expiry: OnExpiry::Finish,
                trials: 1,
                between: None,
                acceptance: AcceptanceKind::Explicit,
                layout,
            },
            own_acceptance: None,
            limits: Limits::default(),
            began_ago: 0,
            delivered: false,
            head_number: 1,
            platform: Platform::current(),
            minimum_builder: None,
            endings: Vec::new(),
            corrupt_at: None,
            log: Vec::new(),
            resumed_from: Vec::new(),
            master: MasterSecret::generate(),
            license_id: LicenseId::new(),
            licensee: LicenseeId::new(),
            builder: None,
            trial: None,
            sections: [DOCUMENTATION.as_bytes(), TERMS.as_bytes(), &section].concat(),
            lengths,
            program_size: summary.program_size,
            program_digest: summary.program_digest,
        }
    }

    pub(crate) fn now(&self) -> Instant {
        let own = trybuy::clock::now().unix();
        Instant::from_unix(own + self.clock_ahead).expect("in range")
    }

    /// Forgets the file of the trial, so that the next one is made with another head.
    pub(crate) fn remake_file(&mut self) {
        if let Some((_, file)) = &mut self.trial {
            file.clear();
        }
    }

    /// Forgets the trial.
    pub(crate) fn forget_trial(&mut self) {
        self.trial = None;
    }

    fn answer(&mut self, request: &Request) -> Response {
        self.log.push(format!("{} {}", request.method, request.path()));
        if request.method == "POST"
            && let Err(problem) = self.check_signature(request)
        {
            return problem;
        }
        let path = request.path().strip_prefix("/api/v1").unwrap_or(request.path()).to_owned();
        let application = format!("/applications/{APP}");
        match (request.method.as_str(), path.as_str()) {
            ("GET", "/server") => json(200, &self.info()),
            ("POST", "/builders") => {
                self.builder = Some(serde_json::from_slice(&request.body).expect("a registration"));
                json(201, &self.license())
            }
            ("POST", "/builders/license") => json(200, &self.license()),
            ("POST", "/builders/time") => json(200, &self.signed_time(request)),
            ("POST", "/builders/email-codes") => json(200, &self.send_email_code()),
            ("POST", "/builders/email") => self.verify_email(request),
            ("GET", "/applications") => json(200, &self.page()),
            ("GET", path) if path == application => json(200, &self.details()),
            ("POST", path) if path == format!("{application}/acceptance-codes") => {
                let expires_at = self.now().plus(Span::seconds(600));
                json(200, &AcceptanceCode { code: CODE.to_owned(), expires_at })
            }
            ("POST", path) if path == format!("{application}/offer") => json(200, &self.offer()),
            ("POST", path) if path == format!("{application}/trials") => self.trial(request),
            ("GET", "/trials") => json(200, &TrialsAnswer { trials: Vec::new() }),
            ("GET", "/d/secret") => {
                self.delivered = true;
                self.download(request)
            }
            _ => problem(Slug::NotFound, 404, None),
        }
    }

    fn check_signature(&self, request: &Request) -> Result<(), Response> {
        let header = |name| request.header(name).unwrap_or_default();
        let signature = RequestSignature::parse(header("signature-input"), header("signature"))
            .expect("a signature");
        let builder: RegisterBuilder = match &self.builder {
            Some(builder) if !request.path().ends_with("/builders") => builder.clone(),
            _ => serde_json::from_slice(&request.body).expect("a registration"),
        };
        let key = builder.request_key.as_slice().try_into().expect("32 bytes");
        let signed = request_signature::Request {
            method: &request.method,
            path: request.path(),
            query: None,
            body: &request.body,
        };
        signature.verify(&key, &signed, header("content-digest")).expect("signed by the Builder");
        if signature.is_recent(self.now()) {
            Ok(())
        } else {
            Err(problem(Slug::ClockSkew, 401, Some(self.now())))
        }
    }

    fn info(&self) -> ServerInfo {
        let spki = self.signer.verification_key().spki().to_vec();
        ServerInfo {
            name: "Test".to_owned(),
            key_id: key_id(&spki),
            public_key: spki,
            builder_terms: BUILDER_TERMS.to_owned(),
            builder_terms_digest: digest(BUILDER_TERMS.as_bytes()),
            version: "0.1.0".parse().expect("a version"),
            verified_email: self.verified_email,
            time: self.now(),
        }
    }

    fn recipient(&self) -> EncryptionKey {
        let builder = self.builder.as_ref().expect("registered");
        EncryptionKey::from_spki(&builder.decryption_key).expect("a key")
    }

    fn secret(&self) -> LicenseSecret {
        let key = key_id(self.recipient().spki());
        LicenseSecret::derive(&self.master, self.license_id, key)
    }

    fn license(&self) -> BuilderLicenseAnswer {
        let builder = self.builder.clone().expect("registered");
        let license = BuilderLicense {
            format: 1,
            license_id: self.license_id,
            licensee_ids: vec![self.licensee],
            kind: BuilderKind::Trial,
            holder: Holder { name: builder.name, email: builder.email },
            platform: builder.platform,
            builder_key_id: key_id(&builder.decryption_key),
            request_key: builder.request_key,
            sealed_secret: self.secret().seal_to(&self.recipient()).expect("sealed"),
            issued_at: self.now(),
            ends_at: Some(self.now().plus(Span::seconds(self.license_length))),
            terms_digest: digest(BUILDER_TERMS.as_bytes()),
        };
        let license = signed::sign(&self.signer, &license).expect("signed");
        BuilderLicenseAnswer { license, time: self.now() }
    }

    fn signed_time(&self, request: &Request) -> TimeAnswer {
        let AskTime { nonce } = serde_json::from_slice(&request.body).expect("a question");
        let nonce = if self.answers_another_question { vec![7; nonce.len()] } else { nonce };
        let time = SignedTime { format: 1, nonce, time: self.now() };
        TimeAnswer { signed_time: signed::sign(&self.signer, &time).expect("signed") }
    }

    fn send_email_code(&self) -> EmailCodeAnswer {
        match self.verified_at {
            Some(verified_at) => EmailCodeAnswer::Verified { verified_at },
            None => EmailCodeAnswer::Sent { expires_at: self.now().plus(Span::seconds(1800)) },
        }
    }

    fn verify_email(&mut self, request: &Request) -> Response {
        let VerifyEmail { code } = serde_json::from_slice(&request.body).expect("a code");
        if *code != *CODE {
            return problem(Slug::EmailNotVerified, 403, None);
        }
        self.verified_at = Some(self.now());
        json(200, &VerifiedEmail { verified_at: self.now() })
    }

    fn page(&self) -> ApplicationPage {
        let summary = ApplicationSummary {
            id: APP.parse().expect("an id"),
            name: "Shell".parse().expect("a name"),
            summary: "Obeys\u{1b}[2J commands".to_owned(),
            version: "1.0.0".parse().expect("a version"),
            platforms: vec![self.platform.clone()],
        };
        ApplicationPage { applications: vec![summary], next: None }
    }

    fn details(&self) -> ApplicationDetails {
        ApplicationDetails {
            id: APP.parse().expect("an id"),
            name: "Shell".parse().expect("a name"),
            summary: "Obeys commands".to_owned(),
            homepage: Some("https://example.com".to_owned()),
            categories: vec!["Tools".to_owned()],
            vendor: "Example".to_owned(),
            documentation: DOCUMENTATION.to_owned(),
            terms: TERMS.to_owned(),
            terms_digest: digest(TERMS.as_bytes()),
            relicensing: String::new(),
            policy: self.policy,
            releases: vec![ReleaseSummary {
                version: "1.0.0".parse().expect("a version"),
                platform: self.platform.clone(),
                program_size: self.program_size,
                download_size: self.sections.len() as u64,
                minimum_builder: self.minimum_builder.map(|v| v.parse().expect("a version")),
                published_at: self.now(),
            }],
        }
    }

    fn offer(&self) -> OfferAnswer {
        let acceptance = self.own_acceptance.unwrap_or(self.policy.acceptance);
        OfferAnswer {
            policy: TrialPolicy { acceptance, ..self.policy },
            terms_digest: digest(TERMS.as_bytes()),
            trials_used: u32::from(self.trial.is_some()),
            trials_allowed: u32::from(self.policy.trials),
        }
    }

    fn trial(&mut self, request: &Request) -> Response {
        let asked: RequestTrial = serde_json::from_slice(&request.body).expect("a request");
        if self.verified_email && self.verified_at.is_none() {
            return problem(Slug::EmailNotVerified, 403, None);
        }
        let is_new = self.trial.is_none();
        if is_new && !self.is_accepted(&asked) {
            return problem(Slug::TermsNotAccepted, 403, None);
        }
        let id = self.trial.as_ref().map_or_else(TrialId::new, |(id, _)| *id);
        if self.trial.as_ref().is_none_or(|(_, file)| file.is_empty()) {
            self.trial = Some((id, self.make_file(id)));
        }
        json(if is_new { 201 } else { 200 }, &self.trial_answer(id))
    }

    fn is_accepted(&self, asked: &RequestTrial) -> bool {
        asked.acceptance.as_ref().is_some_and(|proof| {
            proof.terms_digest == digest(TERMS.as_bytes())
                && match self.offer().policy.acceptance {
                    AcceptanceKind::Explicit => proof.name.is_some(),
                    AcceptanceKind::RetypeCode => proof.code.as_deref() == Some(CODE),
                    AcceptanceKind::Passive => true,
                }
        })
    }

    fn began_at(&self) -> Instant {
        self.now().minus(Span::seconds(self.began_ago))
    }

    fn trial_answer(&self, id: TrialId) -> TrialAnswer {
        let length = self.file().len() as u64;
        TrialAnswer {
            trial: TrialSummary {
                id,
                application: APP.parse().expect("an id"),
                name: "Shell".parse().expect("a name"),
                version: "1.0.0".parse().expect("a version"),
                platform: self.platform.clone(),
                kind: LicenseKind::Trial,
                started_at: self.began_at(),
                ends_at: Some(self.began_at().plus(self.policy.duration)),
                head_number: self.head_number,
                first_run_on: None,
            },
            policy: self.policy,
            download_url: "/d/secret".to_owned(),
            length,
            etag: self.etag(),
            head_length: 0,
            delivered: self.delivered,
            time: self.now(),
        }
    }

    fn file(&self) -> &[u8] {
        self.trial.as_ref().map_or(&[], |(_, file)| file)
    }

    fn etag(&self) -> String {
        format!("\"{}\"", digest(self.file()))
    }

    fn make_file(&self, trial_id: TrialId) -> Vec<u8> {
        let file_key = FileKey::generate();
        let recipient = self.recipient();
        let control = ControlInformation {
            format: 1,
            application: APP.parse().expect("an id"),
            name: "Shell".parse().expect("a name"),
            release: "1.0.0".parse().expect("a version"),
            platform: self.platform.clone(),
            licensee_id: self.licensee,
            trial_id,
            kind: LicenseKind::Trial,
            head_number: self.head_number,
            issued_at: self.began_at(),
            ends_at: Some(self.began_at().plus(self.policy.duration)),
            expiration: self.policy.expiration,
            limits: self.limits,
            on_expiry: self.policy.on_expiry,
            builder_key_id: key_id(recipient.spki()),
            minimum_builder: None,
            file_key_commitment: file_key.commitment(),
            layout: self.policy.layout,
            sections: self.lengths,
            program_size: self.program_size,
            program_digest: self.program_digest,
            terms_digest: digest(TERMS.as_bytes()),
        };
        let head = seal_head(&control, &self.signer, &self.secret(), &recipient, &file_key)
            .expect("sealed");
        let body = Body::new(&file_key, &head, self.lengths).expect("a body");
        let mut file = head.head().to_vec();
        for index in 0..body.chunk_count() {
            let range = body.sections_range(index);
            let from = usize::try_from(range.start).expect("small");
            let to = usize::try_from(range.end).expect("small");
            let mut chunk = vec![0; body.sealed_chunk_length(index)];
            body.seal_chunk(index, &self.sections[from..to], &mut chunk).expect("sealed");
            file.extend(chunk);
        }
        file
    }

    fn download(&mut self, request: &Request) -> Response {
        let mut file = self.file().to_vec();
        if let Some(at) = self.corrupt_at {
            file[at] ^= 1;
        }
        let response = serve_file(request, &file, &self.etag());
        // The head is read in ranges that end somewhere.
        if matches!(request.range(), Some((_, Some(_)))) {
            return response;
        }
        self.resumed_from.push(request.range().map_or(0, |(first, _)| first));
        if self.endings.is_empty() { response } else { response.ending(self.endings.remove(0)) }
    }
}

/// The same key for all servers: making one takes longer than all else.
fn signer() -> SignatureKey {
    static KEY: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let key = SignatureKey::generate().expect("a key");
        key.to_pkcs8().expect("a document").to_vec()
    });
    SignatureKey::from_pkcs8(&KEY).expect("a key")
}

pub(crate) fn json<T: Serialize>(status: u16, value: &T) -> Response {
    let body = serde_json::to_vec(value).expect("serialises");
    Response::new(status, body).with("content-type", "application/json")
}

pub(crate) fn problem(slug: Slug, status: u16, server_time: Option<Instant>) -> Response {
    let title = "The server says no.".to_owned();
    let (detail, help, condition) = (None, None, None);
    let problem = Problem { slug, status, title, detail, help, condition, server_time };
    let body = serde_json::to_vec(&problem).expect("serialises");
    Response::new(status, body).with("content-type", "application/problem+json")
}
