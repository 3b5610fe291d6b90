//! People: one licensee for each address.

use std::fs;

use anyhow::Result;

use trybuy_tests::wait;

use crate::case::{Shared, cases};
use crate::support::busybox;

cases![a_new_data_directory_brings_no_new_trial[Busybox],];

/// The shortest trial, of which there is one.
const ONE_SECOND: &str = "duration = \"1s\"\nexpiration = \"hard\"\nacceptance = \"passive\"\n";

fn a_new_data_directory_brings_no_new_trial(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish_with("busybox-again", &busybox()?, ONE_SECOND)?;
    let user = world.builder("reinstalled")?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    fs::remove_dir_all(user.data_dir())?;
    let email = "Reinstalled+again@Example.com";
    user.setup(world.server.url(), "Somebody Else", email)?;
    // Until its end, the trial may be got again.
    wait::until("no further trial", || {
        let again = user.run(["try", &id, "--accept-terms"])?;
        Ok(again.stderr.contains("error[trial-limit-reached]"))
    })
}
