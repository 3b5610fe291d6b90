//! What is read from a server: releases and requests, in every shape.

use trybuy_formats::api::{ReleasesAnswer, Requester, RequestersAnswer, VendorRelease};
use trybuy_formats::ids::{Digest, LicenseeId, TrialId};

use crate::fixture::{self, Outcome, TOKEN, run, vendor_at};
use crate::small_server::{Reply, Request, SmallServer};

const APP: &str = "com.example.sketch";

fn vendor(server: &SmallServer, arguments: &[&str]) -> Outcome {
    run(&mut vendor_at(&server.url(), arguments))
}

fn requester(name: &str) -> Requester {
    Requester {
        trial_id: TrialId::new(),
        licensee_id: LicenseeId::new(),
        name: name.parse().unwrap(),
        email: "a@example.com".parse().unwrap(),
        email_verified_at: (name == "Grace").then(fixture::instant),
        platform: "x86_64-linux".parse().unwrap(),
        version: "1.4.0".parse().unwrap(),
        requested_at: fixture::instant(),
        ends_at: None,
        terms_digest: Digest::from_bytes([1; 32]),
        terms_version: Some("1.0.0".parse().unwrap()),
        accepted_as: None,
        delivered_at: None,
        first_run_on: (name == "Zoë").then(fixture::instant),
        purchased_at: (name == "Zoë").then(fixture::instant),
        converted: name != "Ada",
        counted: true,
    }
}

/// Three pages, the second one empty.
fn pages(request: &Request) -> Reply {
    let page = |names: &[&str], next: Option<&str>| {
        let requests = names.iter().map(|name| requester(name)).collect();
        Reply::json(200, &RequestersAnswer { requests, next: next.map(str::to_owned) })
    };
    match request.target.split_once("after=").map(|(_, after)| after) {
        None => page(&["Ada", "Grace"], Some("two/&")),
        Some("two%2F%26") => page(&[], Some("three")),
        _ => page(&["Zoë"], None),
    }
}

#[test]
fn all_pages_of_requests_are_printed() {
    let server = SmallServer::start(pages);
    let outcome = vendor(&server, &["requests", APP]);
    let line = |name: &str| {
        let verified = if name == "Grace" { ", verified" } else { "" };
        let later = match name {
            "Zoë" => ", first run 2026-12-22, bought",
            "Grace" => ", bought on another Builder",
            _ => "",
        };
        format!(
            "2026-12-22T10:00:00Z  never                 1.4.0       x86_64-linux    {name} \
             <a@example.com>{verified}{later}\n"
        )
    };
    let header =
        "REQUESTED             ENDS                  VERSION     PLATFORM        NAME <EMAIL>\n";
    assert_eq!(outcome.stdout, [header, &line("Ada"), &line("Grace"), &line("Zoë")].concat());
    let path = "GET /api/v1/vendor/applications/com.example.sketch/requests?limit=100";
    assert_eq!(
        server.lines(),
        [path.to_owned(), format!("{path}&after=two%2F%26"), format!("{path}&after=three")]
    );
    let token = format!("Bearer {TOKEN}");
    assert!(server.requests().iter().all(|r| r.header("authorization") == Some(&token)));
}

#[test]
fn requests_are_one_array_of_json() {
    let server = SmallServer::start(pages);
    let outcome = vendor(&server, &["requests", APP, "--json"]);
    let requests: Vec<Requester> = serde_json::from_str(&outcome.stdout).unwrap();
    let names: Vec<&str> = requests.iter().map(|request| request.name.as_str()).collect();
    assert_eq!(names, ["Ada", "Grace", "Zoë"]);
}

#[test]
fn nobody_is_an_empty_array() {
    let server = SmallServer::start(|_| {
        Reply::json(200, &RequestersAnswer { requests: vec![], next: None })
    });
    assert_eq!(vendor(&server, &["requests", APP, "--json"]).stdout, "[]\n");
    assert_eq!(
        vendor(&server, &["requests", APP]).stdout,
        "Nobody has asked for com.example.sketch yet.\n"
    );
}

#[test]
fn a_server_that_pages_in_circles_is_left() {
    let server = SmallServer::start(|_| {
        let next = Some("again".to_owned());
        Reply::json(200, &RequestersAnswer { requests: vec![], next })
    });
    let outcome = vendor(&server, &["requests", APP]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.starts_with("error[server-error]: "));
}

#[test]
fn comma_separated_values_are_copied_as_the_server_writes_them_with_one_head() {
    const HEAD: &str = "requested_at,name\r\n";
    let server = SmallServer::start(|request| {
        let (row, next) = match request.target.split_once("after=") {
            None => ("1,\"Lovelace, Ada\"\r\n", Some("<?after=two%2F&limit=100>; rel=\"next\"")),
            Some((_, "two%2F")) => ("2,Zoë\r\n", None),
            Some(_) => ("?", None),
        };
        let headers = next.map(|link| ("link", link.to_owned())).into_iter().collect();
        let body = format!("{HEAD}{row}").into();
        Reply::Answer { status: 200, media_type: "text/csv; charset=utf-8", headers, body }
    });
    let outcome = vendor(&server, &["requests", APP, "--csv"]);
    assert_eq!(outcome.stdout, format!("{HEAD}1,\"Lovelace, Ada\"\r\n2,Zoë\r\n"));
    assert!(server.requests().iter().all(|r| r.header("accept") == Some("text/csv")));
}

#[test]
fn a_server_without_tables_is_said_to_be_one() {
    let server = SmallServer::start(|_| {
        Reply::json(200, &RequestersAnswer { requests: vec![], next: None })
    });
    let outcome = vendor(&server, &["requests", APP, "--csv"]);
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.starts_with("error[server-error]: the server's answer is not a table"));
}

#[test]
fn releases_are_a_table_or_json() {
    let server = SmallServer::start(|_| {
        let releases = vec![fixture::release("x86_64-linux"), fixture::release("aarch64-linux")];
        Reply::json(200, &ReleasesAnswer { releases })
    });
    let outcome = vendor(&server, &["releases"]);
    assert_eq!(
        outcome.stdout,
        "APPLICATION         VERSION  PLATFORM       PUBLISHED             STORED    PROGRAM\n\
         com.example.sketch  1.4.0    x86_64-linux   2026-12-22T10:00:00Z  1.50 KiB  2.00 KiB\n\
         com.example.sketch  1.4.0    aarch64-linux  2026-12-22T10:00:00Z  1.50 KiB  2.00 KiB\n"
    );
    let outcome = vendor(&server, &["releases", APP, "--json"]);
    let releases: Vec<VendorRelease> = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(releases.len(), 2);
    assert_eq!(
        server.lines(),
        [
            "GET /api/v1/vendor/releases",
            "GET /api/v1/vendor/releases?application=com.example.sketch"
        ]
    );
}

#[test]
fn a_problem_of_the_server_is_told_with_its_slug() {
    let server = SmallServer::start(|_| {
        Reply::problem(403, "forbidden", "The application belongs to another vendor.")
    });
    let outcome = vendor(&server, &["releases"]);
    assert_eq!(
        outcome,
        Outcome {
            code: Some(1),
            stdout: String::new(),
            stderr: "error[forbidden]: The application belongs to another vendor.\n\
                     help: use the token of the vendor who owns the application\n"
                .to_owned(),
        }
    );
}

#[test]
fn an_address_that_is_no_trybuy_server_is_said_to_be_none() {
    let server = SmallServer::start(|_| Reply::Answer {
        status: 200,
        media_type: "text/html",
        headers: Vec::new(),
        body: b"<html>".to_vec(),
    });
    let outcome = vendor(&server, &["releases"]);
    assert!(outcome.stderr.starts_with("error[server-error]: the server's answer cannot be"));
    let gone = server.url();
    drop(server);
    let outcome = run(&mut vendor_at(&gone, &["releases"]));
    assert_eq!(
        outcome.stderr,
        format!(
            "error[server-unreachable]: {gone}/ cannot be reached: Connection refused (os error \
             111)\nhelp: check the address and the network, then run the command again\n"
        )
    );
    assert_eq!(outcome.code, Some(1));
}

#[test]
fn a_redirection_does_not_get_the_token() {
    let server = SmallServer::start(|_| Reply::Answer {
        status: 302,
        media_type: "text/html",
        headers: vec![("location", "https://elsewhere.example/".to_owned())],
        body: Vec::new(),
    });
    let outcome = vendor(&server, &["releases"]);
    assert!(
        outcome.stderr.starts_with("error[server-error]: the server says that it is elsewhere")
    );
    assert_eq!(server.lines().len(), 1);
}
