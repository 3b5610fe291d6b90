//! How fast seat licenses are granted and issued again, with few and with many licenses assigned before.
//!
//! `cargo bench -p trybuy-server --bench licenses -- [ROWS…] [--no-sqlite] [--no-postgres]`, by default
//! `1000 1000000`. For SQLite, and for PostgreSQL where it can be had, it prints for each number of rows
//!
//! - what one P-256 signature (the whole certificate) and one durable transaction for each would allow, as many at
//!   once as the store has connections that write,
//! - new grants a second from 64 and from 256 callers at once, each with its certificate, and as part of that,
//! - licenses that are issued again a second.
//!
//! Every grant is durable when it is counted (SQLite `synchronous = FULL`, PostgreSQL `synchronous_commit = on`).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant as Clock};

use anyhow::{Context as _, Result, ensure};
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Executor as _};
use trybuy_formats::api::LicenseOutcome;
use trybuy_formats::certificates::{
    CertificateChain, CertificateRequest, DevelopmentAuthority, LicenseIssuer, Role,
};
use trybuy_formats::ids::{
    ChallengeId, ClientId, OrderId, PackId, PlatformType, ProductId, SeatLicenseId,
};
use trybuy_formats::instant::{DAY, Instant, Span};
use trybuy_formats::keys::{LicenseServerSecret, key_id};
use trybuy_formats::licensing::pack::{HumanDescription, LicensePack};
use trybuy_formats::licensing::product::{LicenseType, Product};
use trybuy_formats::licensing::seat_license::SeatLicenseKind;
use trybuy_formats::primitives::EcdsaKey;
use trybuy_server::license_server::issuing::Granting;
use trybuy_server::store::{
    GrantingModule, LicenseCase, LicenseGrant, LicenseTerms, POSTGRES_CONNECTIONS,
    PackInstallation, Store, UsedChallenge, WantedLicense, Way,
};
use trybuy_tests::postgres::Cluster;

const ROUND: Duration = Duration::from_secs(3);
const ROUNDS: usize = 5;
const CALLERS: [usize; 2] = [64, 256];
/// Clients of one round; their keys are made before it begins.
const CLIENTS: usize = 40_000;
/// Free licenses of the pack, more than all rounds take.
const FREE: i64 = 1_000_000;

/// The ids of clients are spread over the index, as those of real ones are.
const FILL: [&str; 3] = [
    "INSERT INTO license_assignments (certificate_serial, license_id, pack_id, serial, turn, \
     client_id, issued_at, product_id, version, platform_type, ends_at, certificate, granted_twice) \
     WITH RECURSIVE numbers (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL \
         SELECT i + 1 FROM numbers WHERE i < ROWS) \
     SELECT CAST((i * 2654435761) % 4294967296 AS TEXT) || '-' || CAST(i AS TEXT), \
         'PACK.' || CAST(i AS TEXT), 'PACK', i, 0, \
         CAST((i * 2246822519) % 4294967296 AS TEXT) || '-' || CAST(i AS TEXT), 1800000000, \
         'com.example.desk', '1.0.0', 'non-windows', NULL, CERTIFICATE, 0 FROM numbers",
    "INSERT INTO license_records (number, at, outcome, client_id, record, mac) \
     WITH RECURSIVE numbers (i) AS (SELECT CAST(2 AS BIGINT) UNION ALL \
         SELECT i + 1 FROM numbers WHERE i < ROWS + 1) \
     SELECT i, 1800000000, 'granted', \
         CAST((i * 2246822519) % 4294967296 AS TEXT) || '-' || CAST(i AS TEXT), \
         '{\"number\":1,\"at\":\"2027-01-15T08:00:00Z\",\"outcome\":\"granted\"}', 'none' FROM numbers",
    "UPDATE license_packs SET assigned = ROWS; \
     UPDATE license_free_seats SET first_serial = ROWS + 1; \
     UPDATE license_record_head SET records = ROWS + 1",
];

fn main() -> Result<()> {
    let rows: Vec<i64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let rows = if rows.is_empty() { vec![1_000, 1_000_000] } else { rows };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let wanted =
        |database: &str| std::env::args().all(|argument| argument != format!("--no-{database}"));
    for rows in rows.iter().filter(|_| wanted("sqlite")) {
        let url = format!("sqlite:{}/{rows}.sqlite3", folder.path().display());
        let raw = format!("{url}?mode=rwc");
        runtime.block_on(measure("sqlite", &url, &raw, *rows))?;
    }
    if wanted("postgres") && Cluster::is_available() {
        let cluster = Cluster::start()?;
        for rows in &rows {
            let url = cluster.create_database(&format!("licenses_{rows}"))?;
            runtime.block_on(measure("postgres", &url, &url, *rows))?;
        }
    }
    Ok(())
}

async fn measure(database: &str, url: &str, raw: &str, rows: i64) -> Result<()> {
    let store = Store::connect(&url.parse()?).await?;
    store.migrate().await?;
    let granting = Arc::new(granting()?);
    let pack = pack(rows)?;
    let installed = store.install_pack(granting.secret(), &pack, begin()).await?;
    ensure!(installed == PackInstallation::Installed, "it is new");
    fill(database, raw, pack.pack_id, rows).await?;
    let writers = if database == "sqlite" { 1 } else { POSTGRES_CONNECTIONS };
    for callers in CALLERS {
        let (mut ceilings, mut shares, mut grants, mut again) = (vec![], vec![], vec![], vec![]);
        for _ in 0..ROUNDS {
            analyze(raw).await?;
            let clients = Arc::new(clients()?);
            let ceiling = single(database, raw, writers, &granting, &clients).await?;
            let (granted, count) = asked(&store, &granting, &clients, callers, CLIENTS).await?;
            let (reissued, _) = asked(&store, &granting, &clients, callers, count).await?;
            ceilings.push(ceiling);
            shares.push(granted / ceiling);
            grants.push(granted);
            again.push(reissued);
        }
        println!(
            "{database}, {rows} licenses before, {callers} callers: {:.0}/s with one signature and one \
             transaction each; new grants {:.0}/s, {:.2} of that; issued again {:.0}/s",
            median(ceilings),
            median(grants),
            median(shares),
            median(again)
        );
    }
    store.close().await;
    Ok(())
}

/// What comes of one signature and one durable transaction for each license, without any decision.
async fn single(
    database: &str,
    url: &str,
    writers: u32,
    granting: &Arc<Granting>,
    clients: &Arc<Vec<EcdsaKey>>,
) -> Result<f64> {
    let mut first = AnyConnection::connect(url).await?;
    first
        .execute("CREATE TABLE IF NOT EXISTS plain (id TEXT PRIMARY KEY, certificate TEXT)")
        .await?;
    first.close().await?;
    let (begin, next) = (Clock::now(), Arc::new(AtomicUsize::new(0)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..writers {
        let mut connection = AnyConnection::connect(url).await?;
        if database == "sqlite" {
            connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL").await?;
        }
        let (granting, clients, next) =
            (Arc::clone(granting), Arc::clone(clients), Arc::clone(&next));
        tasks.spawn(async move {
            let mut count = 0_u32;
            while begin.elapsed() < ROUND {
                let client = &clients[next.fetch_add(1, Ordering::Relaxed) % clients.len()];
                let wanted = wanted(client)?;
                let issued = granting
                    .issue(&wanted, &terms(&wanted))
                    .map_err(|error| anyhow::anyhow!(error))?;
                sqlx::query("INSERT INTO plain (id, certificate) VALUES ($1, $2)")
                    .bind(issued.certificate_serial.to_string())
                    .bind("x".repeat(issued.certificate.len()))
                    .execute(&mut connection)
                    .await?;
                count += 1;
            }
            connection.close().await?;
            anyhow::Ok(count)
        });
    }
    let counts: Result<Vec<u32>> = tasks.join_all().await.into_iter().collect();
    Ok(f64::from(counts?.iter().sum::<u32>()) / begin.elapsed().as_secs_f64())
}

/// Licenses a second for the first clients of a list, once each, or for as long as a round lasts, so many at once; and
/// how many.
async fn asked(
    store: &Store,
    granting: &Arc<Granting>,
    clients: &Arc<Vec<EcdsaKey>>,
    callers: usize,
    first: usize,
) -> Result<(f64, usize)> {
    let (begin, next) = (Clock::now(), Arc::new(AtomicUsize::new(0)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let granting = Arc::clone(granting) as Arc<dyn GrantingModule>;
        let (store, clients, next) = (store.clone(), Arc::clone(clients), Arc::clone(&next));
        let is_new = first == CLIENTS;
        tasks.spawn(async move {
            let mut count = 0_u32;
            while begin.elapsed() < ROUND {
                let at = next.fetch_add(1, Ordering::Relaxed);
                ensure!(!is_new || at < first, "a round needs more clients");
                let challenge = UsedChallenge { id: ChallengeId::new(), period: 0 };
                let software_id = "0200000100000001".parse()?;
                let case = LicenseCase {
                    wanted: wanted(&clients[at % first])?,
                    way: Way::Challenge { software_id, challenge: Some(challenge) },
                    presented: None,
                    refused: None,
                    temporary: DAY,
                };
                let expected =
                    if is_new { LicenseOutcome::Granted } else { LicenseOutcome::Reissued };
                let grant = store.grant_license(&granting, case).await?;
                let is_expected =
                    matches!(&grant, LicenseGrant::Issued { outcome, .. } if *outcome == expected);
                ensure!(is_expected, "{grant:?}");
                count += 1;
            }
            anyhow::Ok(count)
        });
    }
    let counts: Result<Vec<u32>> = tasks.join_all().await.into_iter().collect();
    let count = counts?.iter().sum::<u32>();
    Ok((f64::from(count) / begin.elapsed().as_secs_f64(), usize::try_from(count)?))
}

fn begin() -> Instant {
    Instant::from_unix(1_800_000_000).expect("in range")
}

fn product_id() -> ProductId {
    "com.example.desk".parse().expect("a product")
}

/// A license server's granting module with real certificates.
fn granting() -> Result<Granting> {
    let year = Span::seconds(365 * DAY.as_seconds());
    let authority = DevelopmentAuthority::generate("Bench", begin(), year)?;
    let key = EcdsaKey::generate()?;
    let request = CertificateRequest::to_sign_with(&key, "server", "server")?;
    let request = CertificateRequest::from_pem(&request)?;
    let issued = authority.issue(&request, Role::LicenseIssuer, begin(), year)?;
    let issuer = LicenseIssuer::new(key, CertificateChain::new(vec![issued])?)?;
    Ok(Granting::new(issuer, LicenseServerSecret::from_bytes([7; 32])))
}

fn clients() -> Result<Vec<EcdsaKey>> {
    (0..CLIENTS).map(|_| EcdsaKey::generate().context("a key")).collect()
}

fn wanted(client: &EcdsaKey) -> Result<WantedLicense> {
    Ok(WantedLicense {
        client_id: ClientId::from_bytes(*key_id(client.spki()).as_bytes()),
        client_key: client.spki().to_vec(),
        product_id: product_id(),
        version: "1.0.0".parse()?,
        features: Vec::new(),
        platform_type: PlatformType::NonWindows,
        now: begin(),
    })
}

fn terms(wanted: &WantedLicense) -> LicenseTerms<'_> {
    LicenseTerms {
        license_id: SeatLicenseId::temporary(),
        kind: SeatLicenseKind::Temporary,
        pack_id: None,
        version: &wanted.version,
        features: &[],
        ends_at: None,
    }
}

fn pack(rows: i64) -> Result<LicensePack> {
    Ok(LicensePack {
        format: 1,
        pack_id: PackId::new(),
        clearinghouse: "house".parse()?,
        order_id: OrderId::new(),
        license_server: "server".parse()?,
        issued_at: begin(),
        first_active_at: begin(),
        ends_at: None,
        begin_serial: 1,
        quantity: u32::try_from(rows + FREE)?,
        descriptions: vec![HumanDescription { locale: "en".parse()?, text: "Licenses".parse()? }],
        manufacturer: "Example".parse()?,
        family: "desk".parse()?,
        product: Product {
            product_id: product_id(),
            version: "1.0.0".parse()?,
            license_type: LicenseType::Full,
            platform_type: PlatformType::NonWindows,
            features: Vec::new(),
        },
    })
}

async fn fill(database: &str, url: &str, pack: PackId, rows: i64) -> Result<()> {
    let mut connection = AnyConnection::connect(url).await?;
    let zeros = "00".repeat(1_000);
    let certificate = match database {
        "sqlite" => format!("X'{zeros}'"),
        _ => format!("decode('{zeros}', 'hex')"),
    };
    for statement in FILL {
        let statement = statement
            .replace("ROWS", &rows.to_string())
            .replace("PACK", &pack.to_string())
            .replace("CERTIFICATE", &certificate);
        connection.execute(AssertSqlSafe(statement)).await?;
    }
    connection.close().await?;
    Ok(())
}

/// What PostgreSQL does by itself within a minute of so many changes. SQLite's plans do without.
async fn analyze(url: &str) -> Result<()> {
    let mut connection = AnyConnection::connect(url).await?;
    connection.execute("ANALYZE").await?;
    connection.close().await?;
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
