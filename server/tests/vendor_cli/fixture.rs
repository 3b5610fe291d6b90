//! An application to publish, a server's answers, and the program `trybuy-vendor` itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;
use trybuy_formats::api::{PolicyAnswer, PolicyEntry, PublishAnswer, ServerInfo, VendorRelease};
use trybuy_formats::ids::{Digest, ReleaseId};
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::key_id;
use trybuy_formats::policy::TrialPolicy;
use trybuy_formats::primitives::SignatureKey;

pub(crate) const MANIFEST: &str = r#"[application]
id = "com.example.sketch"
name = "Sketch"
version = "1.4.0"
summary = "Draw diagrams"
documentation = "guide.md"
terms = "TERMS.md"
relicensing = "RELICENSING.md"
homepage = "https://example.com/sketch"
categories = ["graphics"]
minimum_builder = "0.1.0"

[[program]]
platform = "x86_64-linux"
kind = "native"
path = "bin/sketch"

[trial]
duration = "30d"
expiration = "soft"
grace = { from = "first-warning", length = "7d" }
trials = 2
acceptance = "explicit"
layout = "dispersed"
limits = { launches = 50, running = "20h", days = 14 }
"#;

pub(crate) const TOKEN: &str = "tbv-a-token-that-is-secret";

/// The headers of an ELF program for a machine, which load nothing of the file, then the rest.
pub(crate) fn elf(machine: u8, rest: &[u8]) -> Vec<u8> {
    let mut program = b"\x7fELF\x02\x01\x01".to_vec();
    program.resize(64 + 56, 0);
    // ET_EXEC; one program header of 56 bytes, at 64, of the type PT_LOAD.
    for (at, value) in [(16, 2), (18, machine), (20, 1), (32, 64), (54, 56), (56, 1), (64, 1)] {
        program[at] = value;
    }
    program.extend(rest);
    program
}

/// Bytes that do not compress: the high ones of a linear congruential generator.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// An application in a folder of its own.
pub(crate) struct App {
    folder: TempDir,
}

impl App {
    pub(crate) fn new() -> Self {
        Self::with_manifest(MANIFEST)
    }

    pub(crate) fn with_manifest(manifest: &str) -> Self {
        let app = Self { folder: tempfile::tempdir().unwrap() };
        app.write("trybuy.toml", manifest);
        app.write("guide.md", "# Sketch\n");
        app.write("TERMS.md", "Be kind.\n");
        app.write("RELICENSING.md", "It costs 5.\n");
        app.write("bin/sketch", elf(62, b"the program"));
        app
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The text without the folder, which has another name every time.
    pub(crate) fn clean(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.folder.path().display()), "")
    }
}

/// `trybuy-vendor` with these arguments and nothing of the environment that it looks at.
pub(crate) fn vendor(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trybuy-vendor"));
    command.args(arguments);
    for name in ["TRYBUY_SERVER", "TRYBUY_TOKEN", "COLUMNS"] {
        command.env_remove(name);
    }
    command
}

/// `trybuy-vendor` towards a server, with a token.
pub(crate) fn vendor_at(server: &str, arguments: &[&str]) -> Command {
    let mut command = vendor(arguments);
    command.env("TRYBUY_SERVER", server).env("TRYBUY_TOKEN", TOKEN);
    command
}

/// What a run printed, and its exit code.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn run(command: &mut Command) -> Outcome {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let outcome = Outcome {
        code: status.code(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    };
    assert!(!outcome.stdout.contains(TOKEN) && !outcome.stderr.contains(TOKEN), "{outcome:?}");
    outcome
}

pub(crate) fn manifest_argument(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The policy of [`MANIFEST`].
pub(crate) fn policy() -> TrialPolicy {
    let json = r#"{"duration":2592000,
        "expiration":{"kind":"soft","from":"first-warning","grace":604800},
        "limits":{"launches":50,"running":72000,"days":14},
        "trials":2,"acceptance":"explicit","layout":"dispersed"}"#;
    serde_json::from_str(json).unwrap()
}

pub(crate) fn instant() -> Instant {
    "2026-12-22T10:00:00Z".parse().unwrap()
}

/// The public key of a server, made once a run.
pub(crate) fn server_key() -> &'static [u8] {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    KEY.get_or_init(|| {
        let key = SignatureKey::generate().unwrap();
        key.verification_key().spki().to_vec()
    })
}

pub(crate) fn server_info() -> ServerInfo {
    ServerInfo {
        name: "Test".to_owned(),
        public_key: server_key().to_vec(),
        key_id: key_id(server_key()),
        builder_terms: "terms".to_owned(),
        builder_terms_digest: Digest::from_bytes([1; 32]),
        version: "0.1.0".parse().unwrap(),
        verified_email: false,
        time: instant(),
    }
}

pub(crate) fn policy_answer(policy: TrialPolicy) -> PolicyAnswer {
    policies_answer([("application", None, policy)])
}

/// Policies by scope, and as which member of it.
pub(crate) fn policies_answer<const N: usize>(
    policies: [(&str, Option<&str>, TrialPolicy); N],
) -> PolicyAnswer {
    let policies = policies.map(|(scope, member, policy)| {
        let (scope, member) =
            (scope.parse().unwrap(), member.map(|member| member.parse().unwrap()));
        PolicyEntry { scope, member, policy, changed_at: instant() }
    });
    let application = "com.example.sketch".parse().unwrap();
    PolicyAnswer { application, policies: policies.into(), change: None }
}

pub(crate) fn release(platform: &str) -> VendorRelease {
    VendorRelease {
        id: ReleaseId::new(),
        application: "com.example.sketch".parse().unwrap(),
        version: "1.4.0".parse().unwrap(),
        platform: platform.parse().unwrap(),
        stored_size: 1536,
        program_size: 2048,
        program_digest: Digest::from_bytes([2; 32]),
        published_at: instant(),
    }
}

pub(crate) fn publish_answer(created_application: bool, policy: TrialPolicy) -> PublishAnswer {
    PublishAnswer { release: release("x86_64-linux"), created_application, policy }
}
