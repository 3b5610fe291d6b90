//! The licensing of a company, live: an order, a pack, clients that come to a gateway, an upgrade, a record of
//! it all.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use trybuy_tests::binaries::Binaries;
use trybuy_tests::builder::Builder;
use trybuy_tests::company::door::Door;
use trybuy_tests::company::gateway::{Gateway, GatewayOptions};
use trybuy_tests::company::service::Service;
use trybuy_tests::company::{Company, Order, PRODUCT};
use trybuy_tests::server::ServerSetup;

use super::{say, show};

/// Plays the whole chain.
pub(super) fn play(binaries: &Binaries) -> Result<()> {
    say(
        "A certifying authority, a clearinghouse, and a company's license server, each with its certificate;",
    );
    println!("  the license server knows the Builder's executable file, signed by its vendor.");
    let company = Company::start(binaries)?;
    let folder = company.path("pages");
    std::fs::create_dir(&folder)?;
    std::fs::write(folder.join("index.html"), "Hello from the service.\n")?;
    let service = Service::start(&folder)?;
    let stage = Stage { company, service };
    stage.buy()?;
    let gateway = stage.gateway("gateway", "4.0.0")?;
    let ada = stage.get_licenses(&gateway)?;
    stage.use_the_service(&gateway, &ada)?;
    stage.upgrade(&ada)?;
    stage.look_back()
}

struct Stage {
    company: Company,
    service: Service,
}

impl Stage {
    fn buy(&self) -> Result<()> {
        say("The clearinghouse offers a product, and upgrades to its next version (SL Fig. 4).");
        self.company.offer(&Order::of("4.0.0", 1))?;
        self.company.offer(&Order { upgrade_from: Some("4.0.0"), ..Order::of("5.0.0", 1) })?;
        self.clearinghouse(&["product", "list"])?;
        say("The company orders one license. Nothing is issued before the fee is paid.");
        let order = self.company.place(&Order::of("4.0.0", 1))?;
        self.licenses(&["pack", "fetch", &order], 1)?;
        let fee = ["fee", "record", &order, "--amount", "100", "--currency", "EUR"];
        self.clearinghouse(&[fee.as_slice(), &["--reference", "invoice 17"]].concat())?;
        self.licenses(&["pack", "fetch", &order], 0)
    }

    fn gateway(&self, name: &str, version: &str) -> Result<Gateway> {
        let service = self.service.url();
        self.company.gateway(&GatewayOptions { name, service, version })
    }

    fn get_licenses(&self, gateway: &Gateway) -> Result<Builder> {
        say(
            "A gateway stands in front of the company's service, and refuses who has no license (Fig. 5).",
        );
        self.curl(gateway, None)?;
        say(
            "A client asks for one, and answers the platform challenge with its own image (Fig. 6 and 7).",
        );
        let ada = self.company.client("ada");
        request(&ada, gateway)?;
        say("For the next one there is none left: it gets a temporary license, once.");
        let bob = self.company.client("bob");
        request(&bob, gateway)?;
        Ok(ada)
    }

    fn use_the_service(&self, gateway: &Gateway, ada: &Builder) -> Result<()> {
        say(
            "The license is an X.509 certificate: openssl verifies it, and curl reaches the service with it.",
        );
        let license = self.company.path("ada-license");
        builder(ada, ["license", "export", PRODUCT, "--out", path(&license)?])?;
        let certificate = license.join("certificate.pem");
        let mut openssl = Command::new("openssl");
        openssl.args(["verify", "-purpose", "sslclient"]);
        let authority = self.company.authority();
        let given = ["-CAfile", path(&authority)?, "-untrusted", path(&certificate)?];
        let verified = [given.as_slice(), &[path(&certificate)?]].concat();
        ensure!(show("openssl verify -purpose sslclient", openssl, verified, None)? == Some(0));
        self.curl(gateway, Some(&license))?;
        say("And any program reaches it through the local door of `trybuy connect`.");
        println!("$ trybuy connect {}", gateway.url());
        let door = Door::open(ada, gateway)?;
        println!("listening on {}", door.url());
        let mut curl = Command::new("curl");
        curl.arg("--silent");
        ensure!(show("curl", curl, [door.url()], None)? == Some(0));
        Ok(())
    }

    fn upgrade(&self, ada: &Builder) -> Result<()> {
        say(
            "Another gateway needs version 5. One upgrade license replaces the old license (Fig. 8).",
        );
        let order = Order { upgrade_from: Some("4.0.0"), ..Order::of("5.0.0", 1) };
        self.company.buy(&order)?;
        let newer = self.gateway("newer", "5.0.0")?;
        request(ada, &newer)?;
        builder(ada, ["license", "list"])
    }

    fn look_back(&self) -> Result<()> {
        say(
            "What the company has, who has it, and a record of every decision, none of which can be removed unseen.",
        );
        self.licenses(&["pack", "list"], 0)?;
        self.licenses(&["licenses", "list"], 0)?;
        self.licenses(&["records", "list"], 0)?;
        self.licenses(&["audit", "verify"], 0)
    }

    fn clearinghouse(&self, words: &[&str]) -> Result<()> {
        run(&self.company.clearinghouse, &[&["clearinghouse"], words].concat(), 0)
    }

    fn licenses(&self, words: &[&str], code: i32) -> Result<()> {
        run(&self.company.license_server, &[&["license-server"], words].concat(), code)
    }

    fn curl(&self, gateway: &Gateway, license: Option<&Path>) -> Result<()> {
        let certificate = gateway.certificate();
        let mut words = vec!["--silent", "--cacert", path(&certificate)?];
        let files = license.map(|folder| (folder.join("certificate.pem"), folder.join("key.pem")));
        if let Some((certificate, key)) = &files {
            words.extend(["--cert", path(certificate)?, "--key", path(key)?]);
        }
        words.push(gateway.url());
        ensure!(show("curl", Command::new("curl"), words, None)? == Some(0));
        println!();
        Ok(())
    }
}

fn request(client: &Builder, gateway: &Gateway) -> Result<()> {
    let certificate = gateway.certificate();
    builder(client, ["license", "request", gateway.url(), "--ca", path(&certificate)?])
}

fn builder<const N: usize>(client: &Builder, words: [&str; N]) -> Result<()> {
    ensure!(show("trybuy", client.command(), words, None)? == Some(0));
    Ok(())
}

fn run(setup: &ServerSetup, words: &[&str], code: i32) -> Result<()> {
    ensure!(show("trybuy-server", setup.command(), words, None)? == Some(code));
    Ok(())
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("a path of the demonstration is UTF-8")
}
