//! A story: the real system and the model, step by step.

mod backups;
mod buying;
mod comparing;
mod front;
mod killing;
mod losing;
mod sending;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use chrono::{NaiveDate, Utc};

use trybuy_formats::certificates::CertificateChain;
use trybuy_formats::primitives::DecryptionKey;
use trybuy_tests::binaries::Binaries;
use trybuy_tests::company::{Company, PRODUCT};
use trybuy_tests::component::FAKETIME;

use self::backups::Backup;
use self::comparing::Ids;
use self::front::Front;
use super::machine::{IMAGE, Machine, software_of};
use super::random::Random;
use super::rules::{Day, Features, License, Major, PLATFORMS, Reason, Rules, Wish, platform_of};

/// Clients of a story.
const CLIENTS: usize = 3;
/// Those that clients want: an old one is good enough for most.
const WANTED: [Major; 4] = [1, 1, 2, 3];
/// The most requests at once.
const AT_ONCE: usize = 6;
/// Days that the clock jumps to. No pack begins or ends, and no temporary license ends, on one of them.
const DAYS: [Day; 4] = [0, 1, 30, 75];
/// How long after a request the license server is killed, at the most, in milliseconds.
const KILLED_AFTER: usize = 120;

/// The real system, its clients, and the model of both.
pub(super) struct Story {
    random: Random,
    company: Company,
    fronts: Vec<Front>,
    machines: Vec<Machine>,
    rules: Rules,
    /// The date on which the story began, and the days since by the company's clocks.
    began: NaiveDate,
    day: Day,
    /// The orders of the packs that the model has.
    orders: Vec<String>,
    /// What the real system calls licenses and packs.
    ids: Ids,
    /// The certificates of the licenses that clients got, by their numbers.
    certificates: BTreeMap<u32, CertificateChain>,
    /// The numbers of those that were ever revoked: gateways may have heard of it.
    ever_revoked: BTreeSet<u32>,
    backups: Vec<Backup>,
}

impl Story {
    /// A company with clients, and without a license.
    pub(super) fn begin(binaries: &Binaries) -> Result<Self> {
        let mut company = Company::start(binaries)?;
        let clock = company.path("clock");
        set_clock(&company, 0)?;
        company.go_by_clock(FAKETIME, &clock)?;
        let image = company.path("client");
        std::fs::write(&image, IMAGE)?;
        for platform in PLATFORMS {
            let (software_id, vendor) = software_of(platform);
            company.install_image(&image, vendor, software_id)?;
        }
        buying::offer_all(&company)?;
        let fronts = ["north", "south"].map(|name| Front::start(&company, name));
        // One key for all clients: it decrypts, and says nothing of who they are. It lives as long as the test.
        let decryption: &'static DecryptionKey = Box::leak(Box::new(DecryptionKey::generate()?));
        let folder = company.path("machines");
        std::fs::create_dir(&folder)?;
        let machines = (0..CLIENTS).map(|at| Machine::new(&folder, platform_of(at), decryption));
        let machines = machines.collect::<Result<Vec<_>>>()?;
        Ok(Self {
            random: Random::of(0, 0),
            fronts: fronts.into_iter().collect::<Result<_>>()?,
            rules: Rules::default(),
            began: Utc::now().date_naive(),
            day: 0,
            orders: Vec::new(),
            ids: Ids::of_clients(&machines)?,
            machines,
            certificates: BTreeMap::new(),
            ever_revoked: BTreeSet::new(),
            backups: Vec::new(),
            company,
        })
    }

    /// One step, and a look at whether all is as it has to be.
    pub(super) fn go_on(&mut self, random: Random) -> Result<()> {
        self.random = random;
        match self.random.below(38) {
            0..=3 => self.buy().context("buying")?,
            4 | 36 => self.deliver_any().context("a pack that comes late, or again")?,
            5..=8 => self.request().context("a request")?,
            9 => self.lose_answer().context("a request whose answer is lost")?,
            10 => self.lose_request().context("a request that is lost")?,
            11 => self.double().context("a doubled request")?,
            12 => self.cross().context("requests out of order")?,
            13 => self.come_late().context("a late response")?,
            14 => self.lie().context("a wrong image")?,
            15 | 16 => self.ask_upgrade().context("an upgrade")?,
            17 | 18 => self.ask_at_once(None).context("requests at once")?,
            19 | 20 => {
                let wait = self.random.below(KILLED_AFTER);
                let wait = Duration::from_millis(u64::try_from(wait)?);
                self.ask_at_once(Some(wait)).context("a license server killed meanwhile")?;
            }
            21..=23 => self.revoke().context("a revocation")?,
            32 | 33 => self.readmit().context("readmitting a client")?,
            24 | 25 => self.connect_any().context("a connection")?,
            26 => self.jump().context("a clock that jumps")?,
            27 | 28 => self.back_up().context("a backup")?,
            29 | 30 => self.restore_any().context("a restored backup")?,
            34 => self.kill_gateway().context("a gateway that is killed")?,
            35 => self.kill_clearinghouse().context("a clearinghouse that is killed")?,
            37 => self.lose_upgrade().context("an upgrade that a restored backup has lost")?,
            _ => self.accept().context("accepting a restored backup")?,
        }
        self.compare()
    }

    fn request(&mut self) -> Result<()> {
        let wish = self.wish();
        self.ask(&[wish], None)
    }

    /// Requests through two gateways at once, of clients and their clones; perhaps the license server is killed meanwhile.
    fn ask_at_once(&mut self, kill: Option<Duration>) -> Result<()> {
        let least = if kill.is_some() { 1 } else { 2 };
        let count = least + self.random.below(AT_ONCE + 1 - least);
        let first = self.wish();
        let mut wishes = vec![first];
        while wishes.len() < count {
            let next = self.wish();
            wishes.push(match self.random.below(3) {
                0 => Wish { client: first.client, presented: first.presented, ..next },
                _ => next,
            });
        }
        self.ask(&wishes, kill)
    }

    fn lose_answer(&mut self) -> Result<()> {
        let wish = self.wish();
        let had = self.machines[wish.client].licenses.clone();
        self.ask(&[wish], None)?;
        self.machines[wish.client].licenses = had;
        Ok(())
    }

    /// A client that gives up, or a license server that is away: nothing is decided, and nothing is consumed.
    fn lose_request(&mut self) -> Result<()> {
        let wish = self.wish();
        let letter = self.write(&wish, 0, IMAGE)?;
        if self.random.below(2) == 0 {
            return Ok(());
        }
        self.company.end_license_server()?;
        let came = self.machines[wish.client].send(&self.fronts[0].gateway, &letter)?;
        ensure!(sending::is_lost(&came), "it came to {}", sending::words(&came));
        self.company.restart_license_server()
    }

    /// The second of two responses to one challenge is refused, through whichever gateway it comes.
    fn double(&mut self) -> Result<()> {
        let wish = self.wish();
        let letter = self.write(&wish, 0, IMAGE)?;
        let came = self.machines[wish.client].send(&self.fronts[0].gateway, &letter)?;
        self.settle(&[wish], vec![came], false)?;
        self.refused_challenge(wish.client, 1, &letter, Reason::ChallengeRepeated)
    }

    /// Two challenges, answered in the other order.
    fn cross(&mut self) -> Result<()> {
        let first = self.wish();
        let second = Wish { client: first.client, presented: first.presented, ..self.wish() };
        let letters = [self.write(&first, 0, IMAGE)?, self.write(&second, 1, IMAGE)?];
        for (wish, letter) in [first, second].iter().zip(&letters).rev() {
            let came = self.machines[wish.client].send(&self.fronts[0].gateway, letter)?;
            self.settle(&[*wish], vec![came], false)?;
        }
        Ok(())
    }

    /// A response that comes after the challenge's end is refused, also when it comes again.
    fn come_late(&mut self) -> Result<()> {
        let wish = self.wish();
        let letter = self.write(&wish, 0, IMAGE)?;
        let before = self.day;
        self.set_day(before + 1)?;
        self.refused_challenge(wish.client, 0, &letter, Reason::ChallengeLate)?;
        self.set_day(before)?;
        self.refused_challenge(wish.client, 1, &letter, Reason::ChallengeRepeated)
    }

    /// A client with another image gets nothing.
    fn lie(&mut self) -> Result<()> {
        let wish = self.wish();
        let letter = self.write(&wish, 0, b"another image")?;
        self.refused_challenge(wish.client, 0, &letter, Reason::ChallengeWrong)
    }

    fn ask_upgrade(&mut self) -> Result<()> {
        let wish = self.wish();
        let licenses = &self.machines[wish.client].licenses;
        let presented = wish.presented.or_else(|| licenses.last().copied());
        if presented.is_none() {
            return Ok(());
        }
        self.ask(&[Wish { presented, only_upgrade: true, ..wish }], None)
    }

    fn revoke(&mut self) -> Result<()> {
        let client = self.random.below(CLIENTS);
        let held = self.rules.held(client);
        if held.is_empty() {
            return Ok(());
        }
        let license = self.random.one_of(&held);
        let id = self.ids.of(license.id)?.to_owned();
        let owner = self.machines[client].id()?;
        let bars = self.random.below(2) == 0;
        let revoked = ["revoke", &id, "--client", &owner, "--reason", "a story"];
        let allowed: &[&str] = if bars { &[] } else { &["--allow-again"] };
        self.company.licenses(&[&revoked, allowed].concat())?;
        self.rules.revoke(&license, bars);
        Ok(())
    }

    /// A client may have licenses again.
    fn readmit(&mut self) -> Result<()> {
        let client = self.random.below(CLIENTS);
        let id = self.machines[client].id()?;
        let readmit =
            ["license-server", "readmit", &id, "--product", PRODUCT, "--reason", "a story"];
        let readmitted = self.company.license_server.run(readmit)?;
        if self.rules.readmit(client) {
            readmitted.success()?;
        } else {
            readmitted.refused(1, "not-found")?;
        }
        Ok(())
    }

    fn connect_any(&mut self) -> Result<()> {
        let client = self.random.below(CLIENTS);
        let front = self.random.below(self.fronts.len());
        self.connect(client, front)
    }

    /// A client uses the service: a gateway that sees a good license lets it in, and keeps it in mind.
    fn connect(&mut self, client: usize, front: usize) -> Result<()> {
        let Some(license) = self.machines[client].licenses.last().copied() else { return Ok(()) };
        let is_good = license.starts <= self.day && self.day < license.ends;
        if !is_good || self.ever_revoked.contains(&license.number) {
            return Ok(());
        }
        let certificate = &self.certificates[&license.number];
        let answer = self.machines[client].connect(&self.fronts[front].gateway, certificate)?;
        let is_in = answer.contains("/problems/service-unreachable");
        ensure!(is_in, "{license:?} on day {}: {answer}", self.day);
        if self.fronts[front].see(certificate.leaf(), license) && self.rules.store.is_told() {
            self.rules.tell(&[license]);
            self.hear(front)?;
        }
        Ok(())
    }

    fn jump(&mut self) -> Result<()> {
        let day = self.random.one_of(&DAYS);
        self.set_day(day)
    }

    fn set_day(&mut self, day: Day) -> Result<()> {
        self.day = day;
        set_clock(&self.company, day)
    }

    /// What a client asks for: it shows the license that it got last, or, as a clone would, one that it had, or none.
    fn wish(&mut self) -> Wish {
        let client = self.random.below(CLIENTS);
        let version = self.random.one_of(&WANTED);
        // Most services need none.
        let wanted = [Features::NONE, self.random.one_of(&Features::ALL)];
        let features = self.random.one_of(&wanted);
        let licenses = &self.machines[client].licenses;
        let presented: Option<License> = match self.random.below(4) {
            _ if licenses.is_empty() => None,
            0 => None,
            1 => Some(self.random.one_of(licenses)),
            _ => licenses.last().copied(),
        };
        Wish { client, version, features, presented, only_upgrade: false }
    }
}

/// Puts the company's clocks wrong by so many days, at one stroke.
fn set_clock(company: &Company, day: Day) -> Result<()> {
    let (clock, new) = (company.path("clock"), company.path("clock.new"));
    std::fs::write(&new, format!("+{day}d\n"))?;
    Ok(std::fs::rename(new, clock)?)
}
