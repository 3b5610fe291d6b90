//! Verification of e-mail addresses: a code goes to the address, and comes back from the Builder.

use std::time::Duration;

use trybuy_formats::api::{EmailCodeAnswer, VerifiedEmail};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::keys::email_key;
use trybuy_formats::offline;
use trybuy_formats::slug::Slug;

use crate::app::App;
use crate::mail::{Mail, MailError, Mailer};
use crate::rate_limits::{ClientNetwork, TooManyRequests};
use crate::refusal::Refusal;
use crate::store::{Builder, EmailCodeTry, EmailVerification, NewEmailCode, StoreError};
use crate::typed_code;

/// How a code comes back from the Builder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WayBack {
    /// Over the network.
    Online,
    /// By a file that somebody carries.
    ByFile,
}

impl WayBack {
    /// How long a code is accepted; by file as long as a request is.
    fn lifetime(self) -> Span {
        match self {
            Self::Online => Span::seconds(30 * 60),
            Self::ByFile => offline::LIFETIME,
        }
    }
}

/// Why an address was not verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmailError {
    /// The server does not verify addresses.
    #[error("this server does not ask for verified e-mail addresses")]
    NotAsked,
    /// The code is another one.
    #[error("this is not the code that was sent to the e-mail address")]
    WrongCode,
    /// No code can be typed back.
    #[error("no code is valid: it is too old, was typed wrongly too often, or none was sent")]
    NoCode,
    /// No mail can be written to the address.
    #[error("no mail can be sent to the e-mail address of this Builder")]
    Unwritable,
    /// Too many mails were asked for.
    #[error(transparent)]
    TooMany(#[from] TooManyRequests),
    /// The mail could not be sent.
    #[error("the mail could not be sent")]
    Mail(#[source] MailError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Sends a code to the Builder's address, unless that is verified. The code is stored once the mail has
/// been taken: until then the one before it stays valid. The mailbox is counted before anything is known
/// of it, so that an answer tells nothing about others who gave the same address.
///
/// # Errors
/// When too many were asked for, the server does not verify addresses, or the mail is not taken.
pub async fn send_code(
    app: &App,
    from: ClientNetwork,
    builder: &Builder,
    way_back: WayBack,
) -> Result<EmailCodeAnswer, EmailError> {
    app.rate_limits.email_codes.count(&from)?;
    app.rate_limits.mailboxes.count(&email_key(app.keys.master(), &builder.facts.email))?;
    let mailer = app.config.email.as_ref().ok_or(EmailError::NotAsked)?;
    if let Some(verified_at) = builder.email_verified_at {
        return Ok(EmailCodeAnswer::Verified { verified_at });
    }
    let code = typed_code::generate();
    send(app, mailer, mail(app, builder, &code, way_back)).await?;
    let expires_at = app.clock.now().plus(way_back.lifetime());
    let hash = typed_code::hash(&code);
    let license_id = builder.facts.license_id;
    app.store.put_email_code(&NewEmailCode { license_id, hash, expires_at }).await?;
    Ok(EmailCodeAnswer::Sent { expires_at })
}

/// Verifies the Builder's address with the code that was typed.
///
/// # Errors
/// When it is not the code, or there is none.
pub async fn verify(app: &App, builder: &Builder, code: &str) -> Result<VerifiedEmail, EmailError> {
    if app.config.email.is_none() {
        return Err(EmailError::NotAsked);
    }
    if let Some(verified_at) = builder.email_verified_at {
        return Ok(VerifiedEmail { verified_at });
    }
    let now: Instant = app.clock.now();
    let license_id = builder.facts.license_id;
    let typed = EmailCodeTry { license_id, hash: typed_code::hash_of_typed(code), now };
    match app.store.verify_email(&typed).await? {
        EmailVerification::Verified => Ok(VerifiedEmail { verified_at: now }),
        EmailVerification::WrongCode => Err(EmailError::WrongCode),
        EmailVerification::NoCode => Err(EmailError::NoCode),
    }
}

/// Sends in less than the time of an answer, so that a mail server that hangs is told.
async fn send(app: &App, mailer: &Mailer, mail: Mail) -> Result<(), EmailError> {
    let limit: Duration = app.config.http.request_timeout * 4 / 5;
    mailer.send(mail, limit).await.map_err(|error| match error {
        MailError::Address(_) => EmailError::Unwritable,
        other => EmailError::Mail(other),
    })
}

/// The mail names the server and not the user: with the address of somebody else one could otherwise
/// have them read whatever one calls oneself.
fn mail(app: &App, builder: &Builder, code: &str, way_back: WayBack) -> Mail {
    let server = &app.config.server.name;
    let (front, back) = code.split_at(code.len() / 2);
    let lifetime = way_back.lifetime().in_words();
    let request = match way_back {
        WayBack::Online => "",
        WayBack::ByFile => " --request FILE",
    };
    let text = format!(
        "Somebody wants to try programs of {server}\n({url})\nand gave this e-mail address.\n\n\
         If that was you, type this code where trybuy asks for it:\n\n    {front}-{back}\n\n\
         It is valid for {lifetime}. Where trybuy does not ask any more:\n\n    \
         trybuy setup --verify --code {front}-{back}{request}\n\n\
         If it was not you, ignore this mail: without the code nobody can use your address.\n",
        url = app.public_url,
    );
    Mail { to: builder.facts.email.clone(), subject: format!("Your code for {server}"), text }
}

impl Refusal for EmailError {
    fn slug(&self) -> Slug {
        match self {
            Self::NotAsked => Slug::BadRequest,
            Self::WrongCode | Self::NoCode | Self::Unwritable => Slug::EmailNotVerified,
            Self::TooMany(refusal) => refusal.slug(),
            Self::Mail(_) | Self::Store(_) => Slug::ServerError,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::NotAsked => "there is nothing to do: trials need no verified address here",
            Self::WrongCode => "type the code of the newest mail",
            Self::NoCode => "`trybuy setup --verify` sends another one",
            Self::Unwritable => {
                "set a Builder up in an empty data directory, with an address that gets mail"
            }
            Self::Mail(_) => {
                "ask again in a few minutes with `trybuy setup --verify`; if it stays so, tell the \
                 operator of the server"
            }
            Self::TooMany(refusal) => return refusal.help(),
            Self::Store(_) => return None,
        };
        Some(help.to_owned())
    }

    fn wait(&self) -> Option<Duration> {
        match self {
            Self::TooMany(refusal) => refusal.wait(),
            _ => None,
        }
    }
}
