//! Behind a reverse proxy with TLS, as servers are run: nginx, and certificates of a private authority.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use trybuy_tests::builder::Builder;
use trybuy_tests::command::Outcome;
use trybuy_tests::nginx::{Nginx, free_port};
use trybuy_tests::world::World;

use crate::case::{Shared, cases};
use crate::support::{busybox, ensure_sound};

cases![
    the_main_job_runs_behind_a_proxy_with_tls[Nginx, Openssl, Busybox],
    a_certificate_that_nobody_vouches_for_is_refused[Nginx, Openssl],
];

/// A server that is reached through nginx with TLS alone.
struct Encrypted {
    world: World,
    url: String,
    /// The certificate of the authority.
    authority: PathBuf,
    _nginx: Nginx,
}

impl Encrypted {
    fn start(shared: &Shared) -> Result<Self> {
        let port = free_port()?;
        let url = format!("https://localhost:{port}");
        let variables = [("TRYBUY_PUBLIC_URL", url.as_str()), ("TRYBUY_BEHIND_PROXY", "true")];
        let world = World::start_with(shared.binaries(), &variables)?;
        let folder = world.path("nginx");
        make_certificates(&folder)?;
        let (own, server) = (folder.display(), world.server.url());
        let block = format!(
            "server {{ listen 127.0.0.1:{port} ssl; client_max_body_size 0;\n\
             ssl_certificate {own}/server.pem; ssl_certificate_key {own}/server.key;\n\
             location / {{ proxy_pass {server}; proxy_buffering off;\n\
             proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }} }}"
        );
        let nginx = Nginx::start(&folder, port, &block)?;
        Ok(Self { world, url, authority: folder.join("authority.pem"), _nginx: nginx })
    }

    /// Runs a command of a user who trusts the authority.
    fn run(&self, user: &Builder, arguments: &[&str]) -> Result<Outcome> {
        Outcome::of(user.command().env("SSL_CERT_FILE", &self.authority).args(arguments))
    }
}

/// An authority, and a certificate of it for `localhost`.
fn make_certificates(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let script = "set -e\n\
        openssl req -x509 -newkey rsa:2048 -nodes -keyout authority.key -out authority.pem \
            -days 2 -subj '/CN=Tests' -addext keyUsage=critical,keyCertSign\n\
        openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost\n\
        printf 'subjectAltName=DNS:localhost\\nextendedKeyUsage=serverAuth\\n' >server.ext\n\
        openssl x509 -req -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial \
            -days 2 -extfile server.ext -out server.pem\n";
    let made = Command::new("/bin/sh").args(["-c", script]).current_dir(folder).output()?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Ok(())
}

fn the_main_job_runs_behind_a_proxy_with_tls(shared: &Shared) -> Result<()> {
    let encrypted = Encrypted::start(shared)?;
    let id = encrypted.world.publish("busybox-encrypted", &busybox()?)?;
    let user = encrypted.world.fresh_builder("ada");
    let terms = ["--name", "Ada", "--email", "ada@example.com", "--accept-terms"];
    encrypted.run(&user, &[["setup", &encrypted.url].as_slice(), &terms].concat())?.success()?;
    encrypted.run(&user, &["try", &id, "--accept-terms"])?.success()?;
    let info = user.run(["info", &id, "--json"])?.success()?.json()?;
    let address = info["download_url"].as_str().unwrap_or_default();
    ensure!(address.starts_with(&encrypted.url), "{address}");
    ensure_sound(&user, &id)
}

fn a_certificate_that_nobody_vouches_for_is_refused(shared: &Shared) -> Result<()> {
    let encrypted = Encrypted::start(shared)?;
    let user = encrypted.world.fresh_builder("ada");
    let terms = ["--name", "Ada", "--email", "ada@example.com", "--accept-terms"];
    let setup = |url: &str| user.run([["setup", url].as_slice(), &terms].concat());
    let refused = setup(&encrypted.url)?.refused(1, "server-unreachable")?;
    ensure!(refused.stderr.to_lowercase().contains("certificate"), "{refused}");
    // The authority vouches for `localhost` and for no address.
    let other = encrypted.url.replace("localhost", "127.0.0.1");
    let arguments = [["setup", &other].as_slice(), &terms].concat();
    encrypted.run(&user, &arguments)?.refused(1, "server-unreachable")?;
    ensure!(!user.data_dir().join("keys").exists(), "no keys were made");
    Ok(())
}
