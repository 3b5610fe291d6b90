//! Verification of the holder's e-mail address by way of files: one request has a code sent, and
//! another one brings it back.

use std::path::Path;

use trybuy_formats::api::EmailCodeAnswer;
use trybuy_formats::offline::{OfflineOutcome, OfflineStep};

use crate::clock::{ClockFile, Reading};
use crate::commands::Context;
use crate::commands::offline::{self, Pending, PendingFile};
use crate::error::Error;
use crate::license::LicensedBuilder;
use crate::messages::{self, notices};
use crate::output;

const EMAIL: &str = "email";

/// Asks for a code, or brings the one that was sent.
pub(super) fn ask(context: &Context, code: Option<&str>, file: &Path) -> Result<(), Error> {
    let data = &context.data;
    let builder = LicensedBuilder::load(data)?;
    let step = match code {
        Some(code) => OfflineStep::VerifyEmail { code: code.to_owned().into() },
        None => OfflineStep::EmailCode {},
    };
    let address = builder.address(context.server.as_deref())?;
    offline::write(address.to_string(), &builder.signer(data)?, step, file, |digest| {
        let pending = Pending { request: Some(digest), ..Pending::default() };
        PendingFile::of(data, &builder, EMAIL).store(&pending)
    })
}

/// Takes the answer to either.
pub(super) fn take(context: &Context, file: &Path) -> Result<(), Error> {
    let data = &context.data;
    let builder = LicensedBuilder::load(data)?;
    let remembered = PendingFile::of(data, &builder, EMAIL);
    let pending = remembered.load()?;
    let response =
        offline::open(&offline::read(file)?, &builder.server_key, pending.request, file)?;
    ClockFile::of(data, &builder.secret).observe(response.time, &Reading::take())?;
    remembered.store(&Pending::default())?;
    if let Some((error, _)) = offline::refusal(&response, &pending, "trybuy setup --verify") {
        return Err(error);
    }
    let OfflineOutcome::Email { answer } = response.outcome else {
        return Err(messages::other_request(file));
    };
    let email = &builder.license.holder.email;
    match answer {
        EmailCodeAnswer::Verified { .. } => output::notice(&notices::email_verified(email)),
        EmailCodeAnswer::Sent { expires_at } => {
            output::notice(&notices::email_code_sent(email, expires_at));
            output::notice(notices::VERIFY_BY_FILE);
        }
    }
    Ok(())
}
