//! A mail server on this machine that does what a test says.

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What it does with mails.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conduct {
    /// Takes them.
    Accept,
    /// Refuses them.
    Refuse,
    /// Takes the connection, and says nothing.
    Hang,
}

/// A mail server; it ends with the test.
pub(crate) struct SmtpServer {
    pub(crate) url: String,
    mails: mpsc::UnboundedReceiver<String>,
}

impl SmtpServer {
    pub(crate) async fn start(conduct: Conduct) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("smtp://{}", listener.local_addr().expect("an address"));
        let (sender, mails) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, conduct, sender.clone()));
            }
        });
        Self { url, mails }
    }

    /// The next mail, as it was sent.
    pub(crate) async fn next(&mut self) -> String {
        self.mails.recv().await.expect("a mail")
    }
}

/// RFC 5321, as much of it as a client needs.
async fn converse(
    stream: TcpStream,
    conduct: Conduct,
    mails: mpsc::UnboundedSender<String>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream);
    if conduct == Conduct::Hang {
        // Until the other side has enough.
        lines.read_line(&mut String::new()).await?;
        return Ok(());
    }
    lines.write_all(b"220 mail.example\r\n").await?;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let answer = match line.split([' ', '\r']).next().unwrap_or_default() {
            "EHLO" => "250 mail.example",
            "RCPT" if conduct == Conduct::Refuse => "550 no",
            "DATA" => {
                lines.write_all(b"354 go on\r\n").await?;
                let mut mail = String::new();
                while !mail.ends_with("\r\n.\r\n") {
                    lines.read_line(&mut mail).await?;
                }
                drop(mails.send(mail));
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        lines.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}
