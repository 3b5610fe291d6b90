//! `trybuy doctor`: checks what a launch depends on, says what to do, and brings back what the
//! Builder remembers of the time where the server vouches for it.

mod by_file;
mod clock_check;
mod files;
mod left;
mod licenses;
mod report;
mod server;

use crate::cli::DoctorArguments;
use crate::error::Error;
use crate::execution;
use crate::license::LicensedBuilder;
use crate::messages::notices;
use crate::output;

use trybuy_formats::slug::Slug;

use super::{Context, refresh};
use report::{Finding, Status};

pub(super) fn doctor(context: &Context, arguments: &DoctorArguments) -> Result<u8, Error> {
    if let Some(file) = &arguments.offline.request {
        return by_file::ask(context, file).map(|()| 0);
    }
    let mut findings = files::check(context);
    match LicensedBuilder::load(&context.data) {
        Ok(builder) => {
            // It may bring back the time that the license is judged by.
            let contact = match &arguments.offline.response {
                Some(file) => vec![by_file::check(context, &builder, file)],
                None => online(context, &builder),
            };
            findings.push(files::license(context, &builder));
            findings.extend(contact);
        }
        Err(error) if is_for_licenses_alone(context, &error) => {
            findings.push(Finding::ok("license", notices::NO_SETUP_NEEDED));
        }
        Err(error) => findings.push(Finding::problem("license", &error)),
    }
    findings.extend(licenses::check(context));
    findings.extend(files::library(context));
    findings.push(files::room(context));
    match &context.process {
        Ok(process) => findings.extend(execution::diagnose(process).into_iter().map(Finding::of)),
        Err(error) => findings.push(Finding::new(
            "memory-execution",
            Status::Problem,
            error.to_string(),
            error.advice(),
        )),
    }
    if arguments.json {
        output::print_json(&findings)?;
    } else {
        output::print(&report::lines(&findings))?;
    }
    Ok(u8::from(findings.iter().any(|finding| finding.status == Status::Problem)))
}

/// Whether this is a client of a company, which needs no setup.
fn is_for_licenses_alone(context: &Context, error: &Error) -> bool {
    error.slug() == Slug::NotSetUp && licenses::are_used(context)
}

/// The server, the clock by its word, and what it says of what is installed.
fn online(context: &Context, builder: &LicensedBuilder) -> Vec<Finding> {
    let contact = server::check(context, builder);
    let clock = clock_check::check(context, builder, contact.server.as_ref());
    if let (Some(server), Ok(signer)) = (&contact.server, builder.signer(&context.data)) {
        refresh::in_passing(context, builder, server, &signer);
    }
    vec![contact.finding, clock]
}
