//! A company with several license servers under one authority: each gateway gets the licenses of its own.

use crate::gateway::{Gateway, ISSUER};

const OTHER: &str = "licenses-2";
const REQUEST: &str = "license-requests";

/// What the client of the first gateway asks of another one.
fn request(client: &Gateway, gateway: &Gateway) -> String {
    let arguments = gateway.arguments(&["license", "request"]);
    client.good(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).err
}

#[test]
fn a_license_of_each_license_server_is_asked_for_and_kept() {
    let (first, second) = (Gateway::start(), Gateway::start());
    second.script().join(&first.script(), OTHER);
    for (gateway, asked) in [(&first, 1), (&second, 1), (&first, 1), (&second, 1)] {
        request(&first, gateway);
        assert_eq!(gateway.script().asked(REQUEST), asked, "{}", gateway.url());
    }
    let ids = |license: &serde_json::Value| license["license_server"].clone();
    assert_eq!(first.listed().iter().map(ids).collect::<Vec<_>>(), [ISSUER, OTHER]);
    assert!(second.script().responses[0].held_license.is_none(), "the other's is shown to nobody");
}

#[test]
fn an_older_license_of_another_license_server_is_not_upgraded() {
    let (first, second) = (Gateway::start(), Gateway::start());
    second.script().join(&first.script(), OTHER);
    first.script().version = "4.0.0";
    request(&first, &first);
    request(&first, &second);
    assert!(second.script().upgrades.is_empty());
    assert_eq!(second.script().asked(REQUEST), 1);
}
