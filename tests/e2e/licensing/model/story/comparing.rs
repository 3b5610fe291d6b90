//! Whether the real system is where the model is.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::Story;
use crate::licensing::model::machine::Machine;
use crate::licensing::model::rules::{Assigned, Id, Place, Reason, Record};

/// What the real system calls what the model knows: as soon as one was heard of, it has no other name.
pub(super) struct Ids {
    licenses: BTreeMap<Id, String>,
    clients: BTreeMap<String, usize>,
}

/// A line of the real record.
#[derive(Debug)]
pub(super) struct RealRecord {
    outcome: String,
    reason: Option<String>,
    client: Option<String>,
    license: Option<String>,
    pack: Option<String>,
}

impl Ids {
    /// Nothing but the clients is known yet.
    pub(super) fn of_clients(machines: &[Machine]) -> Result<Self> {
        let clients = machines.iter().enumerate().map(|(at, it)| Ok((it.id()?, at)));
        Ok(Self { licenses: BTreeMap::new(), clients: clients.collect::<Result<_>>()? })
    }

    /// What a license is called.
    pub(super) fn of(&self, license: Id) -> Result<&str> {
        Ok(self.licenses.get(&license).context("a license that was recorded")?)
    }

    /// Whether all was recorded that was decided, and nothing else, about the same clients and licenses.
    pub(super) fn agree(&self, records: &[Record], real: &[RealRecord]) -> bool {
        let mut names = self.licenses.clone();
        records.len() == real.len()
            && records.iter().zip(real).all(|(record, real)| {
                let client = real.client.as_ref().and_then(|id| self.clients.get(id)).copied();
                record.outcome == real.outcome
                    && record.reason.map(Reason::name) == real.reason.as_deref()
                    && record.client == client
                    && is_same(&mut names, record.license, real.license.as_deref())
            })
    }

    /// Remembers the names of new licenses. Two have not the same one.
    fn learn(&mut self, records: &[Record], real: &[RealRecord]) -> Result<()> {
        for (record, real) in records.iter().zip(real) {
            is_same(&mut self.licenses, record.license, real.license.as_deref());
        }
        let names: BTreeSet<&String> = self.licenses.values().collect();
        ensure!(names.len() == self.licenses.len(), "two licenses have one id");
        Ok(())
    }
}

fn is_same(names: &mut BTreeMap<Id, String>, id: Option<Id>, real: Option<&str>) -> bool {
    match (id, real) {
        (Some(id), Some(real)) => names.entry(id).or_insert_with(|| real.to_owned()) == real,
        (None, None) => true,
        _ => false,
    }
}

impl Story {
    /// Compares everything that can be seen of the license server.
    pub(super) fn compare(&mut self) -> Result<()> {
        self.ever_revoked.extend(&self.rules.store.revoked);
        let real = self.real_records()?;
        ensure!(
            self.ids.agree(&self.rules.store.records, &real),
            "{real:?} in place of {:?}",
            self.rules.store.records
        );
        self.ids.learn(&self.rules.store.records, &real)?;
        self.compare_packs(&real)?;
        self.compare_licenses(&real)?;
        self.compare_temporary(&real)?;
        if !self.rules.store.is_restored {
            self.company.licenses(&["audit", "verify"])?;
        }
        Ok(())
    }

    /// All records.
    pub(super) fn real_records(&self) -> Result<Vec<RealRecord>> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let read = |record: Value| RealRecord {
            outcome: text(&record["outcome"]).unwrap_or_default(),
            reason: text(&record["reason"]),
            client: text(&record["client_id"]),
            license: text(&record["license_id"]),
            pack: text(&record["pack_id"]),
        };
        Ok(self.lines(&["records", "list", "--json"])?.into_iter().map(read).collect())
    }

    /// Each pack is installed once, and as many of its licenses are assigned as the model says, which is no more than
    /// there are.
    fn compare_packs(&self, real: &[RealRecord]) -> Result<()> {
        let installed = real.iter().filter(|it| it.outcome == "pack-installed");
        let installed: Vec<_> = installed.filter_map(|it| it.pack.as_ref()).collect();
        let once: BTreeSet<_> = installed.iter().collect();
        ensure!(installed.len() == once.len(), "a pack was installed twice: {installed:?}");
        let listed = self.company.licenses(&["pack", "list", "--json"])?.json()?;
        let packs = listed.as_array().context("a list")?;
        // The ids are in the order in which the packs were made, which is that of the orders.
        let counted: Vec<_> =
            packs.iter().map(|it| (it["quantity"].as_u64(), it["assigned"].as_u64())).collect();
        let count = |places: &Vec<Place>| {
            let assigned = places.iter().filter(|it| !it.is_free).count();
            (u64::try_from(places.len()).ok(), u64::try_from(assigned).ok())
        };
        let expected: Vec<_> = self.rules.store.seats.values().map(count).collect();
        ensure!(counted == expected, "{listed} in place of {expected:?}");
        Ok(())
    }

    /// Each client has the licenses that the model says. Two have the same one only where the record says so.
    fn compare_licenses(&self, real: &[RealRecord]) -> Result<()> {
        let rows = self.lines(&["licenses", "list", "--json"])?;
        let permanent = rows.iter().filter(|it| it["kind"] == "permanent");
        let mut found: Vec<_> = permanent.map(row_of).collect::<Result<_>>()?;
        let expected = self.rules.store.licenses.iter().map(|it| self.expected_row(it));
        let mut expected: Vec<_> = expected.collect::<Result<_>>()?;
        found.sort();
        expected.sort();
        ensure!(found == expected, "{found:?} in place of {expected:?}");
        let mut living = BTreeSet::new();
        for Row { license, is_revoked, .. } in found.into_iter().filter(|it| !it.is_revoked) {
            let is_said = |it: &RealRecord| {
                it.outcome == "seat-granted-twice" && it.license.as_ref() == Some(&license)
            };
            let is_shared = !living.insert((license.clone(), is_revoked));
            ensure!(!is_shared || real.iter().any(is_said), "two clients have {license}");
        }
        Ok(())
    }

    fn expected_row(&self, assigned: &Assigned) -> Result<Row> {
        let Assigned { license, is_second, is_revoked } = *assigned;
        Ok(Row {
            license: self.ids.of(license.id)?.to_owned(),
            client: self.machines[license.client].id()?,
            version: format!("{}.0.0", license.version),
            is_second,
            is_revoked,
        })
    }

    /// Each client has one temporary license at the most, and was given one once.
    fn compare_temporary(&self, real: &[RealRecord]) -> Result<()> {
        let given = real.iter().filter(|it| it.outcome == "temporary");
        let given: Vec<_> = given.map(|it| it.client.as_deref()).collect();
        let once: BTreeSet<_> = given.iter().collect();
        ensure!(given.len() == once.len(), "a client was given two temporary licenses");
        let rows = self.lines(&["licenses", "list", "--temporary", "--json"])?;
        let found: BTreeSet<_> = rows.iter().filter_map(|it| it["license_id"].as_str()).collect();
        let expected = self.rules.store.temporary.values().map(|it| self.ids.of(it.id));
        let expected: BTreeSet<_> = expected.collect::<Result<_>>()?;
        ensure!(found == expected, "{found:?} in place of {expected:?}");
        Ok(())
    }

    /// What a command lists, line by line.
    fn lines(&self, arguments: &[&str]) -> Result<Vec<Value>> {
        let listed = self.company.licenses(arguments)?;
        let lines = listed.stdout.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().context("JSON")
    }
}

/// A license as it is listed.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Row {
    license: String,
    client: String,
    version: String,
    is_second: bool,
    is_revoked: bool,
}

fn row_of(value: &Value) -> Result<Row> {
    let text = |name: &str| value[name].as_str().map(str::to_owned).context("a text");
    Ok(Row {
        license: text("license_id")?,
        client: text("client_id")?,
        version: text("version")?,
        is_second: value["granted_twice"].as_bool().context("a flag")?,
        is_revoked: !value["revoked_at"].is_null(),
    })
}
