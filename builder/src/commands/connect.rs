//! `trybuy connect`: a local door to the service behind a gateway.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::pipe;
use tokio::io::AsyncReadExt as _;
use tokio::runtime::{Builder, Runtime};
use trybuy_formats::ids::SeatLicenseId;

use super::{Context, license};
use crate::cli::ConnectArguments;
use crate::client::address::ServerAddress;
use crate::data_dir::DataDir;
use crate::error::Error;
use crate::licensing::door::{Door, Threshold};
use crate::licensing::presenter::{Presented, Presenter};
use crate::licensing::requestor::{Occasion, Requestor, Source, Trust};
use crate::licensing::seat_license::ClientLicense;
use crate::messages::{self, notices};
use crate::output;

/// Hears of the signals that close the door, in this process and in the one it is forked from: both
/// write into one pipe.
pub(super) struct ClosingSignals(UnixStream);

impl ClosingSignals {
    /// Begins to listen for them, before anything is forked.
    ///
    /// # Errors
    /// `local-file` when the system has no room for that.
    pub(super) fn register() -> Result<Self, Error> {
        let register = || {
            let (heard, told) = UnixStream::pair()?;
            for signal in [SIGHUP, SIGINT, SIGTERM] {
                pipe::register(signal, told.try_clone()?)?;
            }
            heard.set_nonblocking(true)?;
            io::Result::Ok(Self(heard))
        };
        register().map_err(messages::door_failed)
    }
}

pub(super) fn connect(
    context: &Context,
    arguments: &ConnectArguments,
    signals: ClosingSignals,
) -> Result<(), Error> {
    let mut requestor = license::contact(context, &arguments.gateway)?;
    let gateway = requestor.gateway().address().clone();
    let first = first_license(&mut requestor)?;
    // The lock of the cache is not held while connections run.
    drop(requestor);
    let (data, address) = (context.data.clone(), gateway.clone());
    let presenter = Presenter::new(first, move |last| next_license(&data, &address, last));
    let runtime = runtime()?;
    let served = runtime.block_on(async {
        let door = Door::new(gateway, presenter)?;
        let threshold = Threshold::open(&arguments.listen).await?;
        let mut heard =
            tokio::net::UnixStream::from_std(signals.0).map_err(messages::door_failed)?;
        output::print(&notices::listening(&threshold.address()))?;
        let stop = async move {
            // An end of the pipe closes the door, too.
            let _ = heard.read_u8().await;
            output::notice(notices::CLOSING);
        };
        door.serve(threshold, stop).await;
        Ok(())
    });
    // A request that still runs is not waited for.
    runtime.shutdown_background();
    served
}

/// The license to begin with. While the license server does not answer, one that serves goes on working.
fn first_license(requestor: &mut Requestor<'_>) -> Result<Presented, Error> {
    match (requestor.obtain(Occasion::Need), requestor.serving()) {
        (Ok(obtained), _) => {
            if obtained.source != Source::Cache || !obtained.refused.is_empty() {
                license::tell(&obtained);
            }
            presented(requestor, &obtained.license)
        }
        (Err(error), Some(serving)) => {
            output::warn(&error.explain(), notices::GOES_ON);
            presented(requestor, &serving)
        }
        (Err(error), None) => Err(error),
    }
}

/// The license of later connections: asked for as at the beginning. That there is still the temporary one, which is asked
/// again and again, is no news; that it took the place of another license is.
fn next_license(
    data: &DataDir,
    gateway: &ServerAddress,
    last: SeatLicenseId,
) -> Result<Presented, Error> {
    let mut requestor = Requestor::contact(data, gateway.clone(), Trust::default())?;
    let obtained = requestor.obtain(Occasion::Need)?;
    let is_another = obtained.license.fields().license_id != last;
    let is_new =
        obtained.source != Source::Cache && (obtained.license.is_permanent() || is_another);
    if is_new || obtained.ended_upgrade.is_some() || !obtained.refused.is_empty() {
        license::tell(&obtained);
    }
    presented(&requestor, &obtained.license)
}

fn presented(requestor: &Requestor<'_>, license: &ClientLicense) -> Result<Presented, Error> {
    let tls = Arc::new(requestor.presenting(license)?);
    let license_id = license.fields().license_id;
    Ok(Presented { license_id, tls, until: license.usable_until() })
}

/// One thread passes bytes on; what blocks has its own.
fn runtime() -> Result<Runtime, Error> {
    Builder::new_current_thread().enable_all().build().map_err(messages::door_failed)
}
