//! Releases in the server format.

use std::io::Write as _;

use trybuy_formats::control::Sections;
use trybuy_formats::ids::Digest;
use trybuy_formats::primitives::sha256;
use trybuy_formats::server_format::{
    Compression, Manifest, ProgramKind, ProgramSectionWriter, encode_prefix,
};

use super::{APPLICATION, PLATFORM, TestServer};

/// A release that can be changed before it is written.
#[derive(Clone)]
pub(crate) struct ReleaseMaker {
    pub(crate) application: String,
    pub(crate) version: String,
    pub(crate) platform: String,
    pub(crate) terms: String,
    pub(crate) program: Vec<u8>,
    pub(crate) server_public_key: Vec<u8>,
}

/// So many bytes that do not compress, the same for the same seed.
pub(crate) fn program_bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..length.div_ceil(8)).flat_map(|_| next().to_le_bytes()).take(length).collect()
}

impl ReleaseMaker {
    /// Sketch 1.0.0, with a program of some chunks.
    pub(crate) fn new(server: &TestServer) -> Self {
        Self {
            application: APPLICATION.to_owned(),
            version: "1.0.0".to_owned(),
            platform: PLATFORM.to_owned(),
            terms: "Try it, do not copy it.".to_owned(),
            program: program_bytes(300_000, 1),
            server_public_key: server.app.keys.public_key().to_vec(),
        }
    }

    /// Where it is published.
    pub(crate) fn path(&self) -> String {
        let Self { application, version, platform, .. } = self;
        format!("/api/v1/vendor/applications/{application}/releases/{version}/{platform}")
    }

    /// The release in the server format.
    pub(crate) fn server_format(&self) -> Vec<u8> {
        const DOCUMENTATION: &[u8] = b"# Sketch\n\nDraw diagrams.\n";
        let mut writer = ProgramSectionWriter::new(Vec::new(), Compression::Zstd { level: 1 })
            .expect("a compressor");
        writer.write_all(&self.program).expect("written");
        let (program, summary) = writer.finish().expect("finished");
        let digest = |bytes: &[u8]| Digest::from_bytes(sha256(bytes));
        let manifest = Manifest {
            format: 1,
            application: self.application.parse().expect("an id"),
            name: "Sketch".parse().expect("a name"),
            version: self.version.parse().expect("a version"),
            summary: "Draw diagrams".to_owned(),
            homepage: Some("https://example.com".to_owned()),
            categories: vec!["graphics".to_owned()],
            platform: self.platform.parse().expect("a platform"),
            kind: ProgramKind::Native,
            minimum_builder: None,
            server_public_key: self.server_public_key.clone(),
            sections: Sections {
                documentation: DOCUMENTATION.len() as u64,
                terms: self.terms.len() as u64,
                relicensing: 0,
                program: summary.section_length,
            },
            documentation_digest: digest(DOCUMENTATION),
            terms_digest: digest(self.terms.as_bytes()),
            relicensing_digest: digest(b""),
            program_size: summary.program_size,
            program_digest: summary.program_digest,
        };
        let prefix = encode_prefix(&manifest).expect("a manifest");
        [prefix.as_slice(), DOCUMENTATION, self.terms.as_bytes(), &program].concat()
    }
}
