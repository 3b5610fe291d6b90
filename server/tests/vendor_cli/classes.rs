//! `class` towards a server.

use serde_json::json;

use crate::fixture::{Outcome, run, vendor_at};
use crate::small_server::{Reply, SmallServer};

const CLASSES: &str = "/api/v1/vendor/classes";

fn server() -> SmallServer {
    SmallServer::start(|request| match request.method.as_str() {
        "GET" => Reply::json(
            200,
            &json!({ "classes": [
                { "name": "press", "rank": 3, "members": [] },
                { "name": "education", "rank": 10, "members": ["@example.edu", "ada@example.com"] },
            ] }),
        ),
        _ => Reply::nothing(),
    })
}

fn vendor(server: &SmallServer, arguments: &[&str]) -> Outcome {
    run(&mut vendor_at(&server.url(), arguments))
}

#[test]
fn classes_are_listed_with_their_members() {
    let server = server();
    let outcome = vendor(&server, &["class", "list"]);
    assert_eq!(
        outcome.stdout,
        "press (rank 3)\neducation (rank 10)\n  @example.edu\n  ada@example.com\n"
    );
    let outcome = vendor(&server, &["class", "list", "--json"]);
    let printed: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(printed[1]["members"], json!(["@example.edu", "ada@example.com"]));
    let none = SmallServer::start(|_| Reply::json(200, &json!({ "classes": [] })));
    assert_eq!(vendor(&none, &["class", "list"]).stdout, "There are no classes yet.\n");
}

#[test]
fn a_class_keeps_its_rank_where_none_is_named() {
    // What is named, and the rank that is sent: that of a new class, the one there is, another one.
    let cases: [(&[&str], u32); 3] = [
        (&["class", "create", "early"], 100),
        (&["class", "create", "education"], 10),
        (&["class", "create", "education", "--rank", "0"], 0),
    ];
    for (arguments, rank) in cases {
        let server = server();
        let outcome = vendor(&server, arguments);
        let name = arguments[2];
        assert_eq!(outcome.stdout, format!("class `{name}` has rank {rank}\n"));
        let request = server.requests().pop().unwrap();
        assert_eq!(request.line(), format!("PUT {CLASSES}/{name}"));
        let sent: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(sent, json!({ "rank": rank }));
    }
}

#[test]
fn members_come_and_go_one_by_one() {
    let server = server();
    let members = ["Ada+x@Example.com", "@Example.edu"];
    let outcome = vendor(&server, &["class", "add", "press", members[0], members[1]]);
    assert_eq!(
        outcome.stdout,
        "ada@example.com is a member of class `press`\n@example.edu is a member of class `press`\n"
    );
    let outcome = vendor(&server, &["class", "drop", "press", members[0]]);
    assert_eq!(outcome.stdout, "ada@example.com is no member of class `press` any more\n");
    let outcome = vendor(&server, &["class", "remove", "press"]);
    assert_eq!(outcome.stdout, "class `press` is removed\n");
    let expected = [
        format!("PUT {CLASSES}/press/members/ada@example.com"),
        format!("PUT {CLASSES}/press/members/@example.edu"),
        format!("DELETE {CLASSES}/press/members/ada@example.com"),
        format!("DELETE {CLASSES}/press"),
    ];
    assert_eq!(server.lines(), expected);
}

#[test]
fn what_was_added_before_a_refusal_is_told() {
    let server = SmallServer::start(|request| match request.target.ends_with("@example.net") {
        true => Reply::problem(413, "too-large", "there is no room"),
        false => Reply::nothing(),
    });
    let outcome = vendor(&server, &["class", "add", "press", "@example.edu", "@example.net"]);
    assert_eq!(outcome.stdout, "@example.edu is a member of class `press`\n");
    assert!(outcome.stderr.starts_with("error[too-large]: there is no room\n"), "{outcome:?}");
    assert_eq!(outcome.code, Some(1));
}
