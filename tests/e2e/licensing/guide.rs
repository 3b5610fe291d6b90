//! The guide to licensing works as it is written, and its diagrams show what is there.

mod diagram;

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use trybuy_formats::api::{ConfirmedPayment, PaymentMessage};
use trybuy_tests::binaries::repository;
use trybuy_tests::command::Outcome;
use trybuy_tests::company::Order;
use trybuy_tests::company::service::Service;

use super::{PAGE, Stage};
use crate::case::{Shared, cases};
use crate::support::blocks;

cases![
    the_guide_to_licensing_works_as_it_is_written[Python, Curl, Openssl],
    the_diagrams_of_the_guide_show_addresses_that_are_there[Python, Curl],
    the_diagrams_of_the_guide_show_the_members_of_the_documents,
    the_diagrams_of_the_guide_can_be_drawn,
    a_diagram_that_cannot_be_drawn_is_found,
    the_payment_of_the_guide_is_one_that_the_clearinghouse_reads,
];

/// Runs what the guide lets run on, and keeps the address that it listens on in place of the guide's port.
const STARTED: &str = r#"
servers=()
trap 'kill "${servers[@]}"' EXIT
started() {
    exec {output}< <(exec "${@:2}" 2>> servers.log)
    servers+=($!)
    read -r -u "$output" line
    declare -g "at_$1=${line##*//}"
}
"#;

fn guide() -> Result<String> {
    Ok(fs::read_to_string(repository().join("docs/licensing.md"))?)
}

fn the_guide_to_licensing_works_as_it_is_written(shared: &Shared) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let pages = folder.path().join("pages");
    fs::create_dir(&pages)?;
    fs::write(pages.join("index.html"), PAGE)?;
    let service = Service::start(&pages)?;
    let guide = guide()?.replace("\\\n", " ");
    let commands: Vec<&str> = blocks(&guide, "sh").into_iter().flat_map(str::lines).collect();
    let commands: Vec<String> = commands.into_iter().filter_map(on_this_machine).collect();
    ensure!(commands.len() > 35, "the guide has {} commands", commands.len());
    let script = commands.join("\n");
    let script = script.replace("http://127.0.0.1:8000", service.url());
    let script = ["8081", "8082", "8090", "8443"].iter().fold(script, |script, port| {
        script.replace(&format!("127.0.0.1:{port}"), &format!("$at_{port}"))
    });
    let through_the_door = "curl --silent --fail \"http://$at_8090/\"";
    let mut shell = Command::new("bash");
    let script = format!("{STARTED}{script}\n{through_the_door}\n");
    shell.args(["-euxo", "pipefail", "-c", &script]).current_dir(folder.path());
    let path = std::env::var("PATH").unwrap_or_default();
    shell.env("PATH", format!("{}:{path}", shared.binaries().path("").display()));
    shell.env("HOME", folder.path()).env_remove("XDG_DATA_HOME").env_remove("TRYBUY_DATA_DIR");
    let followed = Outcome::of(&mut shell)?.success()?;
    ensure!(followed.stdout.matches(PAGE).count() == 2, "by curl and by the door: {followed}");
    ensure!(followed.stdout.contains("mine/certificate.pem: OK"), "{followed}");
    Ok(())
}

fn the_payment_of_the_guide_is_one_that_the_clearinghouse_reads(_: &Shared) -> Result<()> {
    let guide = guide()?;
    let [payment] = blocks(&guide, "json")[..] else { anyhow::bail!("the payment alone is JSON") };
    let message: PaymentMessage = serde_json::from_str(payment)?;
    ensure!(message.event == PaymentMessage::CONFIRMED, "{payment}");
    let given = message.data.clone();
    let payment: ConfirmedPayment = serde_json::from_value(message.data)?;
    ensure!(serde_json::to_value(payment)? == given, "{given} has more or fewer members");
    Ok(())
}

/// A command of the guide with everything on this machine, at ports that the system chooses.
fn on_this_machine(command: &str) -> Option<String> {
    if command.starts_with("cargo demo") {
        return None;
    }
    let command =
        command.replace("gateway.example.com", "127.0.0.1").replace("0.0.0.0", "127.0.0.1");
    match command.split_once(" --listen 127.0.0.1:") {
        Some((command, port)) => Some(format!("started {port} {command} --listen 127.0.0.1:0")),
        None => Some(command),
    }
}

/// A line of a diagram in which somebody asks for an address.
struct Asked<'a> {
    /// Who is asked: the letter of a participant.
    whom: &'a str,
    method: &'a str,
    path: &'a str,
    /// The members of what is sent.
    sent: Vec<&'a str>,
    /// Those of the answer, where the next line that comes back to who asked has some.
    answered: Vec<&'a str>,
}

/// What is between braces in a line.
fn members(text: &str) -> Vec<&str> {
    let braced = text.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
    braced.map(|(members, _)| members.split(", ").collect()).unwrap_or_default()
}

/// All lines of the diagrams in which somebody asks for an address.
fn asked(guide: &str) -> Vec<Asked<'_>> {
    let mut found = Vec::new();
    for diagram in blocks(guide, "mermaid") {
        let lines: Vec<&str> = diagram.lines().map(str::trim).collect();
        for (number, line) in lines.iter().enumerate() {
            let Some(((who, whom), text)) = message(line, "->>") else { continue };
            let Some((method, rest)) = text.split_once(' ') else { continue };
            if !["GET", "POST"].contains(&method) {
                continue;
            }
            let back = lines[number + 1..].iter().filter_map(|line| message(line, "-->>"));
            let answer = back.into_iter().find(|(ends, _)| *ends == (whom, who));
            let (path, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            found.push(Asked {
                whom,
                method,
                path,
                sent: members(rest),
                answered: answer.map(|(_, text)| members(text)).unwrap_or_default(),
            });
        }
    }
    found
}

/// Who says what to whom.
fn message<'a>(line: &'a str, arrow: &str) -> Option<((&'a str, &'a str), &'a str)> {
    let (who, rest) = line.split_once(arrow)?;
    let (whom, text) = rest.split_once(": ")?;
    Some(((who.trim_end_matches('-'), whom), text))
}

fn the_diagrams_of_the_guide_show_addresses_that_are_there(shared: &Shared) -> Result<()> {
    let stage = Stage::start(shared)?;
    stage.company.offer(&Order::of("4.0.0", 1))?;
    let order = stage.company.place(&Order::of("4.0.0", 1))?;
    let guide = guide()?;
    let asked = asked(&guide);
    ensure!(asked.len() > 15, "{} addresses", asked.len());
    for Asked { whom, method, path, .. } in asked {
        let server = match whom {
            "C" => stage.company.clearinghouse_server.url(),
            "L" => stage.company.license_server_server.url(),
            "G" => stage.gateway.url(),
            other => anyhow::bail!("{path} of {other}"),
        };
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--max-time", "30", "--request", method]);
        curl.args(["--write-out", " %{http_code}", "--cacert"]).arg(stage.gateway.certificate());
        if method == "POST" {
            curl.args(["--header", "content-type: application/json", "--data", "{}"]);
        }
        let answer = Outcome::of(curl.arg(format!("{server}{}", path.replace("{id}", &order))))?;
        let status = answer.stdout.rsplit(' ').next().unwrap_or_default();
        let is_there = !answer.stdout.contains("nothing at this address") && status != "405";
        ensure!(is_there && status != "000", "{method} {path} of {whom}: {answer}");
    }
    Ok(())
}

/// By the end of an address: what is sent, and what is answered.
const DOCUMENTS: [(&str, &str, &str); 15] = [
    ("/products", "", "ProductsAnswer"),
    ("/orders", "PlaceOrder", "OrderAnswer"),
    ("/orders/{id}", "", "OrderAnswer"),
    ("/orders/{id}/pack", "", ""),
    ("/payments", "PaymentMessage", ""),
    ("/license-server", "", "LicenseServerInfo"),
    ("/revocations", "", ""),
    ("/gateway", "", "GatewayInfo"),
    ("/license", "", "LicenseInfo"),
    ("/license-requests", "LicenseRequest", "ChallengeAnswer"),
    ("/challenge-responses", "SignedRequest", "LicenseAnswer"),
    ("/upgrades", "SignedRequest", "LicenseAnswer"),
    ("/gateways/licenses", "GatewayLicenseRequest", "LicenseAnswer"),
    ("/gateways/seen", "SeenLicenses", "SeenAnswer"),
    ("/keys", "", ""),
];

fn the_diagrams_of_the_guide_show_the_members_of_the_documents(_: &Shared) -> Result<()> {
    let types = fs::read_to_string(repository().join("formats/src/api/licensing.rs"))?;
    let guide = guide()?;
    for Asked { method, path, sent, answered, .. } in asked(&guide) {
        let (_, name) =
            path.split_once("/v1").or_else(|| path.split_once("/trybuy")).context("a path")?;
        let documents = DOCUMENTS.iter().find(|(end, ..)| *end == name);
        let (_, request, answer) = documents.with_context(|| format!("no documents of {path}"))?;
        let expected = fields(&types, request)?;
        ensure!(sent == expected, "{method} {path} shows {sent:?}, and has {expected:?}");
        // An answer that a diagram leaves out is shown in another, or is said in words.
        let expected = fields(&types, answer)?;
        let is_right = answered.is_empty() || answered == expected;
        ensure!(is_right, "{method} {path} answers {expected:?}, not {answered:?}");
    }
    Ok(())
}

fn the_diagrams_of_the_guide_can_be_drawn(_: &Shared) -> Result<()> {
    let guide = guide()?;
    let diagrams = blocks(&guide, "mermaid");
    ensure!(diagrams.len() >= 6, "Figures 3 to 8 are {} diagrams", diagrams.len());
    diagrams.into_iter().try_for_each(diagram::check)
}

fn a_diagram_that_cannot_be_drawn_is_found(_: &Shared) -> Result<()> {
    const HEAD: &str = "sequenceDiagram\n  participant K as client\n  participant G as gateway\n";
    for good in [
        "K->>G: a: b\nG-->>K: c",
        "Note over K: a",
        "Note over K,G: a",
        "alt a\nK->>G: b\nelse\nalt c\nend\nend",
    ] {
        diagram::check(&format!("{HEAD}{good}")).with_context(|| good.to_owned())?;
    }
    for (broken, expected) in [
        ("K->>G: a; b", "a character"),
        ("K->>G: #35", "a character"),
        ("K->>L: a", "\"L\" is no participant"),
        ("L-->>K: a", "\"L\" is no participant"),
        ("Note over K,L: a", "\"L\" is no participant"),
        ("Note over K,G,K: a", "from one to another"),
        ("Note K: a", "a note is over"),
        ("Note over K", "a note has a text"),
        ("K->>G:", "no text"),
        ("K->>G", "no statement"),
        ("K=>G: a", "no arrow"),
        ("participant K as client", "declared twice"),
        ("participant end as an end", "no id"),
        ("participant L", "an id and a name"),
        ("alt a\nK->>G: b", "an alt has no end"),
        ("alt\nend", "no text"),
        ("K->>G: a\nend", "ends no alt"),
        ("else b", "in no alt"),
    ] {
        let found = diagram::check(&format!("{HEAD}{broken}"));
        let found = found.err().with_context(|| format!("{broken:?} is taken"))?;
        ensure!(format!("{found:#}").contains(expected), "{broken:?}: {found:#}");
    }
    ensure!(diagram::check("flowchart\n").is_err());
    Ok(())
}

/// The members of a document, as its type has them.
fn fields<'a>(types: &'a str, name: &str) -> Result<Vec<&'a str>> {
    if name.is_empty() {
        return Ok(Vec::new());
    }
    let body = types.split_once(&format!("pub struct {name} {{\n")).map(|(_, rest)| rest);
    let body = body.and_then(|rest| rest.split_once("\n}")).with_context(|| name.to_owned())?.0;
    // One is called otherwise in JSON than in Rust.
    let field = |line: &'a str| line.trim().strip_prefix("pub ")?.split(':').next();
    let named = |name: &'a str| if name == "event" { "type" } else { name };
    Ok(body.lines().filter_map(field).map(named).collect())
}
