//! What the Builder says when it has not been set up, or is not understood.

use std::path::Path;

use crate::world::{builder, said};

/// The transcript of a command: exit code, standard output, standard error.
fn transcript(arguments: &[&str]) -> String {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let said = said(&builder(&directory.path().join("data"), arguments).output().expect("started"));
    let text = format!("exit {}\n{}--\n{}", said.code, said.out, said.err);
    text.replace(&directory.path().display().to_string(), "DIR")
}

#[test]
fn without_a_command_the_help_is_printed() {
    insta::assert_snapshot!(transcript(&[]));
}

#[test]
fn each_command_has_its_help() {
    for command in [
        "setup",
        "search",
        "show",
        "try",
        "run",
        "list",
        "info",
        "verify",
        "remove",
        "doctor",
        "license",
        "license request",
        "license show",
        "license export",
        "license renew",
        "license remove",
        "connect",
    ] {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let name = format!("help_{}", command.replace(' ', "_"));
        insta::assert_snapshot!(name, transcript(&words));
    }
}

#[test]
fn what_needs_a_setup_says_so() {
    let expected = "error[not-set-up]: this Builder has not been set up\n\
        help: run `trybuy setup URL --name NAME --email EMAIL` with the address of a trybuy server\n";
    for (arguments, code) in [
        (&["search"][..], 1),
        (&["show", "com.example.sketch"], 1),
        (&["try", "com.example.sketch"], 1),
        (&["run", "com.example.sketch"], 125),
        (&["verify"], 1),
        (&["setup", "--renew"], 1),
    ] {
        assert_eq!(transcript(arguments), format!("exit {code}\n--\n{expected}"), "{arguments:?}");
    }
}

#[test]
fn what_is_not_there_is_named() {
    for arguments in [&["info", "com.example.sketch"][..], &["remove", "com.example.sketch"]] {
        let text = transcript(arguments);
        assert!(
            text.starts_with("exit 1\n--\nerror[not-installed]: \"com.example.sketch\""),
            "{text}"
        );
    }
}

#[test]
fn an_empty_license_cache_is_no_failure() {
    assert_eq!(transcript(&["license", "list", "--json"]), "exit 0\n[]\n--\n");
    insta::assert_snapshot!(transcript(&["license", "list"]));
}

#[test]
fn an_empty_library_is_no_failure() {
    assert_eq!(transcript(&["list", "--json"]), "exit 0\n[]\n--\n");
    insta::assert_snapshot!(transcript(&["list"]));
}

#[test]
fn a_wrong_command_line_is_refused_with_a_way_out() {
    for (name, arguments) in [
        ("unknown_command", &["frobnicate"][..]),
        ("unknown_flag", &["list", "--jsn"]),
        ("missing_application", &["run"]),
        ("no_application_id", &["show", "../../etc/passwd"]),
        ("no_email", &["setup", "http://127.0.0.1:1", "--email", "ada"]),
        ("both_proofs", &["try", "com.example.sketch", "--name", "Ada", "--code", "X"]),
        ("missing_url", &["setup"]),
        ("plain_url", &["setup", "http://192.0.2.1:8080"]),
        ("no_url", &["setup", "try.example.com"]),
        ("plain_gateway", &["license", "request", "http://127.0.0.1:8080"]),
        ("open_door", &["connect", "https://service.example.com", "--listen", "0.0.0.0:8080"]),
    ] {
        insta::assert_snapshot!(format!("refused_{name}"), transcript(arguments));
    }
}

#[test]
fn a_server_that_does_not_answer_is_named_with_its_cause() {
    // Port 1 of this machine: nobody listens there.
    let text = transcript(&[
        "setup",
        "http://127.0.0.1:1",
        "--name",
        "Ada",
        "--email",
        "ada@example.com",
        "--accept-terms",
    ]);
    assert!(
        text.starts_with(
            "exit 1\n--\nerror[server-unreachable]: http://127.0.0.1:1 cannot be reached: "
        ),
        "{text}"
    );
    assert!(text.contains("refused"), "{text}");
}

#[test]
fn completions_and_manual_pages_are_made() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(transcript(&["completions", shell]).contains("verify"), "{shell}");
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let pages = directory.path().join("man");
    let page_path = pages.to_str().expect("UTF-8");
    let said =
        said(&builder(Path::new("/nonexistent"), &["man", page_path]).output().expect("started"));
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    for page in
        ["trybuy.1", "trybuy-try.1", "trybuy-run.1", "trybuy-connect.1", "trybuy-license-request.1"]
    {
        assert!(pages.join(page).exists(), "{page}");
    }
}
