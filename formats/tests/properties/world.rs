//! A server, a Builder and what passes between them.

use std::io::{self, Write as _};
use std::sync::{Mutex, OnceLock};

use trybuy_formats::builder_license::{BuilderKind, BuilderLicense, Holder};
use trybuy_formats::control::{ControlInformation, LicenseKind, Sections};
use trybuy_formats::execution_format::ProgramMemory;
use trybuy_formats::expiry::{TrialState, TrustedTime};
use trybuy_formats::ids::{Digest, LicenseId, LicenseeId, Platform, ReleaseId, TrialId, Version};
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::{FileKey, LicenseSecret, MasterSecret, key_id};
use trybuy_formats::policy::{Expiration, Layout, Limits, OnExpiry};
use trybuy_formats::primitives::{DecryptionKey, SignatureKey, sha256};
use trybuy_formats::server_format::{
    Compression, Manifest, ProgramKind, ProgramSectionWriter, encode_prefix,
};
use trybuy_formats::signed::{self, Verified};
use trybuy_formats::slug::Slug;
use trybuy_formats::transmission::{
    Authorized, Body, Opened, ReadError, TrialHead, VerifiedFile, seal_head,
};

pub(crate) const LAYOUTS: [Layout; 2] = [Layout::Leading, Layout::Dispersed];

/// Keys take a while to make, so there is one server and one Builder for all tests.
pub(crate) struct World {
    pub(crate) server: SignatureKey,
    pub(crate) builder: DecryptionKey,
    pub(crate) master: MasterSecret,
    pub(crate) license: Verified<BuilderLicense>,
    pub(crate) secret: LicenseSecret,
}

pub(crate) fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let server = SignatureKey::generate().unwrap();
        let builder = DecryptionKey::generate().unwrap();
        let master = MasterSecret::generate();
        let (license, secret) = license(&server, &builder, &master, LicenseeId::new());
        World { server, builder, master, license, secret }
    })
}

/// A Builder license, and its secret as the Builder gets it.
pub(crate) fn license(
    server: &SignatureKey,
    builder: &DecryptionKey,
    master: &MasterSecret,
    licensee: LicenseeId,
) -> (Verified<BuilderLicense>, LicenseSecret) {
    let recipient = builder.encryption_key();
    let (license_id, builder_key_id) = (LicenseId::new(), key_id(recipient.spki()));
    let secret = LicenseSecret::derive(master, license_id, builder_key_id);
    let license = BuilderLicense {
        format: 1,
        license_id,
        licensee_ids: vec![licensee],
        kind: BuilderKind::Trial,
        holder: Holder { name: "Ada".parse().unwrap(), email: "ada@example.com".parse().unwrap() },
        platform: Platform::current(),
        builder_key_id,
        request_key: vec![7; 32],
        sealed_secret: secret.seal_to(&recipient).unwrap(),
        issued_at: at(0),
        ends_at: Some(at(1_000_000)),
        terms_digest: Digest::from_bytes([1; 32]),
    };
    let text = signed::sign(server, &license).unwrap();
    (signed::open(&server.verification_key(), &text).unwrap(), secret)
}

/// An instant some seconds after the one at which everything is issued.
pub(crate) fn at(seconds: i64) -> Instant {
    Instant::from_unix(1_800_000_000 + seconds).unwrap()
}

/// A release in the server format, and the program in it.
pub(crate) struct Release {
    pub(crate) id: ReleaseId,
    pub(crate) manifest: Manifest,
    pub(crate) bytes: Vec<u8>,
    pub(crate) program: Vec<u8>,
}

impl Release {
    pub(crate) fn new(texts: [&str; 3], program: Vec<u8>, compression: Compression) -> Self {
        let [documentation, terms, relicensing] = texts;
        let mut writer = ProgramSectionWriter::new(Vec::new(), compression).unwrap();
        writer.write_all(&program).unwrap();
        let (section, summary) = writer.finish().unwrap();
        let digest = |text: &str| Digest::from_bytes(sha256(text.as_bytes()));
        let manifest = Manifest {
            format: 1,
            application: "com.example.sketch".parse().unwrap(),
            name: "Sketch".parse().unwrap(),
            version: "1.4.0".parse().unwrap(),
            summary: "Draws".to_owned(),
            homepage: Some("https://example.com".to_owned()),
            categories: vec!["art".to_owned()],
            platform: Platform::current(),
            kind: ProgramKind::Native,
            minimum_builder: None,
            server_public_key: world().server.verification_key().spki().to_vec(),
            sections: Sections {
                documentation: documentation.len() as u64,
                terms: terms.len() as u64,
                relicensing: relicensing.len() as u64,
                program: summary.section_length,
            },
            documentation_digest: digest(documentation),
            terms_digest: digest(terms),
            relicensing_digest: digest(relicensing),
            program_size: summary.program_size,
            program_digest: summary.program_digest,
        };
        let mut bytes = encode_prefix(&manifest).unwrap();
        bytes.extend([documentation, terms, relicensing].concat().as_bytes());
        bytes.extend(section);
        Self { id: ReleaseId::new(), manifest, bytes, program }
    }

    /// The stored sections.
    pub(crate) fn sections(&self) -> &[u8] {
        let total = usize::try_from(self.manifest.sections.total()).unwrap();
        &self.bytes[self.bytes.len() - total..]
    }
}

/// A trial of a release.
pub(crate) struct Trial<'a> {
    pub(crate) release: &'a Release,
    pub(crate) id: TrialId,
    pub(crate) control: ControlInformation,
    pub(crate) head: TrialHead,
}

impl<'a> Trial<'a> {
    pub(crate) fn new(release: &'a Release, layout: Layout) -> Self {
        let (world, id) = (world(), TrialId::new());
        let manifest = &release.manifest;
        let file_key = FileKey::derive(&world.master, id, release.id, world.license.builder_key_id);
        let control = ControlInformation {
            format: 1,
            application: manifest.application.clone(),
            name: manifest.name.clone(),
            release: manifest.version.clone(),
            platform: manifest.platform.clone(),
            licensee_id: world.license.licensee_ids[0],
            trial_id: id,
            kind: LicenseKind::Trial,
            head_number: 1,
            issued_at: at(0),
            ends_at: Some(at(1000)),
            expiration: Expiration::Hard {},
            limits: Limits::default(),
            on_expiry: OnExpiry::Finish,
            builder_key_id: world.license.builder_key_id,
            minimum_builder: None,
            file_key_commitment: file_key.commitment(),
            layout,
            sections: manifest.sections,
            program_size: manifest.program_size,
            program_digest: manifest.program_digest,
            terms_digest: manifest.terms_digest,
        };
        let head = seal(&control, &file_key);
        Self { release, id, control, head }
    }

    pub(crate) fn file_key(&self) -> FileKey {
        let world = world();
        FileKey::derive(&world.master, self.id, self.release.id, world.license.builder_key_id)
    }

    /// The same trial with another head.
    pub(crate) fn with_control(&self, alter: impl FnOnce(&mut ControlInformation)) -> Self {
        let mut control = self.control.clone();
        alter(&mut control);
        let head = seal(&control, &self.file_key());
        Self { release: self.release, id: self.id, control, head }
    }

    pub(crate) fn body(&self) -> Body {
        Body::new(&self.file_key(), &self.head, self.release.manifest.sections).unwrap()
    }

    /// The whole transmission file.
    pub(crate) fn file(&self) -> Vec<u8> {
        let body = self.body();
        let mut file = self.head.head().to_vec();
        for index in 0..body.chunk_count() {
            file.extend(sealed_chunk(&body, self.release, index));
        }
        file
    }
}

fn seal(control: &ControlInformation, file_key: &FileKey) -> TrialHead {
    let world = world();
    let recipient = world.builder.encryption_key();
    seal_head(control, &world.server, &world.secret, &recipient, file_key).unwrap()
}

pub(crate) fn sealed_chunk(body: &Body, release: &Release, index: u64) -> Vec<u8> {
    let range = body.sections_range(index);
    let (start, end) = (range.start as usize, range.end as usize);
    let mut out = vec![0; body.sealed_chunk_length(index)];
    body.seal_chunk(index, &release.sections()[start..end], &mut out).unwrap();
    out
}

/// Opens and verifies a file with the Builder's key.
pub(crate) fn verify(file: &[u8]) -> Result<VerifiedFile<&[u8]>, Slug> {
    verify_opened(Opened::open(file, &world().builder).map_err(|error| error.slug())?)
}

/// Opens and verifies a file without the private key, which takes a hundredth of the time.
pub(crate) fn verify_with(file: &[u8], file_key: FileKey) -> Result<VerifiedFile<&[u8]>, Slug> {
    verify_opened(Opened::open_with_file_key(file, file_key).map_err(|error| error.slug())?)
}

fn verify_opened(opened: Opened<&[u8]>) -> Result<VerifiedFile<&[u8]>, Slug> {
    let world = world();
    opened
        .verify(&world.server.verification_key(), &world.license, &world.secret)
        .map_err(|error| error.slug())
}

/// Authorises a launch now.
pub(crate) fn authorize(file: VerifiedFile<&[u8]>) -> Authorized<&[u8]> {
    file.authorize(&version(), now(), &TrialState::default()).unwrap_or_else(|_| unreachable!())
}

/// Everything in a file: the texts and the program, which is decoded with some threads.
pub(crate) fn contents(
    file: VerifiedFile<&[u8]>,
    threads: usize,
) -> Result<(String, String, String, Vec<u8>), Slug> {
    let text = |text: Result<String, ReadError>| text.map_err(|error| error.slug());
    let (documentation, terms) = (text(file.documentation())?, text(file.terms())?);
    let relicensing = text(file.relicensing())?;
    file.check(&mut |_| {}).map_err(|error| error.slug())?;
    let decoded = authorize(file).decode_into(TestMemory::new(), threads);
    let program = decoded.map_err(|error| error.slug())?;
    Ok((documentation, terms, relicensing, program.into_memory().into_bytes()))
}

pub(crate) fn version() -> Version {
    "1.0.0".parse().unwrap()
}

pub(crate) fn now() -> TrustedTime {
    TrustedTime::vouch(at(10))
}

/// Memory that the tests look into.
pub(crate) struct TestMemory(Mutex<Vec<u8>>);

impl TestMemory {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

impl ProgramMemory for TestMemory {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let mut memory = self.0.lock().map_err(|_| io::Error::other("a writer panicked"))?;
        let end = memory.len().max(start + bytes.len());
        memory.resize(end, 0);
        memory[start..start + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}

/// A program of a length: pseudo-random, with a part that compresses.
pub(crate) fn program(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ length as u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(|at| if (at >> 18) % 3 == 1 { (at >> 7) as u8 } else { next() }).collect()
}
