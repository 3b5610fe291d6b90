//! The way of a trial, live: a vendor publishes, a user tries and runs until the trials end.
//!
//! `cargo demo` builds the programs, starts a server with embedded storage in a temporary
//! directory and plays every part of the story with the real command lines. `cargo demo --keep`
//! leaves the server up and prints how to go on by hand. `cargo demo licensing` plays the licensing of a
//! company instead.

mod licensing;

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, Subcommand};

use trybuy_tests::binaries::{Binaries, Profile, repository};
use trybuy_tests::builder::Builder;
use trybuy_tests::server::ServerSetup;
use trybuy_tests::vendor::Vendor;

const GREETER: &str = "org.trybuy.greeter";
const TALLY: &str = "org.trybuy.tally";
const LUMEN: &str = "org.trybuy.lumen";

/// Shows the whole way of a trial in about half a minute, after the build.
#[derive(Parser)]
struct Options {
    /// Leave the server and all files, and print how to go on by hand.
    #[arg(long)]
    keep: bool,
    #[command(subcommand)]
    other: Option<Other>,
}

/// What else can be shown.
#[derive(Subcommand)]
enum Other {
    /// The licensing of a company: order, pack, gateway, clients, upgrade, records.
    Licensing,
}

fn main() -> Result<()> {
    let options = Options::parse();
    say(
        "Building the server, the Builder and the sample applications (the first time takes minutes).",
    );
    let binaries = Binaries::build(Profile::Release)?;
    if let Some(Other::Licensing) = options.other {
        return licensing::play(&binaries);
    }
    let folder = tempfile::Builder::new().prefix("trybuy-demo-").tempdir()?;

    say("A server with embedded storage: its keys and database are made in a temporary directory.");
    let setup = ServerSetup::init(&binaries, &folder.path().join("server"), &[])?;
    let token = setup.vendor_token("Example Ltd")?;
    let server = setup.serve()?;
    println!("  {} serves {}", server.url(), setup.data_dir().display());

    let stage = Stage {
        vendor: Vendor::new(&binaries, server.url(), &token),
        user: Builder::new(&binaries, &folder.path().join("ada")),
        url: server.url().to_owned(),
    };
    stage.publish_samples()?;
    stage.set_up_and_browse()?;
    stage.soft_expiration()?;
    stage.hard_expiration()?;
    stage.try_the_game()?;
    stage.look_back()?;

    if options.keep {
        server.leave();
        stage.say_how_to_go_on(&binaries, &token, &folder.keep());
    }
    Ok(())
}

/// Who takes part: a vendor, and a user with a Builder.
struct Stage {
    vendor: Vendor,
    user: Builder,
    url: String,
}

impl Stage {
    fn publish_samples(&self) -> Result<()> {
        say(
            "A vendor publishes each application once: compressed, checked, stored in the server format.",
        );
        for sample in ["greeter", "tally", "lumen"] {
            let manifest = repository().join("sample-apps").join(sample).join("trybuy.toml");
            self.vendor(["publish".as_ref(), manifest.as_os_str()])?;
        }
        say("For this demonstration two trials are made very short: one soft, one hard.");
        self.vendor(words(&format!(
            "policy set {GREETER} --duration 4s --expiration soft --grace 4s --grace-from expiration"
        )))?;
        self.vendor(words(&format!("policy set {TALLY} --duration 4s --expiration hard")))
    }

    fn set_up_and_browse(&self) -> Result<()> {
        say(
            "A user sets up the Application Builder: keys are made on her machine, the server licenses it.",
        );
        self.builder([
            "setup",
            &self.url,
            "--name",
            "Ada Lovelace",
            "--email",
            "ada@example.com",
            "--accept-terms",
        ])?;
        say("She looks through the catalog.");
        self.builder(["search"])?;
        self.builder(["show", GREETER])
    }

    fn soft_expiration(&self) -> Result<()> {
        say(
            "She tries the greeter: particularized for her Builder, doubly encrypted, stored encrypted.",
        );
        self.builder(["try", GREETER, "--accept-terms"])?;
        say(
            "Before each launch the Builder checks, offline, that she may run it; then it decrypts into memory only.",
        );
        self.builder(["run", GREETER, "--", "Ada"])?;
        say("Four seconds later the trial is over. Its expiration is soft: a warning, with grace.");
        self.wait_for(GREETER, "warning")?;
        self.builder(["run", GREETER, "--", "Ada"])?;
        say(
            "Another four seconds, and the grace is over as well: the Builder refuses, with exit code 125.",
        );
        self.wait_for(GREETER, "refused")?;
        self.refused(["run", GREETER, "--", "Ada"])
    }

    fn hard_expiration(&self) -> Result<()> {
        say(
            "A filter, whose vendor asks for explicit acceptance: a typed name. It works in pipelines.",
        );
        self.builder(["try", TALLY, "--accept-terms", "--name", "Ada Lovelace"])?;
        self.builder_with_input(["run", TALLY], "3\n1\n4\n1\n5\n9\n2\n6\n")?;
        say("Its expiration is hard: when the trial is over, it is refused at once.");
        self.wait_for(TALLY, "refused")?;
        self.refused(["run", TALLY])
    }

    fn try_the_game(&self) -> Result<()> {
        say("A full-screen program for thirty days. Its vendor asks to retype a code, shown once.");
        let asked = self.user.run(["try", LUMEN, "--accept-terms"])?;
        let code = asked
            .stderr
            .split_whitespace()
            .skip_while(|word| *word != "--code")
            .nth(1)
            .with_context(|| format!("no code in: {asked}"))?;
        self.builder(["try", LUMEN, "--accept-terms", "--code", code])
    }

    fn look_back(&self) -> Result<()> {
        say("What the user has, until when, and whether it is intact.");
        self.builder(["list"])?;
        self.builder(["verify"])?;
        say("And what the vendor sees: who asked for a trial.");
        self.vendor(["requests", GREETER])
    }

    fn say_how_to_go_on(&self, binaries: &Binaries, token: &str, folder: &Path) {
        let programs = binaries.path("");
        say("The server is left running. To go on by hand:");
        println!("  export PATH={}:$PATH", programs.display());
        println!("  export TRYBUY_DATA_DIR={}", self.user.data_dir().display());
        println!("  trybuy run {LUMEN}");
        println!("  export TRYBUY_SERVER={} TRYBUY_TOKEN={token}", self.url);
        println!("  trybuy-vendor releases");
        println!("All files are in {}; end the server with: pkill trybuy-server", folder.display());
    }

    /// Waits until a trial has come to that state, as its user would see it in the list.
    fn wait_for(&self, application: &str, state: &str) -> Result<()> {
        let patience = Instant::now() + Duration::from_secs(60);
        while self.user.listed(application)?["state"] != state {
            ensure!(Instant::now() < patience, "{application} did not come to be {state}");
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    fn vendor<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Result<()> {
        ensure!(show("trybuy-vendor", self.vendor.command(), arguments, None)? == Some(0));
        Ok(())
    }

    fn builder<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Result<()> {
        ensure!(show("trybuy", self.user.command(), arguments, None)? == Some(0));
        Ok(())
    }

    fn builder_with_input<const N: usize>(&self, words: [&str; N], input: &str) -> Result<()> {
        ensure!(show("trybuy", self.user.command(), words, Some(input))? == Some(0));
        Ok(())
    }

    fn refused<const N: usize>(&self, words: [&str; N]) -> Result<()> {
        let code = show("trybuy", self.user.command(), words, None)?;
        println!("  (exit code {})", code.unwrap_or_default());
        ensure!(code == Some(125), "it was not refused");
        Ok(())
    }
}

/// Prints a command line as a user would type it, runs it, and answers its exit code.
fn show<S: AsRef<OsStr>>(
    program: &str,
    mut command: Command,
    arguments: impl IntoIterator<Item = S>,
    input: Option<&str>,
) -> Result<Option<i32>> {
    let arguments: Vec<_> = arguments.into_iter().map(|word| word.as_ref().to_owned()).collect();
    let typed: Vec<_> = arguments.iter().map(|word| quoted(&word.to_string_lossy())).collect();
    println!("$ {program} {}", typed.join(" "));
    command.args(&arguments).stdin(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot run {program}"))?;
    let mut stdin = child.stdin.take().context("standard input is a pipe")?;
    // A program that does not read its input may close the pipe first.
    drop(stdin.write_all(input.unwrap_or_default().as_bytes()));
    drop(stdin);
    Ok(child.wait()?.code())
}

fn quoted(word: &str) -> String {
    let short =
        PathBuf::from(word).strip_prefix(repository()).map(|path| path.display().to_string());
    let word = short.unwrap_or_else(|_| word.to_owned());
    if word.contains(' ') { format!("'{word}'") } else { word }
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split_whitespace()
}

fn say(text: &str) {
    println!("\n\u{2014} {text}");
}
