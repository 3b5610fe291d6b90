//! What `license-server licenses list` and `pack list` show.

use serde_json::{Value, json};
use trybuy_formats::instant::Instant;

use crate::support::{TestClient, TestServer, pack};

const LIST: [&str; 3] = ["license-server", "licenses", "list"];

#[tokio::test]
async fn every_license_is_listed_with_its_features() {
    let server = TestServer::start().await;
    let mut pack = pack("2.0.0", 1);
    pack.product.features = ["edit", "print"].map(|it| it.parse().expect("a label")).to_vec();
    server.install(&pack).await;
    let words = "com.example.desk 2.0.0 non-windows +edit +print  ";
    let free = server.printed(&[&LIST[..], &["--free"]].concat());
    assert!(free.contains(words) && free.lines().count() == 1, "{free}");
    // The one license of the pack, and a temporary one in place of a second.
    for client in [TestClient::new(), TestClient::new()] {
        client.license(&server, "2.0.0").await;
    }
    let listed = server.printed(&LIST);
    assert_eq!(listed.lines().filter(|line| line.contains(words)).count(), 2, "{listed}");
    let listed = server.printed(&[&LIST[..], &["--json"]].concat());
    let features = |line: &str| -> Value {
        serde_json::from_str::<Value>(line).expect("JSON")["features"].take()
    };
    let features: Vec<Value> = listed.lines().map(features).collect();
    assert_eq!(features, [json!(["edit", "print"]), json!(["edit", "print"])]);
}

#[tokio::test]
async fn no_license_of_a_pack_that_has_ended_is_listed_as_free() {
    let server = TestServer::start().await;
    let (good, mut ended) = (pack("1.0.0", 2), pack("1.0.0", 3));
    ended.first_active_at = "2020-01-01T00:00:00Z".parse().expect("an instant");
    ended.ends_at = "2021-01-01T00:00:00Z".parse::<Instant>().ok();
    for pack in [&good, &ended] {
        server.install(pack).await;
    }
    let listed = server.printed(&["license-server", "pack", "list"]);
    for (pack, free, end) in
        [(&good, "2 of 2 free", "  ends 20"), (&ended, "0 of 3 free", "  ended 2021-01-01")]
    {
        let id = pack.pack_id.to_string();
        let line = listed.lines().find(|line| line.starts_with(&id)).expect("listed");
        assert!(line.contains(free) && line.contains(end), "{line}");
    }
    let listed = server.printed(&["license-server", "pack", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let of = |it: &&Value| it["pack_id"] == ended.pack_id.to_string();
    let shown = listed.as_array().expect("a list").iter().find(of).expect("listed");
    let fields = [&shown["state"], &shown["free"], &shown["assigned"], &shown["quantity"]];
    assert_eq!(fields, [&json!("ended"), &json!(0), &json!(0), &json!(3)]);
}
