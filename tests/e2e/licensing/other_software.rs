//! Software that nobody here wrote takes and refuses licenses.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use trybuy_tests::command::Outcome;
use trybuy_tests::company::authority::OpenSsl;
use trybuy_tests::company::{CompanyOptions, Order};
use trybuy_tests::nginx::{Nginx, free_port};
use trybuy_tests::wait;

use super::{Exported, Stage, curl_with, only_license};
use crate::case::{Shared, cases};

cases![
    openssl_accepts_a_seat_license[Python, Openssl],
    an_authority_of_openssl_alone_will_do[Python, Curl, Openssl],
    nginx_admits_a_license_and_refuses_others[Python, Curl, Nginx, Openssl],
];

fn openssl_accepts_a_seat_license(shared: &Shared) -> Result<()> {
    let stage = Stage::start(shared)?;
    stage.company.stock(&Order::of("4.0.0", 1))?;
    let client = stage.licensed("ada")?;
    let license = stage.exported(&client, "exported")?;
    ensure_openssl_accepts(&stage, &license)
}

/// The whole chain: an order, a pack, an image, a challenge, a license, a gateway, a revocation list.
fn an_authority_of_openssl_alone_will_do(shared: &Shared) -> Result<()> {
    let authority = OpenSsl::make;
    let stage = Stage::start_as(shared, CompanyOptions { authority, ..CompanyOptions::default() })?;
    stage.company.stock(&Order::of("4.0.0", 1))?;
    let client = stage.licensed("ada")?;
    let license = stage.exported(&client, "exported")?;
    let chain = std::fs::read_to_string(license.certificate())?;
    ensure!(chain.matches("BEGIN CERTIFICATE").count() == 3, "license, issuer, intermediate");
    ensure_openssl_accepts(&stage, &license)?;
    ensure!(stage.passes(&license)?);
    let foreign = foreign_license(&stage)?;
    ensure!(!stage.passes(&foreign)?);
    let id = only_license(&client)?["license_id"].as_str().context("an id")?.to_owned();
    stage.company.licenses(&["revoke", &id, "--reason", "stolen"])?;
    wait::until("the gateway hears of it", || Ok(!stage.passes(&license)?))
}

fn ensure_openssl_accepts(stage: &Stage, license: &Exported) -> Result<()> {
    let authority = stage.company.authority();
    for more in [&[][..], &["-purpose", "sslclient"], &["-x509_strict"]] {
        openssl_verify(&authority, license, more)?.success()?;
    }
    let server = openssl_verify(&authority, license, &["-purpose", "sslserver"])?;
    ensure!(server.code != 0, "a license authenticates no server: {server}");
    Ok(())
}

fn openssl_verify(authority: &Path, license: &Exported, more: &[&str]) -> Result<Outcome> {
    let mut command = Command::new("openssl");
    command.arg("verify").arg("-CAfile").arg(authority).arg("-untrusted");
    Outcome::of(command.arg(license.certificate()).args(more).arg(license.certificate()))
}

fn nginx_admits_a_license_and_refuses_others(shared: &Shared) -> Result<()> {
    let stage = Stage::start_with(shared, &[("#: temporary = \"60d\"", "temporary = \"8s\"")])?;
    stage.company.stock(&Order::of("4.0.0", 3))?;
    let good = stage.exported(&stage.licensed("ada")?, "good")?;
    let sam = stage.licensed("sam")?;
    let superseded = stage.exported(&sam, "superseded")?;
    let bob = stage.licensed("bob")?;
    let revoked = stage.exported(&bob, "revoked")?;
    let id = only_license(&bob)?["license_id"].as_str().context("an id")?.to_owned();
    stage.company.licenses(&["revoke", &id, "--reason", "lost"])?;
    stage.licensed("dan")?;
    stage.upgrade(&sam)?;
    let upgraded = stage.exported(&sam, "upgraded")?;
    let foreign = foreign_license(&stage)?;
    let port = free_port()?;
    let url = format!("https://127.0.0.1:{port}");
    let _nginx = Nginx::start(&stage.company.path("nginx"), port, &server(&stage, port)?)?;
    let status = |license| -> Result<String> {
        let answer = curl_with(&url, &stage.gateway.certificate(), license)?;
        Ok(answer
            .stdout
            .get(answer.stdout.len().saturating_sub(3)..)
            .unwrap_or_default()
            .to_owned())
    };
    ensure_reasons_are_shown(&stage)?;
    for (license, whose) in [(&good, "good"), (&upgraded, "upgraded")] {
        ensure!(status(Some(license))? == "200", "{whose}");
    }
    let bad = [(&revoked, "revoked"), (&superseded, "superseded"), (&foreign, "foreign")];
    for (license, whose) in bad {
        ensure!(status(Some(license))? == "400", "{whose}");
    }
    ensure!(status(None)? == "400", "none");
    let temporary = stage.exported(&stage.licensed("eve")?, "temporary")?;
    ensure!(status(Some(&temporary))? == "200", "temporary");
    wait::until("the end of the temporary license", || Ok(status(Some(&temporary))? == "400"))
}

/// OpenSSL says of each certificate on the list why it is there.
fn ensure_reasons_are_shown(stage: &Stage) -> Result<()> {
    let mut command = Command::new("openssl");
    command.args(["crl", "-noout", "-text", "-in"]).arg(stage.company.path("acme.crl"));
    let shown = Outcome::of(&mut command)?.success()?;
    for reason in ["Superseded", "Privilege Withdrawn"] {
        ensure!(shown.stdout.matches(reason).count() == 1, "{reason}: {shown}");
    }
    ensure!(shown.stdout.matches("Serial Number:").count() == 2, "{shown}");
    Ok(())
}

/// nginx as it is, told of nothing but the authority's certificate and the revocation lists.
fn server(stage: &Stage, port: u16) -> Result<String> {
    let path = |name: &str| stage.company.path(name).display().to_string();
    let lists = ["authority", "revocation-list", &path("authority"), "--out", &path("root.crl")];
    stage.company.clearinghouse.run(lists)?.success()?;
    let fetched = format!("{}/api/v1/revocations", stage.company.license_server_server.url());
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--fail", "--output", &path("acme.der"), &fetched]);
    Outcome::of(&mut curl)?.success()?;
    let mut convert = Command::new("openssl");
    convert.args(["crl", "-inform", "der", "-in", &path("acme.der"), "-out", &path("acme.crl")]);
    Outcome::of(&mut convert)?.success()?;
    let both =
        ["acme.crl", "root.crl"].map(|name| std::fs::read_to_string(stage.company.path(name)));
    let [issuer, root] = both;
    std::fs::write(stage.company.path("all.crl"), issuer? + &root?)?;
    Ok(format!(
        "server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; \
         ssl_certificate_key {key}; ssl_client_certificate {authority}; ssl_crl {lists}; \
         ssl_verify_client on; ssl_verify_depth 2; root {pages}; }}",
        certificate = stage.gateway.certificate().display(),
        key = path("gateway/gateway/tls.key"),
        authority = stage.company.authority().display(),
        lists = path("all.crl"),
        pages = path("pages"),
    ))
}

/// A license of another authority, which OpenSSL makes.
fn foreign_license(stage: &Stage) -> Result<Exported> {
    let folder = stage.company.path("foreign");
    std::fs::create_dir(&folder)?;
    let license = Exported(folder);
    let mut command = Command::new("openssl");
    command.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
    ]);
    command.args(["-subj", "/CN=stranger", "-days", "2", "-addext", "extendedKeyUsage=clientAuth"]);
    command.arg("-keyout").arg(license.key()).arg("-out").arg(license.certificate());
    Outcome::of(&mut command)?.success()?;
    Ok(license)
}
