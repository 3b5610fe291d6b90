//! Requests, one or several at once, and what came of them.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail, ensure};

use trybuy_formats::certificates::CertificateChain;
use trybuy_formats::slug::Slug;

use super::Story;
use crate::licensing::model::machine::{Came, IMAGE, Letter};
use crate::licensing::model::rules::{Answer, License, Reason, Rules, Wish};

impl Story {
    /// Sends requests at once, each through a gateway of its own. Where the license server is killed meanwhile, it is
    /// started again before anybody looks at what was decided.
    pub(super) fn ask(&mut self, wishes: &[Wish], kill: Option<Duration>) -> Result<()> {
        let first = self.random.below(self.fronts.len());
        let front_of = |at: usize| (first + at) % 2;
        let letters = wishes.iter().enumerate();
        let letters = letters.map(|(at, wish)| self.write(wish, front_of(at), IMAGE));
        let letters: Vec<Letter> = letters.collect::<Result<_>>()?;
        let Self { company, machines, fronts, .. } = self;
        let came = thread::scope(|scope| {
            let send = |(at, wish): (usize, &Wish)| {
                let (machine, letter) = (&machines[wish.client], &letters[at]);
                let gateway = &fronts[front_of(at)].gateway;
                scope.spawn(move || machine.send(gateway, letter))
            };
            let sent: Vec<_> = wishes.iter().enumerate().map(send).collect();
            if let Some(wait) = kill {
                // Any moment will do: before the request is there, while it is decided, or after that.
                thread::sleep(wait);
                company.end_license_server()?;
            }
            sent.into_iter().map(|it| it.join().expect("it does not panic")).collect::<Result<_>>()
        })?;
        if kill.is_some() {
            self.company.restart_license_server()?;
        }
        self.settle(wishes, came, kill.is_some())
    }

    /// Signs a request for a license or an upgrade.
    pub(super) fn write(&self, wish: &Wish, front: usize, image: &[u8]) -> Result<Letter> {
        let machine = &self.machines[wish.client];
        let held = wish.presented.map(|license| &self.certificates[&license.number]);
        match held {
            Some(license) if wish.only_upgrade => machine.ask_upgrade(license, wish),
            _ => machine.respond(&self.fronts[front].gateway, wish, image, held),
        }
    }

    /// A response to a challenge that counts for nothing, and why.
    pub(super) fn refused_challenge(
        &mut self,
        client: usize,
        front: usize,
        letter: &Letter,
        reason: Reason,
    ) -> Result<()> {
        let came = self.machines[client].send(&self.fronts[front].gateway, letter)?;
        let is_refused = matches!(&came, Came::Refusal(slug) if *slug == reason.slug());
        ensure!(is_refused, "it came to {}", words(&came));
        self.rules.refuse(client, reason);
        Ok(())
    }

    /// Finds out in which order requests were decided: as the records say it, and as everybody was answered.
    /// Where the license server was killed, some were perhaps not, and some were and nobody was told.
    pub(super) fn settle(
        &mut self,
        wishes: &[Wish],
        came: Vec<Came>,
        is_killed: bool,
    ) -> Result<()> {
        let real = self.real_records()?;
        for order in orders(wishes.len()) {
            if order.len() < wishes.len() && !is_killed {
                continue;
            }
            let (rules, answers) = self.decided(wishes, &order);
            let agrees = |(came, answer): (&Came, &Option<Answer>)| match answer {
                Some(answer) => is_answer(came, answer) || (is_killed && is_lost(came)),
                None => is_killed && is_lost(came),
            };
            let is_it = came.iter().zip(&answers).all(agrees)
                && self.ids.agree(&rules.store.records, &real)
                && self.are_as_issued(&came, &answers);
            if is_it {
                self.rules = rules;
                return self.take(came, &answers);
            }
        }
        let in_order: Vec<usize> = (0..wishes.len()).collect();
        let (_, expected) = self.decided(wishes, &in_order);
        let came: Vec<_> = came.iter().map(words).collect();
        let last: Vec<_> = real.iter().rev().take(4).collect();
        bail!("{wishes:?} came to {came:?} in place of {expected:?}; the last records are {last:?}")
    }

    fn decided(&self, wishes: &[Wish], order: &[usize]) -> (Rules, Vec<Option<Answer>>) {
        let mut rules = self.rules.clone();
        let mut answers = vec![None; wishes.len()];
        for at in order {
            answers[*at] = Some(rules.decide(&wishes[*at], self.day));
        }
        (rules, answers)
    }

    /// Whether what came in this order would be what was issued before, and no two licenses the same: of two requests of a
    /// client that were both answered with its license, one may have been decided before an upgrade and one after it.
    fn are_as_issued(&self, came: &[Came], answers: &[Option<Answer>]) -> bool {
        let mut known: BTreeMap<u32, &[u8]> =
            self.certificates.iter().map(|(number, it)| (*number, it.leaf().der())).collect();
        came.iter().zip(answers).all(|(came, answer)| {
            let (Came::License(_, certificate), Some(Ok((_, license)))) = (came, answer) else {
                return true;
            };
            let der = certificate.leaf().der();
            let is_it = match known.get(&license.number) {
                Some(issued) => *issued == der,
                None => known.values().all(|issued| *issued != der),
            };
            known.insert(license.number, der);
            is_it
        })
    }

    /// The clients keep what came.
    fn take(&mut self, came: Vec<Came>, answers: &[Option<Answer>]) -> Result<()> {
        for (came, answer) in came.into_iter().zip(answers) {
            if let (Came::License(_, certificate), Some(Ok((_, license)))) = (came, answer) {
                self.keep(*license, certificate)?;
            }
        }
        Ok(())
    }

    /// A license is issued again as it was issued first, byte for byte, and no two are the same.
    fn keep(&mut self, license: License, certificate: CertificateChain) -> Result<()> {
        let der = |chain: &CertificateChain| chain.leaf().der().to_vec();
        let is_new = !self.certificates.contains_key(&license.number);
        let known = self.certificates.iter().find(|(_, it)| der(it) == der(&certificate));
        match known {
            Some((number, _)) => ensure!(*number == license.number, "the license of another"),
            None => ensure!(is_new, "a license was issued again as another one"),
        }
        self.certificates.insert(license.number, certificate);
        self.machines[license.client].licenses.push(license);
        Ok(())
    }
}

/// The orders in which so many requests, or some of them, can be decided.
fn orders(requests: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    let mut at = 0;
    while at < orders.len() {
        let next = (0..requests).filter(|request| !orders[at].contains(request));
        let longer: Vec<_> = next.map(|it| [orders[at].as_slice(), &[it]].concat()).collect();
        orders.extend(longer);
        at += 1;
    }
    orders
}

fn is_answer(came: &Came, answer: &Answer) -> bool {
    match (came, answer) {
        (Came::License(outcome, _), Ok((expected, _))) => outcome == expected,
        (Came::Refusal(slug), Err(expected)) => *slug == expected.slug(),
        _ => false,
    }
}

pub(super) fn is_lost(came: &Came) -> bool {
    matches!(came, Came::Refusal(Slug::LicenseServerUnreachable))
}

pub(super) fn words(came: &Came) -> String {
    match came {
        Came::License(outcome, _) => format!("{outcome:?}"),
        Came::Refusal(slug) => slug.to_string(),
    }
}
