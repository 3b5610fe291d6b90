//! Mails that the server sends, by SMTP or, for development and tests, as files.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::transport::{file, smtp};
use lettre::{
    AsyncFileTransport, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
};
use trybuy_formats::ids::Email;

use crate::data_dir::create_private_dir;

/// Whom mails come from: an address, with a name before it or without.
pub use lettre::message::Mailbox as Sender;

/// How mails leave. Cheap to clone.
#[derive(Clone)]
pub struct Transport(Kind);

#[derive(Clone)]
enum Kind {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Files(PathBuf),
}

/// Sends mails. `Debug` leaves out the password.
#[derive(Clone)]
pub struct Mailer {
    transport: Transport,
    from: Sender,
}

/// A mail in plain text.
#[derive(Clone)]
pub struct Mail {
    /// To whom.
    pub to: Email,
    /// What it is about, one line.
    pub subject: String,
    /// Its text.
    pub text: String,
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailError {
    /// No mail can be written to the address.
    #[error("no mail can be sent to this address")]
    Address(#[source] lettre::address::AddressError),
    /// The mail cannot be put together.
    #[error("the mail cannot be put together")]
    Message(#[from] lettre::error::Error),
    /// The mail server refuses it, or does not answer.
    #[error("the mail server did not take the mail")]
    Smtp(#[from] smtp::Error),
    /// The file cannot be written.
    #[error("the mail cannot be written to a file")]
    File(#[from] file::Error),
    /// The directory of the files cannot be made.
    #[error("the directory for mails cannot be made")]
    Directory(#[from] io::Error),
    /// It took too long.
    #[error("the mail server took too long")]
    TimedOut,
}

impl Transport {
    /// Reads `smtps://…`, `smtp://…` or `file:DIRECTORY`, which is relative to `base`. Nothing is
    /// connected or made yet.
    pub fn parse(text: &str, base: &Path) -> Option<Self> {
        if let Some(directory) = text.strip_prefix("file:") {
            return (!directory.is_empty()).then(|| Self(Kind::Files(base.join(directory))));
        }
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(text).ok()?;
        Some(Self(Kind::Smtp(builder.build())))
    }
}

impl Mailer {
    /// Sends by a transport.
    pub fn new(transport: Transport, from: Sender) -> Self {
        Self { transport, from }
    }

    /// Sends a mail, or gives up after `limit`. Whoever took it may deliver it later.
    ///
    /// # Errors
    /// The address is none, or the mail was not taken.
    pub async fn send(&self, mail: Mail, limit: Duration) -> Result<(), MailError> {
        let message = self.message(mail)?;
        let sent = tokio::time::timeout(limit, self.transport.send(message)).await;
        sent.unwrap_or(Err(MailError::TimedOut))
    }

    fn message(&self, mail: Mail) -> Result<Message, MailError> {
        let to = mail.to.as_str().parse().map_err(MailError::Address)?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Sender::new(None, to))
            .subject(mail.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text)?;
        Ok(message)
    }
}

impl Transport {
    async fn send(&self, message: Message) -> Result<(), MailError> {
        match &self.0 {
            Kind::Smtp(smtp) => {
                smtp.send(message).await?;
            }
            Kind::Files(directory) => {
                create_private_dir(directory)?;
                AsyncFileTransport::<Tokio1Executor>::new(directory).send(message).await?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").field("from", &self.from).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transports_are_read_by_their_scheme() {
        let read = |text: &str| Transport::parse(text, Path::new("/srv")).is_some();
        for good in [
            "file:mails",
            "smtp://127.0.0.1:2525",
            "smtp://ada:secret@mail.example.com?tls=required",
            "smtps://ada:s%40cret@mail.example.com:465",
        ] {
            assert!(read(good), "{good}");
        }
        for bad in ["", "file:", "mails", "smtp:", "http://mail.example.com", "smtp://h?tls=x"] {
            assert!(!read(bad), "{bad}");
        }
    }

    #[test]
    fn a_name_cannot_add_a_header() {
        let from = "Programs <try@example.com>".parse().expect("a sender");
        let transport = Transport::parse("file:mails", Path::new("/srv")).expect("a transport");
        let mail = |subject: &str| Mail {
            to: "ada@example.com".parse().expect("an address"),
            subject: subject.to_owned(),
            text: "Hello.\n".to_owned(),
        };
        let mailer = Mailer::new(transport, from);
        let message = mailer.message(mail("Code\r\nBcc: eve@example.com")).expect("a message");
        let text = String::from_utf8(message.formatted()).expect("ASCII");
        assert!(!text.lines().any(|line| line.starts_with("Bcc:")), "{text}");
    }
}
