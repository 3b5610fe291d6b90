//! A release in the server format.

use std::error::Error;
use std::io::Write as _;

use serde_json::{Value, json};
use trybuy_formats::control::Sections;
use trybuy_formats::ids::Digest;
use trybuy_formats::primitives::sha256;
use trybuy_formats::server_format::{
    Compression, Manifest, ProgramKind, ProgramSectionWriter, encode_prefix,
};
use trybuy_formats::signed::FORMAT;

use super::parties::Parties;

/// A release with its bytes.
pub(super) struct Release {
    pub(super) manifest: Manifest,
    pub(super) prefix: Vec<u8>,
    pub(super) sections: Vec<u8>,
}

impl Release {
    /// A release of documentation, terms, relicensing terms and a program.
    pub(super) fn new(
        parties: &Parties,
        texts: [&str; 3],
        program: &[u8],
        compression: Compression,
    ) -> Result<Self, Box<dyn Error>> {
        let [documentation, terms, relicensing] = texts;
        let mut writer = ProgramSectionWriter::new(Vec::new(), compression)?;
        writer.write_all(program)?;
        let (section, summary) = writer.finish()?;
        let manifest = Manifest {
            format: FORMAT,
            application: "com.example.sketch".parse()?,
            name: "Sketch".parse()?,
            version: "1.4.0-rc.2+linux".parse()?,
            summary: "Draws diagrams – „quickly“".to_owned(),
            homepage: Some("https://example.com/sketch?lang=de#top".to_owned()),
            categories: vec!["graphics".to_owned(), "Zeichnen".to_owned()],
            platform: "x86_64-linux".parse()?,
            kind: ProgramKind::Native,
            minimum_builder: Some("0.1.0".parse()?),
            server_public_key: parties.server.verification_key().spki().to_vec(),
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
        let sections = [texts.concat().as_bytes(), &section].concat();
        Ok(Self { prefix: encode_prefix(&manifest)?, sections, manifest })
    }

    /// The release as a server stores it.
    pub(super) fn bytes(&self) -> Vec<u8> {
        [self.prefix.as_slice(), &self.sections].concat()
    }

    /// The result of a vector (`VE-6`): the digests, and what else there is by name.
    pub(super) fn result(&self, name: &str, value: &impl serde::Serialize) -> Value {
        let manifest = &self.manifest;
        json!({
            name: value,
            "documentation_digest": manifest.documentation_digest,
            "terms_digest": manifest.terms_digest,
            "relicensing_digest": manifest.relicensing_digest,
            "program_size": manifest.program_size,
            "program_digest": manifest.program_digest,
        })
    }
}

fn digest(text: &str) -> Digest {
    Digest::from_bytes(sha256(text.as_bytes()))
}
