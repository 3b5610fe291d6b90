//! Which server is spoken to, and with which token.

use std::env;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use trybuy_formats::slug::Slug;
use url::{Host, Url};
use zeroize::Zeroizing;

use super::arguments::ConnectionArgs;
use super::failure::Failure;

/// A token has fewer bytes than this; more is another file.
const TOKEN_CAP: u64 = 1024;

/// A server's address, and the token for it. Without `Debug`: the token is secret.
pub struct Connection {
    /// The server's address, without a slash at its end.
    pub server: Url,
    /// The vendor's token.
    pub token: Zeroizing<String>,
    /// Whether unencrypted HTTP to another machine was allowed.
    pub insecure_http: bool,
}

impl Connection {
    /// Takes address and token from the command line, then from the environment.
    ///
    /// # Errors
    /// What is missing or not allowed, and how to give it.
    pub(super) fn from_arguments(arguments: &ConnectionArgs) -> Result<Self, Failure> {
        let server = arguments.server.as_deref().filter(|text| !text.is_empty());
        let server = server.ok_or_else(|| {
            Failure::new(Slug::Usage, "no server was named")
                .with_help("add `--server URL`, or set TRYBUY_SERVER")
        })?;
        let server = address(server, arguments.insecure_http)?;
        let token = check_token(token(arguments)?)?;
        Ok(Self { server, token, insecure_http: arguments.insecure_http })
    }

    /// The options that name the same server again, for commands in messages.
    pub fn options(&self) -> String {
        let insecure = if self.insecure_http { " --insecure-http" } else { "" };
        format!("--server {}{insecure}", self.server.as_str().trim_end_matches('/'))
    }
}

/// An http or https address; http for this machine only, unless it is explicitly allowed.
fn address(text: &str, insecure_http: bool) -> Result<Url, Failure> {
    let usage = |what: String, help: &str| Err(Failure::new(Slug::Usage, what).with_help(help));
    let Ok(url) = Url::parse(text) else {
        let help = "write it as https://try.example.com";
        return usage(format!("`{text}` is not the address of a server"), help);
    };
    if !matches!(url.scheme(), "http" | "https") {
        let help = "write it as https://try.example.com";
        return usage(format!("`{text}` is not an http or https address"), help);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return usage(
            "the address of the server contains a name or password".to_owned(),
            "give the token with `--token-file` or TRYBUY_TOKEN",
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return usage(format!("`{text}` has a query or fragment"), "leave out `?` and `#`");
    }
    if url.scheme() == "http" && !is_this_machine(&url) && !insecure_http {
        return usage(
            format!("{text} is not encrypted, and the token would be readable on its way"),
            "use https, or add `--insecure-http` if the network between is trusted",
        );
    }
    Ok(url)
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn token(arguments: &ConnectionArgs) -> Result<Zeroizing<String>, Failure> {
    if let Some(token) = &arguments.token {
        return Ok(Zeroizing::new(token.clone()));
    }
    if let Some(path) = &arguments.token_file {
        return read_token(path);
    }
    env::var("TRYBUY_TOKEN").ok().filter(|token| !token.is_empty()).map(Zeroizing::new).ok_or_else(
        || {
            Failure::new(Slug::Unauthorized, "no token was given").with_help(
                "ask the server's operator for one (`trybuy-server token create --role vendor \
                 --name NAME`), then set TRYBUY_TOKEN or add `--token-file FILE`",
            )
        },
    )
}

fn read_token(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::with_capacity(TOKEN_CAP as usize));
    let read = if path == Path::new("-") {
        io::stdin().take(TOKEN_CAP).read_to_string(&mut text)
    } else {
        File::open(path).and_then(|file| file.take(TOKEN_CAP).read_to_string(&mut text))
    };
    read.map_err(|error| {
        let what = format!("the token file {} cannot be read: {error}", path.display());
        Failure::new(Slug::LocalFile, what)
    })?;
    Ok(text)
}

/// The token without the line's end; refuses what cannot stand in a header (RFC 6750, 2.1).
fn check_token(text: Zeroizing<String>) -> Result<Zeroizing<String>, Failure> {
    let token = text.trim();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if token.is_empty() || token.len() as u64 >= TOKEN_CAP || !token.bytes().all(allowed) {
        let help = "give it exactly as `trybuy-server token create` printed it";
        return Err(Failure::new(Slug::Unauthorized, "the token is not a token").with_help(help));
    }
    Ok(Zeroizing::new(token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        address(text, false).err().map(|failure| failure.to_string()).unwrap_or_default()
    }

    #[test]
    fn unencrypted_http_is_for_this_machine() {
        for good in
            ["http://127.0.0.1:80", "http://[::1]", "http://localhost/a", "https://example.com"]
        {
            assert_eq!(refusal(good), "", "{good}");
        }
        let far = "http://192.0.2.1";
        assert!(refusal(far).contains("not encrypted"));
        assert!(refusal("http://localhost.example.com").contains("not encrypted"));
        assert!(address(far, true).is_ok());
    }

    #[test]
    fn addresses_have_nothing_but_a_place() {
        assert!(refusal("example").contains("not the address of a server"));
        assert!(refusal("ftp://example.com").contains("not an http or https address"));
        let secret = refusal("https://ada:secret@example.com");
        assert!(secret.contains("name or password") && !secret.contains("secret"));
        assert!(refusal("https://example.com/?a").contains("query"));
    }

    #[test]
    fn a_token_is_what_a_header_can_hold() {
        let check = |text: &str| check_token(Zeroizing::new(text.to_owned()));
        assert_eq!(check("abc-._~+/=9\n").map(|token| token.to_string()), Ok("abc-._~+/=9".into()));
        for bad in ["", "\n", "two words", "é", "a\u{0}b"] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
