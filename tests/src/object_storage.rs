//! A real S3 server, made by others (`tests/object_storage/`), on a port of its own.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::Result;

use crate::binaries::repository;
use crate::running::Running;
use crate::second_decoder::interpreter;

/// Any credentials will do.
const CREDENTIALS: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "tests"), ("AWS_SECRET_ACCESS_KEY", "tests")];

/// A running storage with one bucket; it is killed when this is dropped.
pub struct ObjectStorage {
    _process: Running,
    url: String,
}

impl ObjectStorage {
    /// Whether there is a Python with its libraries (`requirements.txt`).
    pub fn is_available() -> bool {
        static AVAILABLE: OnceLock<bool> = OnceLock::new();
        *AVAILABLE.get_or_init(|| {
            let mut command = Command::new(interpreter());
            command.args(["-c", "import boto3, flask_cors, moto"]).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        })
    }

    /// Starts one.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start() -> Result<Self> {
        let mut command = Command::new(interpreter());
        command.arg(repository().join("tests/object_storage/storage.py")).envs(CREDENTIALS);
        let mut process = Running::waiting(&mut command)?;
        let url = process.first_line()?;
        Ok(Self { _process: process, url })
    }

    /// What a server needs in its environment to keep its programs there.
    pub fn variables(&self) -> Vec<(&str, &str)> {
        let own = [
            ("TRYBUY_BLOBS_URL", "s3://programs/of/trybuy"),
            ("AWS_ENDPOINT", &self.url),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_REGION", "us-east-1"),
        ];
        own.into_iter().chain(CREDENTIALS).collect()
    }
}
