//! Whether a license server can answer.

use serde_json::Value;
use trybuy_formats::slug::Slug;

use crate::support::TestServer;

#[tokio::test]
async fn a_license_server_says_that_it_is_well_as_the_other_roles_do() {
    let server = TestServer::start().await;
    let health: Value = server.get("../../healthz").await.json(200);
    assert_eq!(health["status"], "ok");
    server.server.store.close().await;
    server.get("../../healthz").await.refused(503, Slug::ServerError);
}
