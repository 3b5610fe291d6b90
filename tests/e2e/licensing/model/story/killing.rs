//! Gateways and the clearinghouse: each is killed, and started again.

use std::fs;

use anyhow::Result;

use trybuy_tests::wait;

use super::Story;

/// So many looks at the license server from now on, one of them is a whole one, and over: the first may have begun before.
const LOOKS: usize = 3;

impl Story {
    /// A gateway that is started again goes on as it did. Where the license server was restored, it tells once more what it
    /// has seen.
    pub(super) fn kill_gateway(&mut self) -> Result<()> {
        let front = self.random.below(self.fronts.len());
        self.fronts[front].kill()?;
        self.fronts[front].go_on()?;
        if self.rules.store.is_restored {
            self.rules.tell(&self.fronts[front].seen());
            self.hear(front)?;
        }
        Ok(())
    }

    /// Without a clearinghouse no pack is installed.
    pub(super) fn kill_clearinghouse(&mut self) -> Result<()> {
        self.company.clearinghouse_server.end()?;
        if !self.orders.is_empty() {
            let order = &self.orders[self.random.below(self.orders.len())];
            let fetched = ["license-server", "pack", "fetch", order];
            let fetched = self.company.license_server.run(fetched)?;
            fetched.refused(1, "server-unreachable")?;
        }
        self.company.restart_clearinghouse()
    }

    /// Waits until a gateway has told what it had to tell, and has heard of what became of it.
    pub(super) fn hear(&self, front: usize) -> Result<()> {
        self.fronts[front].wait_for(&self.company, self.rules.store.records.len())?;
        // What is no news to the license server has no record.
        let others = || self.fronts.iter().enumerate().filter(|(at, _)| *at != front);
        others().try_for_each(|(_, other)| other.gateway.server.pause())?;
        let before = self.looks()?;
        let waited = wait::until("a whole look at the license server", || {
            Ok(self.looks()? >= before + LOOKS)
        });
        others().try_for_each(|(_, other)| other.gateway.server.resume())?;
        waited
    }

    /// How often gateways have asked for the revocation list, since the license server was started.
    fn looks(&self) -> Result<usize> {
        let log = fs::read_to_string(self.company.license_server.data_dir().join("server.log"))?;
        Ok(log.matches("route=\"/api/v1/revocations\"}: answered").count())
    }
}
