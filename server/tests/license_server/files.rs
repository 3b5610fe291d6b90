//! Files that commands are given.

use std::process::Command;

use crate::commands::installed;

/// Nobody writes in the pipe, so that whoever reads it waits for ever.
#[test]
fn a_pipe_in_place_of_a_file_is_refused_at_once() {
    let program = installed();
    let made = Command::new("mkfifo").arg(program.path("pipe")).status();
    assert!(made.expect("run").success());
    program.write("file", "");
    let key = program.data().join("license-server/issuer.key");
    let key = key.to_str().expect("UTF-8");
    let sign = |image, certificate, key| {
        let named = ["client-image", "sign", image, "--certificate", certificate, "--key", key];
        let id = ["--software-id", "0200000100000001", "--name", "Client", "--version", "1.0.0"];
        [&named[..], &id, &["--out", "out"]].concat()
    };
    let gateway =
        ["gateway", "init", "--service", "http://127.0.0.1:1", "--product", "com.example.desk"];
    let gateway = [&gateway[..], &["--product-version", "1.0.0"]].concat();
    let gateway = [&gateway[..], &["--license-server", "http://127.0.0.1:1"]].concat();
    for arguments in [
        vec!["license-server", "pack", "install", "pipe"],
        vec!["license-server", "image", "add", "file", "--statement", "pipe"],
        vec!["license-server", "gateway", "add", "front", "--key", "pipe"],
        vec![
            "authority",
            "sign",
            "ca",
            "pipe",
            "--role",
            "clearinghouse",
            "--id",
            "x",
            "--out",
            "o",
        ],
        sign("file", "pipe", key),
        sign("file", "issuer.pem", "pipe"),
        [&gateway[..], &["--authority", "pipe"]].concat(),
    ] {
        let said = program.refused(&arguments, "local-file");
        assert!(said.contains("pipe cannot be read: it is not a regular file"), "{said}");
    }
}
