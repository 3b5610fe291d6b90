//! A gateway as its clients know it: its address, and the certifying authority that licenses for it are
//! issued under, which is pinned at the first contact.

use serde::{Deserialize, Serialize};
use trybuy_formats::certificates::Authorities;
use trybuy_formats::limits;
use trybuy_formats::signed::FORMAT;

use crate::client::address::{ServerAddress, Transport};
use crate::data_dir::{self, DataDir};
use crate::error::Error;
use crate::messages;

/// Cap of the file, in bytes: two files of certificates, whose line breaks take two bytes in JSON.
const RECORD_CAP: usize = 3 * limits::CERTIFICATE_FILE;

/// A gateway that was asked before.
#[derive(Clone)]
pub struct Gateway {
    address: ServerAddress,
    ca: Option<String>,
    authorities: Authorities,
}

/// The file of a gateway.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    /// Version of this structure, 1.
    format: u32,
    address: ServerAddress,
    /// Certificates in PEM that its own may be issued under, beside the system's.
    ca: Option<String>,
    /// The pinned authority's certificates in PEM.
    authority: String,
}

/// Reads the address of a gateway: always encrypted, as a license is presented in TLS.
///
/// # Errors
/// `usage`.
pub fn parse_address(text: &str) -> Result<ServerAddress, Error> {
    let address = ServerAddress::parse(text, Transport::Encrypted)
        .map_err(|error| error.with_help(messages::GATEWAY_ADDRESS))?;
    let encrypted = address.is_encrypted();
    encrypted.then_some(address).ok_or_else(|| messages::gateway_not_encrypted(text))
}

impl Gateway {
    /// What is remembered of a gateway; none that was never asked.
    ///
    /// # Errors
    /// `local-file` when it cannot be read, or is damaged.
    pub fn load(data: &DataDir, address: &ServerAddress) -> Result<Option<Self>, Error> {
        let path = data.gateway_file(&host_and_port(address));
        let Some(bytes) = data_dir::read(&path, RECORD_CAP)? else { return Ok(None) };
        let damaged = || messages::gateway_record_damaged(&path);
        let record: Record = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
        if record.format != FORMAT || record.address != *address {
            return Err(damaged());
        }
        let authorities = Authorities::from_pem(&record.authority).map_err(|_| damaged())?;
        Ok(Some(Self { address: record.address, ca: record.ca, authorities }))
    }

    /// Pins the authority of a gateway: the one that was named, else the one that was pinned before, else
    /// the one that the gateway shows.
    ///
    /// # Errors
    /// `server-key-changed` when the gateway shows a certificate of another authority.
    pub fn pin(
        address: ServerAddress,
        ca: Option<String>,
        trusted: Option<Authorities>,
        shown: Authorities,
    ) -> Result<Self, Error> {
        let authorities = match trusted {
            None => shown,
            Some(trusted) => {
                let is_trusted = |shown| trusted.certificates().contains(shown);
                if !shown.certificates().iter().all(is_trusted) {
                    return Err(messages::authority_changed(&address.to_string()));
                }
                trusted
            }
        };
        Ok(Self { address, ca, authorities })
    }

    /// Remembers it. What is remembered already is not written again, as each contact would.
    ///
    /// # Errors
    /// `local-file`.
    pub fn store(&self, data: &DataDir) -> Result<(), Error> {
        let record = Record {
            format: FORMAT,
            address: self.address.clone(),
            ca: self.ca.clone(),
            authority: self.authorities.to_pem(),
        };
        let json = serde_json::to_vec(&record).expect("a plain structure");
        let path = data.gateway_file(&host_and_port(&self.address));
        match data_dir::read(&path, RECORD_CAP) {
            Ok(Some(stored)) if stored == json => Ok(()),
            _ => data_dir::replace(&path, &json),
        }
    }

    /// Its address.
    pub fn address(&self) -> &ServerAddress {
        &self.address
    }

    /// Certificates in PEM that its own may be issued under, beside the system's.
    pub fn ca(&self) -> Option<&str> {
        self.ca.as_deref()
    }

    /// The authority that its licenses are issued under.
    pub fn authorities(&self) -> &Authorities {
        &self.authorities
    }
}

/// The host and the port of an address: `example.com:443`.
pub(crate) fn host_and_port(address: &ServerAddress) -> String {
    let url = address.join("/");
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{}:{port}", url.host_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use trybuy_formats::certificates::DevelopmentAuthority;
    use trybuy_formats::instant::Span;
    use trybuy_formats::slug::Slug;

    fn authorities(name: &str) -> Authorities {
        let now = crate::clock::now();
        let authority =
            DevelopmentAuthority::generate(name, now, Span::seconds(600)).expect("made");
        let chain = trybuy_formats::certificates::CertificateChain::new(vec![
            authority.certificate().clone(),
        ]);
        Authorities::from_pem(&chain.expect("one certificate").to_pem()).expect("an authority")
    }

    #[test]
    fn a_gateway_is_always_encrypted_and_its_address_is_told_so() {
        assert!(parse_address("https://service.example.com:8443").is_ok());
        for text in ["http://127.0.0.1:8080", "http://192.0.2.1", "service.example.com", ""] {
            let refused = parse_address(text).map(|_| ()).expect_err("no address of a gateway");
            assert_eq!(refused.help(), messages::GATEWAY_ADDRESS, "{text}");
        }
    }

    #[test]
    fn the_authority_is_pinned_at_first_and_another_one_refused() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = DataDir::locate(Some(directory.path())).expect("located");
        let address = parse_address("https://[::1]:8443").expect("an address");
        assert!(Gateway::load(&data, &address).expect("readable").is_none());
        let (first, other) = (authorities("first"), authorities("other"));
        let pin = |trusted, shown| Gateway::pin(address.clone(), None, trusted, shown);
        pin(None, first.clone()).expect("pinned").store(&data).expect("stored");
        let known = Gateway::load(&data, &address).expect("readable").expect("known");
        let pinned = Some(known.authorities().clone());
        assert!(pin(pinned.clone(), first.clone()).is_ok());
        let refused = pin(pinned, other.clone()).map(|_| ()).expect_err("another authority");
        assert_eq!(refused.slug(), Slug::ServerKeyChanged);
        // Whoever names the authority replaces the pinned one.
        assert!(pin(Some(other.clone()), other).is_ok());
    }

    #[test]
    fn a_damaged_record_is_named() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = DataDir::locate(Some(directory.path())).expect("located");
        let address = parse_address("https://service.example.com").expect("an address");
        let path = data.gateway_file("service.example.com:443");
        for garbage in [&b""[..], b"{}", b"garbage"] {
            data_dir::replace(&path, garbage).expect("written");
            let damaged = Gateway::load(&data, &address).map(|_| ()).expect_err("damaged");
            assert_eq!(damaged.slug(), Slug::LocalFile);
        }
    }
}
