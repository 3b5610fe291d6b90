//! Pages of the catalog.

use trybuy_server::store::{CatalogEntry, CatalogQuery, SearchWords, Store};

use crate::harness::Database;
use crate::samples::{LINUX, parsed, publish, release, vendor};

fn query(words: &str) -> CatalogQuery {
    CatalogQuery { words: parsed(words), platform: None, after: None, limit: 100 }
}

async fn ids(store: &Store, query: &CatalogQuery) -> Vec<String> {
    let page = store.catalog_page(query).await.expect("answered");
    page.entries.iter().map(|entry| entry.id.to_string()).collect()
}

pub(crate) async fn pages_follow_each_other_without_gaps(Database { store, .. }: Database) {
    let ours = vendor(&store, "Ours").await;
    // In the order of bytes: PostgreSQL's own order would ignore the hyphens and dots.
    let mut expected = ["a.b", "a.b-c", "a.b.c", "a.ba", "a.bb", "a.c"].map(str::to_owned);
    expected.sort();
    for id in &expected {
        publish(&store, &release(&ours, id, "1.0.0", LINUX)).await;
    }
    let mut query = CatalogQuery { limit: 4, ..query("") };
    let page = store.catalog_page(&query).await.expect("answered");
    assert!(page.more);
    let mut found: Vec<String> = page.entries.iter().map(|entry| entry.id.to_string()).collect();
    query.after = page.entries.last().map(|entry| entry.id.clone());
    query.limit = 2;
    let page = store.catalog_page(&query).await.expect("answered");
    assert!(!page.more);
    found.extend(page.entries.iter().map(|entry| entry.id.to_string()));
    assert_eq!(found, expected);
}

pub(crate) async fn every_word_has_to_match_in_any_case(Database { store, .. }: Database) {
    let ours = vendor(&store, "Ours").await;
    let mut sketch = release(&ours, "com.example.sketch", "1.0.0", LINUX);
    sketch.name = parsed("ÜBER Sketch");
    sketch.summary = "Draw Diagrams".to_owned();
    publish(&store, &sketch).await;
    publish(&store, &release(&ours, "com.example.chart", "1.0.0", LINUX)).await;
    for words in ["über", "ÜBER draw", "DIAGRAMS   sketch com.example", "h"] {
        let found = ids(&store, &query(words)).await;
        assert!(found.contains(&"com.example.sketch".to_owned()), "{words}");
    }
    assert_eq!(ids(&store, &query("über chart")).await, Vec::<String>::new());
    assert_eq!(ids(&store, &query("EXAMPLE")).await.len(), 2);
    let seven = "c o m e x a p";
    assert_eq!(ids(&store, &query(seven)).await.len(), 2);
    assert_eq!(ids(&store, &query(&format!("{seven} q"))).await, Vec::<String>::new());
}

pub(crate) async fn signs_of_patterns_are_plain_characters(Database { store, .. }: Database) {
    let ours = vendor(&store, "Ours").await;
    let mut sale = release(&ours, "com.example.sale", "1.0.0", LINUX);
    sale.summary = "50%_off! \\o/".to_owned();
    publish(&store, &sale).await;
    publish(&store, &release(&ours, "com.example.chart", "1.0.0", LINUX)).await;
    for words in ["%", "_", "!", "50%_", "off!", "\\o/", "%_o"] {
        assert_eq!(ids(&store, &query(words)).await, ["com.example.sale"], "{words}");
    }
    for words in ["5%f", "c_m", "o'", "\u{0}", "com.example%"] {
        assert_eq!(ids(&store, &query(words)).await, Vec::<String>::new(), "{words:?}");
    }
}

pub(crate) async fn a_platform_selects_applications(Database { store, .. }: Database) {
    let ours = vendor(&store, "Ours").await;
    publish(&store, &release(&ours, "com.example.sketch", "1.0.0", LINUX)).await;
    publish(&store, &release(&ours, "com.example.sketch", "2.0.0", "aarch64-macos")).await;
    publish(&store, &release(&ours, "com.example.chart", "1.0.0", "aarch64-macos")).await;
    let on = |platform| CatalogQuery { platform: Some(parsed(platform)), ..query("") };
    assert_eq!(ids(&store, &on(LINUX)).await, ["com.example.sketch"]);
    assert_eq!(ids(&store, &on("aarch64-macos")).await.len(), 2);
    assert!(ids(&store, &on("x86_64-windows")).await.is_empty());
}

pub(crate) async fn the_newest_version_is_shown_with_its_platforms(
    Database { store, .. }: Database,
) {
    let ours = vendor(&store, "Ours").await;
    for (version, platform) in [
        ("1.10.0", LINUX),
        ("1.9.0", "x86_64-windows"),
        ("1.10.0", "aarch64-macos"),
        ("1.10.0-rc.1", "riscv64-linux"),
    ] {
        publish(&store, &release(&ours, "com.example.sketch", version, platform)).await;
    }
    let page = store.catalog_page(&query("")).await.expect("answered");
    let expected = CatalogEntry {
        id: parsed("com.example.sketch"),
        name: parsed("Sketch"),
        summary: "Draw diagrams".to_owned(),
        version: parsed("1.10.0"),
        platforms: vec![parsed("aarch64-macos"), parsed(LINUX)],
    };
    assert_eq!(page.entries, [expected]);
    assert_eq!(SearchWords::default(), parsed(""));
}
