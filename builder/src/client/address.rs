//! The address of a server: encrypted, or on this machine, or insecure on purpose.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::error::Error;
use crate::messages;

/// The address of a server: scheme, host and port, nothing else.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServerAddress(Url);

/// Whether an unencrypted connection to another machine is allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Only `https`, and `http` on this machine.
    Encrypted,
    /// `http` everywhere, as the user asked with `--insecure-http`.
    DangerousPlain,
}

impl ServerAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// `usage` when it is no address, or is unencrypted and not on this machine.
    pub fn parse(text: &str, transport: Transport) -> Result<Self, Error> {
        let bad = |why: &str| messages::bad_address(text, why);
        let url = Url::parse(text).map_err(|error| bad(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("it does not begin with https:// or http://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("it contains a user name or a password"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(bad("it has something after the host"));
        }
        let address = Self(url);
        if address.is_plain_to_others() && transport != Transport::DangerousPlain {
            return Err(messages::unencrypted_address(&address.to_string()));
        }
        Ok(address)
    }

    /// Whether connections to it are encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether everybody on the way can read along.
    pub fn is_plain_to_others(&self) -> bool {
        is_plain_to_others(&self.0)
    }

    /// The address of something on the server; `path` begins with `/`.
    pub(crate) fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(path);
        url
    }

    /// The download address that the server named, absolute or on the server itself.
    ///
    /// # Errors
    /// `server-error` when it is none, or less protected than the server's own address.
    pub(crate) fn download(&self, named: &str) -> Result<Url, Error> {
        let strange = |why: &str| messages::strange_answer(&self.to_string(), why);
        let url = self.0.join(named).map_err(|_| strange("the download address is none"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(strange("the download address is not one of the web"));
        }
        if is_plain_to_others(&url) && !self.is_plain_to_others() {
            return Err(strange("the download address is not encrypted"));
        }
        Ok(url)
    }
}

fn is_plain_to_others(url: &Url) -> bool {
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    };
    url.scheme() != "https" && !local
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encrypted_and_local_addresses_are_taken() {
        for text in [
            "https://try.example.com",
            "https://try.example.com:8443/",
            "http://127.0.0.1:8080",
            "http://localhost:8080/",
            "http://[::1]:8080",
            "HTTP://LOCALHOST",
        ] {
            assert!(ServerAddress::parse(text, Transport::Encrypted).is_ok(), "{text}");
        }
    }

    #[test]
    fn an_unencrypted_address_elsewhere_needs_to_be_asked_for() {
        let text = "http://192.168.1.4:8080";
        let refused = ServerAddress::parse(text, Transport::Encrypted).expect_err("refused");
        assert!(refused.help().contains("--insecure-http"));
        let address = ServerAddress::parse(text, Transport::DangerousPlain).expect("asked for");
        assert!(address.is_plain_to_others());
        for text in ["http://127.0.0.1.example.com", "http://localhost.example.com"] {
            assert!(ServerAddress::parse(text, Transport::Encrypted).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "try.example.com",
            "localhost:8080",
            "ftp://try.example.com",
            "https://ada:secret@try.example.com",
            "https://try.example.com/path",
            "https://try.example.com/?q",
            "https://try.example.com/#f",
        ] {
            assert!(ServerAddress::parse(text, Transport::Encrypted).is_err(), "{text}");
        }
    }

    #[test]
    fn a_download_is_never_less_protected_than_the_server() {
        let server = ServerAddress::parse("https://a.example", Transport::Encrypted).expect("good");
        assert!(server.download("/d/x.y").is_ok());
        assert!(server.download("https://b.example/d/x.y").is_ok());
        for named in ["http://a.example/d/x.y", "file:///etc/passwd", "data:text/plain,x"] {
            assert!(server.download(named).is_err(), "{named}");
        }
    }
}
