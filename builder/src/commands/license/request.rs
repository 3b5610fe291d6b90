//! `trybuy license request`: gets the license that the service behind a gateway needs.

use super::{Context, contact, tell};
use crate::cli::GatewayArguments;
use crate::error::Error;
use crate::licensing::requestor::Occasion;

pub(super) fn request(context: &Context, arguments: &GatewayArguments) -> Result<(), Error> {
    let obtained = contact(context, arguments)?.obtain(Occasion::Need)?;
    tell(&obtained);
    Ok(())
}
