//! What `license-server licenses list` shows.

use serde_json::{Value, json};

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
