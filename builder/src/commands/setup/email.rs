//! Verification of the holder's e-mail address, where the server asks for it.

use trybuy_formats::api::{EmailCodeAnswer, VerifyEmail};
use trybuy_formats::slug::Slug;

use crate::client::{Server, Signer};
use crate::commands::{Context, contact};
use crate::error::Error;
use crate::license::LicensedBuilder;
use crate::messages::notices;
use crate::output::{self, prompt};

/// How often a code may be typed; the server takes no more.
const TRIES: usize = 5;

/// After registration: what is asked for is done at once on a terminal, and told without one.
pub(super) fn after_setup(
    context: &Context,
    server: &Server,
    builder: &LicensedBuilder,
) -> Result<(), Error> {
    if !server.info().verified_email {
        return Ok(());
    }
    if prompt::is_possible() {
        return send_and_ask(server, builder, &builder.signer(&context.data)?);
    }
    output::notice(notices::VERIFY_LATER);
    Ok(())
}

/// `trybuy setup --verify`: sends a code and asks for it, or takes the one that was sent.
pub(super) fn verify(context: &Context, code: Option<&str>) -> Result<(), Error> {
    let builder = LicensedBuilder::load(&context.data)?;
    let server = builder.connect(context.server.as_deref())?;
    contact::warn_if_plain(server.address());
    if !server.info().verified_email {
        output::notice(notices::NOTHING_TO_VERIFY);
        return Ok(());
    }
    let signer = builder.signer(&context.data)?;
    match code {
        Some(code) => type_code(&server, &builder, &signer, code),
        None => send_and_ask(&server, &builder, &signer),
    }
}

fn send_and_ask(server: &Server, builder: &LicensedBuilder, signer: &Signer) -> Result<(), Error> {
    let email = &builder.license.holder.email;
    match server.email_code(signer)? {
        EmailCodeAnswer::Verified { .. } => {
            output::notice(&notices::email_verified(email));
            Ok(())
        }
        EmailCodeAnswer::Sent { expires_at } => {
            output::notice(&notices::email_code_sent(email, expires_at));
            if prompt::is_possible() {
                return ask(server, builder, signer);
            }
            output::notice(notices::VERIFY_WITH_CODE);
            Ok(())
        }
    }
}

/// Asks for the code, again where it was mistyped. Who types nothing has it later.
fn ask(server: &Server, builder: &LicensedBuilder, signer: &Signer) -> Result<(), Error> {
    for tried in 1..=TRIES {
        let Some(code) = prompt::ask(notices::ASK_EMAIL_CODE).filter(|code| !code.is_empty())
        else {
            output::notice(notices::VERIFY_WITH_CODE);
            return Ok(());
        };
        match type_code(server, builder, signer, &code) {
            Err(error) if error.slug() == Slug::EmailNotVerified && tried < TRIES => {
                output::report(&error);
            }
            other => return other,
        }
    }
    Ok(())
}

fn type_code(
    server: &Server,
    builder: &LicensedBuilder,
    signer: &Signer,
    code: &str,
) -> Result<(), Error> {
    server.verify_email(&VerifyEmail { code: code.to_owned().into() }, signer)?;
    output::notice(&notices::email_verified(&builder.license.holder.email));
    Ok(())
}
