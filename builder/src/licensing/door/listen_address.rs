//! The address of a door: one that other machines cannot reach.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a local door is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListenAddress {
    /// A port that only this machine reaches.
    Loopback(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
            return Ok(Self::Unix(path.into()));
        }
        let named = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        let address: SocketAddr = named
            .as_deref()
            .unwrap_or(text)
            .parse()
            .map_err(|_| "not an address such as 127.0.0.1:8080 or unix:PATH".to_owned())?;
        // Everybody who reaches it uses the license.
        if !address.ip().is_loopback() {
            return Err(
                "other machines could use your license there; listen on 127.0.0.1".to_owned()
            );
        }
        Ok(Self::Loopback(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_is_open_to_this_machine_alone() {
        for text in ["127.0.0.1:0", "127.3.2.1:80", "[::1]:8080", "localhost:8080", "unix:/run/x"] {
            assert!(text.parse::<ListenAddress>().is_ok(), "{text}");
        }
        for text in ["0.0.0.0:0", "[::]:80", "192.0.2.1:80", "[::ffff:192.0.2.1]:80"] {
            let refused = text.parse::<ListenAddress>().expect_err("reachable by others");
            assert!(refused.contains("your license"), "{text}: {refused}");
        }
        for text in ["", "8080", "127.0.0.1", "unix:", "example.com:80", "localhost:x"] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
    }
}
