//! A story: the real system and the model, step by step.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use trybuy_formats::primitives::DecryptionKey;
use trybuy_formats::slug::Slug;
use trybuy_tests::binaries::Binaries;
use trybuy_tests::company::gateway::{Gateway, GatewayOptions};
use trybuy_tests::company::{Company, Order};

use super::machine::{Came, IMAGE, Machine, SOFTWARE_ID};
use super::random::Random;
use super::rules::{Major, Rules};

/// Clients of a story.
const CLIENTS: usize = 4;
/// Versions that there are.
const VERSIONS: [Major; 3] = [1, 2, 3];
/// The preloaded library that puts the license server's clock wrong.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/// The real system, its clients, and the model of both.
pub(super) struct Story {
    random: Random,
    company: Company,
    gateway: Gateway,
    machines: Vec<Machine<'static>>,
    rules: Rules,
    /// The packs in the order in which they were installed.
    packs: Vec<String>,
}

impl Story {
    /// A company with clients, and without a license.
    pub(super) fn begin(binaries: &Binaries, seed: u64) -> Result<Self> {
        let mut company = Company::start(binaries)?;
        set_clock(&company, "+0")?;
        let clock = company.path("clock").display().to_string();
        company.license_server = company
            .license_server
            .clone()
            .with_variable("LD_PRELOAD", FAKETIME)
            .with_variable("FAKETIME_TIMESTAMP_FILE", &clock)
            .with_variable("FAKETIME_NO_CACHE", "1")
            .with_variable("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        let image = company.path("client");
        std::fs::write(&image, IMAGE)?;
        company.install_image(&image, 7, SOFTWARE_ID)?;
        for version in VERSIONS {
            let text = format!("{version}.0.0");
            company.offer(&Order::of(&text, 1))?;
            if version > 1 {
                company.offer(&Order { upgrade_from: Some("1.0.0"), ..Order::of(&text, 1) })?;
            }
        }
        company.end_license_server()?;
        company.restart_license_server()?;
        let service = "http://127.0.0.1:9";
        let gateway = GatewayOptions { name: "gateway", service, version: "1.0.0" };
        let gateway = company.gateway(&gateway)?;
        // One key for all clients: it decrypts, and says nothing of who they are. It lives as long as the test.
        let decryption: &'static DecryptionKey = Box::leak(Box::new(DecryptionKey::generate()?));
        let machines = (0..CLIENTS).map(|_| Machine::new(decryption)).collect::<Result<_>>()?;
        let rules = Rules::of(CLIENTS);
        let random = Random::of(seed);
        Ok(Self { random, company, gateway, machines, rules, packs: Vec::new() })
    }

    /// One step, and a look at whether all is as it has to be.
    pub(super) fn go_on(&mut self) -> Result<()> {
        let client = self.random.below(CLIENTS);
        let version = self.random.one_of(&VERSIONS);
        match self.random.below(12) {
            0 | 1 => self.buy(version).context("buying")?,
            2..=4 => self.request(client, version, false).context("a request")?,
            5 => self.request(client, version, true).context("a request whose answer is lost")?,
            6 => self.request_twice(client, version).context("a doubled request")?,
            7 => self.cross(client, version).context("requests out of order")?,
            8 => self.lie(client, version).context("a wrong image")?,
            9 => self.ask_upgrade(client, version).context("an upgrade")?,
            10 => self.revoke(client).context("a revocation")?,
            _ => self.disturb().context("a disturbance")?,
        }
        self.compare()
    }

    /// A pack of one or two licenses, and a try to install it again.
    fn buy(&mut self, version: Major) -> Result<()> {
        let quantity = 1 + u32::try_from(self.random.below(2))?;
        let is_upgrade = version > 1 && self.random.below(2) == 0;
        let text = format!("{version}.0.0");
        let upgrade_from = is_upgrade.then_some("1.0.0");
        let order = self.company.place(&Order { upgrade_from, ..Order::of(&text, quantity) })?;
        self.company.pay(&order, quantity)?;
        self.company.licenses(&["pack", "fetch", &order])?;
        let again = self.company.license_server.run(["license-server", "pack", "fetch", &order])?;
        again.refused(1, "pack-installed")?;
        self.rules.install(version, is_upgrade.then_some(1), quantity);
        let packs = self.company.licenses(&["pack", "list", "--json"])?.json()?;
        let packs = packs.as_array().context("a list")?;
        let ids = packs.iter().filter_map(|pack| pack["pack_id"].as_str());
        let new: Vec<_> = ids.filter(|id| !self.packs.iter().any(|old| old == id)).collect();
        ensure!(new.len() == 1, "{new:?}");
        self.packs.push(new[0].to_owned());
        Ok(())
    }

    fn request(&mut self, client: usize, version: Major, is_lost: bool) -> Result<()> {
        let machine = &self.machines[client];
        let challenge = machine.ask(&self.gateway, version)?;
        let document = machine.respond(&challenge, version, IMAGE)?;
        let came = machine.send(&self.gateway, "challenge-responses", document)?;
        self.expect_license(client, version, came, is_lost)
    }

    /// The second of two responses to one challenge is refused.
    fn request_twice(&mut self, client: usize, version: Major) -> Result<()> {
        let machine = &self.machines[client];
        let challenge = machine.ask(&self.gateway, version)?;
        let document = machine.respond(&challenge, version, IMAGE)?;
        let came = machine.send(&self.gateway, "challenge-responses", document.clone())?;
        let again = machine.send(&self.gateway, "challenge-responses", document)?;
        ensure!(matches!(again, Came::Refusal(Slug::ChallengeFailed)));
        self.expect_license(client, version, came, false)
    }

    /// Two challenges, answered in the other order; also as two clones of one client would.
    fn cross(&mut self, client: usize, version: Major) -> Result<()> {
        let machine = &self.machines[client];
        let first = machine.ask(&self.gateway, version)?;
        let second = machine.ask(&self.gateway, version)?;
        for challenge in [second, first] {
            let machine = &self.machines[client];
            let document = machine.respond(&challenge, version, IMAGE)?;
            let came = machine.send(&self.gateway, "challenge-responses", document)?;
            self.expect_license(client, version, came, false)?;
        }
        Ok(())
    }

    /// A client with another image gets nothing.
    fn lie(&mut self, client: usize, version: Major) -> Result<()> {
        let machine = &self.machines[client];
        let challenge = machine.ask(&self.gateway, version)?;
        let document = machine.respond(&challenge, version, b"another image")?;
        let came = machine.send(&self.gateway, "challenge-responses", document)?;
        ensure!(matches!(came, Came::Refusal(Slug::ChallengeFailed)));
        Ok(())
    }

    fn ask_upgrade(&mut self, client: usize, version: Major) -> Result<()> {
        let is_permanent = self.permanent_license(client)?.is_some();
        if self.machines[client].license.is_none() || !is_permanent {
            return Ok(());
        }
        let came = self.machines[client].ask_upgrade(&self.gateway, version)?;
        match (self.rules.ask_upgrade(client, version), came) {
            (Some(expected), Came::License(outcome, license)) => {
                ensure!(outcome == expected, "{outcome:?} in place of {expected:?}");
                self.machines[client].license = Some(license);
            }
            (None, Came::Refusal(Slug::NoFreeLicense)) => {}
            (expected, _) => anyhow::bail!("another answer than {expected:?}"),
        }
        Ok(())
    }

    fn revoke(&mut self, client: usize) -> Result<()> {
        let Some(license) = self.permanent_license(client)? else { return Ok(()) };
        self.company.licenses(&["revoke", &license, "--reason", "a story", "--allow-again"])?;
        self.rules.revoke_newest(client);
        self.machines[client].license = None;
        Ok(())
    }

    /// The license server is killed and started again, or its clock jumps.
    fn disturb(&mut self) -> Result<()> {
        if self.random.below(2) == 0 {
            self.company.end_license_server()?;
            return self.company.restart_license_server();
        }
        let clock = self.random.one_of(&["+0", "+1d", "+40d", "+90d"]);
        set_clock(&self.company, clock)
    }

    fn expect_license(
        &mut self,
        client: usize,
        version: Major,
        came: Came,
        is_lost: bool,
    ) -> Result<()> {
        let expected = self.rules.request(client, version);
        let Came::License(outcome, license) = came else {
            anyhow::bail!("a refusal in place of {expected:?}");
        };
        ensure!(outcome == expected, "{outcome:?} in place of {expected:?}");
        if !is_lost {
            self.machines[client].license = Some(license);
        }
        Ok(())
    }

    /// The newest permanent license of a client, by its id.
    fn permanent_license(&self, client: usize) -> Result<Option<String>> {
        let id = self.machines[client].id()?;
        let listed = self.company.licenses(&["licenses", "list", "--client", &id, "--json"])?;
        let lines = listed.stdout.lines().map(serde_json::from_str::<Value>);
        let licenses: Vec<Value> = lines.collect::<Result<_, _>>()?;
        let permanent = licenses.iter().filter(|it| it["kind"] == "permanent");
        let newest = permanent.max_by_key(|it| it["version"].as_str().map(str::to_owned));
        Ok(newest.and_then(|it| it["license_id"].as_str()).map(str::to_owned))
    }

    /// Whether the real system is where the model is.
    fn compare(&self) -> Result<()> {
        let listed = self.company.licenses(&["pack", "list", "--json"])?.json()?;
        let packs = listed.as_array().context("a list")?;
        ensure!(packs.len() == self.packs.len(), "{listed}");
        for (id, (quantity, assigned)) in self.packs.iter().zip(self.rules.counts()) {
            let pack =
                packs.iter().find(|pack| pack["pack_id"] == id.as_str()).context("a pack")?;
            ensure!(assigned <= quantity, "the model gives out more than there is");
            let counted = (pack["quantity"].as_u64(), pack["assigned"].as_u64());
            let expected = (Some(u64::from(quantity)), Some(u64::from(assigned)));
            ensure!(counted == expected, "{pack} in place of {assigned} of {quantity}");
        }
        let temporary = self.company.licenses(&["licenses", "list", "--temporary", "--json"])?;
        ensure!(temporary.stdout.lines().count() == self.rules.temporaries(), "{temporary}");
        self.company.licenses(&["audit", "verify"])?;
        Ok(())
    }
}

/// Puts the license server's clock wrong by so much.
fn set_clock(company: &Company, offset: &str) -> Result<()> {
    Ok(std::fs::write(company.path("clock"), format!("{offset}\n"))?)
}
