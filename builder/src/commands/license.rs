//! `trybuy license`: the licenses for services behind gateways.

mod export;
mod listed;
mod remove;
mod renew;
mod request;
mod show;

use trybuy_formats::certificates::Authorities;
use trybuy_formats::limits;

use super::Context;
use crate::cli::{GatewayArguments, JsonArguments, LicenseCommand};
use crate::data_dir;
use crate::error::Error;
use crate::licensing::gateway::parse_address;
use crate::licensing::requestor::{Obtained, Requestor, Trust};
use crate::licensing::tls;
use crate::messages::{self, notices, words};
use crate::output;

pub(super) fn license(context: &Context, command: &LicenseCommand) -> Result<(), Error> {
    match command {
        LicenseCommand::Request(arguments) => request::request(context, arguments),
        LicenseCommand::List(JsonArguments { json }) => listed::list(context, *json),
        LicenseCommand::Show(arguments) => show::show(context, arguments),
        LicenseCommand::Export(arguments) => export::export(context, arguments),
        LicenseCommand::Renew(arguments) => renew::renew(context, arguments),
        LicenseCommand::Remove(arguments) => remove::remove(context, arguments),
    }
}

/// Contacts the gateway that the command line names, as it says whom to trust.
pub(super) fn contact<'a>(
    context: &'a Context,
    arguments: &GatewayArguments,
) -> Result<Requestor<'a>, Error> {
    let address = parse_address(&arguments.gateway)?;
    let requestor = Requestor::contact(&context.data, address, trust(arguments)?)?;
    if requestor.is_first_contact() && arguments.authority.is_none() {
        let gateway = requestor.gateway();
        let fingerprints = words::fingerprints(gateway.authorities());
        output::notice(&notices::authority_pinned(&gateway.address().to_string(), &fingerprints));
    }
    Ok(requestor)
}

/// Says what came of a request.
pub(super) fn tell(obtained: &Obtained) {
    for refused in &obtained.refused {
        output::notice(&notices::refused(refused, obtained.license.fields()));
    }
    output::notice(&notices::obtained(obtained));
}

fn trust(arguments: &GatewayArguments) -> Result<Trust, Error> {
    let read = |path: &std::path::PathBuf| {
        let missing = || messages::no_ca(&path.display().to_string(), "there is no such file");
        let bytes = data_dir::read(path, limits::CERTIFICATE_FILE)?.ok_or_else(missing)?;
        let text = String::from_utf8(bytes);
        text.map_err(|_| messages::no_ca(&path.display().to_string(), "it is not text"))
            .map(|text| (path.display().to_string(), text))
    };
    let ca = arguments.ca.as_ref().map(read).transpose()?;
    if let Some((name, text)) = &ca {
        tls::check_ca(name, text)?;
    }
    let authority = arguments.authority.as_ref().map(read).transpose()?;
    let authority = authority.map(|(name, text)| {
        Authorities::from_pem(&text).map_err(|error| messages::no_ca(&name, &error.to_string()))
    });
    Ok(Trust { ca: ca.map(|(_, text)| text), authority: authority.transpose()? })
}
