//! `block add`, `block list` and `block remove` towards a server.

use trybuy_formats::api::{Block, BlocksAnswer, PutBlock};

use crate::fixture::{Outcome, instant, run, vendor_at};
use crate::small_server::{Reply, Request, SmallServer};

fn vendor(server: &SmallServer, arguments: &[&str]) -> Outcome {
    run(&mut vendor_at(&server.url(), arguments))
}

fn block(subject: &str, reason: Option<&str>) -> Block {
    let reason = reason.map(|reason| reason.parse().unwrap());
    Block { subject: subject.parse().unwrap(), reason, created_at: instant() }
}

/// Two pages.
fn pages(request: &Request) -> Reply {
    let page = |block: Block, next: Option<&str>| {
        let next = next.map(str::to_owned);
        Reply::json(200, &BlocksAnswer { blocks: vec![block], next })
    };
    if request.target.contains("after=") {
        page(block("eve@example.com", None), None)
    } else {
        page(block("@example.org", Some("Robots.")), Some("@example.org"))
    }
}

#[test]
fn somebody_is_blocked_with_a_reason() {
    let server = SmallServer::start(|_| Reply::json(200, &block("eve@example.com", None)));
    let outcome = vendor(&server, &["block", "add", "Eve+x@Example.com", "--reason", "Resells."]);
    assert_eq!(outcome.stdout, "eve@example.com gets no new trial of your applications\n");
    assert_eq!(outcome.code, Some(0));
    let request = server.requests().pop().unwrap();
    assert_eq!(request.line(), "PUT /api/v1/vendor/blocks/eve@example.com");
    let sent: PutBlock = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(sent.reason.map(|reason| reason.to_string()).as_deref(), Some("Resells."));
}

#[test]
fn blocks_of_all_pages_are_listed() {
    let server = SmallServer::start(pages);
    let outcome = vendor(&server, &["block", "list"]);
    assert_eq!(
        outcome.stdout,
        "SINCE                 WHO              REASON\n\
         2026-12-22T10:00:00Z  @example.org     Robots.\n\
         2026-12-22T10:00:00Z  eve@example.com\n"
    );
    let path = "GET /api/v1/vendor/blocks?limit=100";
    assert_eq!(server.lines(), [path.to_owned(), format!("{path}&after=%40example.org")]);
    let outcome = vendor(&server, &["block", "list", "--json"]);
    let listed: Vec<Block> = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(listed.len(), 2);
    let none = BlocksAnswer { blocks: Vec::new(), next: None };
    let server = SmallServer::start(move |_| Reply::json(200, &none));
    assert_eq!(vendor(&server, &["block", "list"]).stdout, "You block nobody.\n");
}

#[test]
fn a_block_is_taken_away() {
    let server = SmallServer::start(|_| Reply::Answer {
        status: 204,
        media_type: "text/plain",
        headers: Vec::new(),
        body: Vec::new(),
    });
    let outcome = vendor(&server, &["block", "remove", "@Example.org"]);
    assert_eq!(outcome.stdout, "@example.org may try your applications again\n");
    assert_eq!(server.lines(), ["DELETE /api/v1/vendor/blocks/@example.org"]);
    let gone = SmallServer::start(|_| Reply::problem(404, "not-found", "there is no block of it"));
    let outcome = vendor(&gone, &["block", "remove", "@example.org"]);
    assert!(outcome.stderr.starts_with("error[not-found]: there is no block"), "{outcome:?}");
}

#[test]
fn what_names_nobody_is_a_usage_error() {
    for arguments in [
        ["block", "add", "ada"].as_slice(),
        &["block", "add", "@example"],
        &["block", "add", "ada@example.com", "--reason", "two\nlines"],
        &["block", "remove"],
    ] {
        let outcome = run(&mut vendor_at("http://127.0.0.1:1", arguments));
        assert_eq!(outcome.code, Some(2), "{arguments:?}");
        assert!(outcome.stderr.starts_with("error[usage]: "), "{}", outcome.stderr);
    }
}
