//! What a server answers: JSON, a stream, or a problem document.

use std::error::Error;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, LINK, LOCATION};
use reqwest::{Response, StatusCode};
use serde::de::DeserializeOwned;
use trybuy_formats::api::Problem;
use trybuy_formats::slug::Slug;
use url::Url;

use crate::vendor_cli::failure::Failure;

/// The longest JSON that is read.
const JSON_CAP: usize = 16 << 20;
/// The longest page of a table that is read.
const TABLE_CAP: usize = 4 << 20;
/// The longest problem document that is read.
const PROBLEM_CAP: usize = 64 << 10;

/// The response, if it is one of success; else the failure that it tells.
pub(super) async fn success(response: Response, silence: Duration) -> Result<Response, Failure> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    if status.is_redirection() {
        let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
        let what = format!("the server says that it is elsewhere: {}", to.unwrap_or("nowhere"));
        return Err(Failure::new(Slug::ServerError, what).with_help("use that address"));
    }
    let body = read(response, PROBLEM_CAP, silence).await.unwrap_or_default();
    Err(refusal(status, &body))
}

/// The failure that an answer tells: its problem document, or else its status.
fn refusal(status: StatusCode, body: &[u8]) -> Failure {
    let Ok(problem) = serde_json::from_slice::<Problem>(body) else {
        return by_status(status);
    };
    let what = match &problem.detail {
        Some(detail) => format!("{}: {detail}", problem.title.trim_end_matches('.')),
        None => problem.title,
    };
    let failure = Failure::new(problem.slug, what);
    let advice = advice(problem.slug).map(str::to_owned);
    // The server's help on tokens is for those who write requests by hand.
    let help = match problem.slug {
        Slug::Unauthorized => advice,
        _ => problem.help.or(advice),
    };
    match help {
        Some(help) => failure.with_help(help),
        None => failure,
    }
}

fn by_status(status: StatusCode) -> Failure {
    let slug = match status.as_u16() {
        401 => Slug::Unauthorized,
        403 => Slug::Forbidden,
        404 => Slug::NotFound,
        413 => Slug::TooLarge,
        429 => Slug::RateLimited,
        500.. => Slug::ServerError,
        _ => Slug::BadRequest,
    };
    let failure = Failure::new(slug, format!("the server answered {status}"));
    failure.with_help(advice(slug).unwrap_or("check that the address is that of a trybuy server"))
}

/// What a vendor can do about a refusal.
fn advice(slug: Slug) -> Option<&'static str> {
    Some(match slug {
        Slug::Unauthorized => {
            "check the token; the server's operator makes one with `trybuy-server token create`"
        }
        Slug::Forbidden => "use the token of the vendor who owns the application",
        Slug::NotFound => "`trybuy-vendor releases` lists what you have published",
        Slug::ReleaseExists => "raise `version` in the manifest: a release never changes",
        Slug::RateLimited | Slug::ServerError => "wait a little, then run the command again",
        _ => return None,
    })
}

/// A JSON answer.
pub(super) async fn json<T: DeserializeOwned>(
    response: Response,
    silence: Duration,
) -> Result<T, Failure> {
    let body = read(response, JSON_CAP, silence).await?;
    serde_json::from_slice(&body).map_err(|error| {
        let what = format!("the server's answer cannot be understood: {error}");
        let help = "check that the address is that of a trybuy server of the same release";
        Failure::new(Slug::ServerError, what).with_help(help)
    })
}

/// A table of comma-separated values.
pub(super) async fn table(response: Response, silence: Duration) -> Result<Vec<u8>, Failure> {
    let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !media_type.is_some_and(|media_type| media_type.starts_with("text/csv")) {
        let what = "the server's answer is not a table of comma-separated values";
        return Err(Failure::new(Slug::ServerError, what).with_help("use `--json` instead"));
    }
    read(response, TABLE_CAP, silence).await
}

/// Where the next page of a table begins: `after` in the target of `Link: <…>; rel="next"`
/// (RFC 8288).
pub(super) fn next_page(response: &Response) -> Option<String> {
    let links = response.headers().get_all(LINK).into_iter().filter_map(|link| link.to_str().ok());
    links.filter_map(|link| next_of(response.url(), link)).next()
}

fn next_of(base: &Url, link: &str) -> Option<String> {
    let (target, relation) = link.trim().strip_prefix('<')?.split_once('>')?;
    if !relation.contains("rel=\"next\"") {
        return None;
    }
    let target = base.join(target).ok()?;
    target.query_pairs().find(|(name, _)| name == "after").map(|(_, after)| after.into_owned())
}

async fn read(mut response: Response, cap: usize, silence: Duration) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = chunk(&mut response, silence).await? {
        if body.len() + chunk.len() > cap {
            return Err(Failure::new(Slug::ServerError, "the server's answer is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

async fn chunk(
    response: &mut Response,
    silence: Duration,
) -> Result<Option<bytes::Bytes>, Failure> {
    let cut_off = |why: &str| {
        let what = format!("the server's answer was cut off: {why}");
        Failure::new(Slug::ServerUnreachable, what).with_help("run the command again")
    };
    match tokio::time::timeout(silence, response.chunk()).await {
        Err(_) => Err(cut_off("it fell silent")),
        Ok(Err(error)) => Err(cut_off(&reason(error))),
        Ok(Ok(chunk)) => Ok(chunk),
    }
}

/// Why a request failed: the innermost cause, which says it shortest.
pub(super) fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_document_becomes_the_failure() {
        let body = br#"{"type":"/problems/release-exists","status":409,
            "title":"This release exists.","detail":"1.0.0 for x86_64-linux has other content"}"#;
        assert_eq!(
            refusal(StatusCode::CONFLICT, body).report(),
            "error[release-exists]: This release exists: 1.0.0 for x86_64-linux has other content\n\
             help: raise `version` in the manifest: a release never changes\n"
        );
    }

    #[test]
    fn the_next_page_is_read_from_its_link() {
        let base = Url::parse("https://example.com/api/requests?limit=9").expect("a URL");
        for (link, expected) in [
            ("<?after=a%2Fb&limit=9>; rel=\"next\"", Some("a/b")),
            ("</api/requests?after=7>; rel=\"next\"", Some("7")),
            ("<?after=7>; rel=\"prev\"", None),
            ("<?limit=9>; rel=\"next\"", None),
            ("after=7", None),
        ] {
            assert_eq!(next_of(&base, link).as_deref(), expected, "{link}");
        }
    }

    #[test]
    fn any_other_answer_is_told_by_its_status() {
        let report = refusal(StatusCode::BAD_GATEWAY, b"<html>").report();
        assert_eq!(
            report,
            "error[server-error]: the server answered 502 Bad Gateway\n\
             help: wait a little, then run the command again\n"
        );
        let unknown = br#"{"type":"/problems/from-the-future","status":418,"title":"x"}"#;
        assert!(refusal(StatusCode::IM_A_TEAPOT, unknown).report().contains("[bad-request]"));
    }
}
