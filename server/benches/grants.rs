//! How fast trials are granted, with few and with many trials recorded before.
//!
//! `cargo bench -p trybuy-server --bench grants -- [ROWS…] [--no-sqlite] [--no-postgres]`, by
//! default `1000 1000000`. For SQLite, and for PostgreSQL where it can be had, it prints for each number of rows
//!
//! - the grants a second that the store alone records, from 1 and from 32 callers at once,
//! - the grants a second with one RSA-3072 signature each, made on every core, as part of what
//!   the signatures alone allow, the look at the licensee's standing included.
//!
//! and for the first the processor time of a grant in this process, which other work on the machine
//! disturbs least. Every grant is durable when it is counted (SQLite `synchronous = FULL`, PostgreSQL
//! `synchronous_commit = on`).

#[path = "../tests/store/samples.rs"]
#[expect(dead_code, reason = "the tests use all of it")]
mod samples;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::time::{ClockId, clock_gettime};
use samples::{World, at};
use sqlx::{AnyConnection, Connection as _};
use trybuy_formats::ids::{LicenseeId, TrialId};
use trybuy_formats::primitives::SignatureKey;
use trybuy_server::store::{Grant, GrantRequest, Head, OfferQuery, Store, Subjects};
use trybuy_tests::postgres::Cluster;

/// About what a head and the sealed control information take.
const HEAD: usize = 3_000;
const ROUND: Duration = Duration::from_secs(3);
const ROUNDS: usize = 5;

/// The ids are spread over the indexes, as those of real trials are.
const FILL: &str = "INSERT INTO trials (id, application, licensee_id, ordinal, license_id, \
    release_id, platform, kind, started_at, ends_at, requested_at, policy, terms_digest, \
    acceptance, accepted_as, head_number, head_etag, head) \
    WITH RECURSIVE numbers (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL \
        SELECT i + 1 FROM numbers WHERE i < $1) \
    SELECT CAST((i * 2654435761) % 4294967296 AS TEXT) || '-' || CAST(i AS TEXT), $2, \
        CAST((i * 2246822519) % 4294967296 AS TEXT) || '-' || CAST(i AS TEXT), 1, $3, $4, \
        'x86_64-linux', 'trial', $5, $5 + 100, $5 + i, '{}', 'none', 'explicit', NULL, 1, 'e', $6 \
    FROM numbers";

fn main() -> Result<()> {
    let rows: Vec<i64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let rows = if rows.is_empty() { vec![1_000, 1_000_000] } else { rows };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let wanted =
        |database: &str| std::env::args().all(|argument| argument != format!("--no-{database}"));
    for rows in rows.iter().filter(|_| wanted("sqlite")) {
        let url = format!("sqlite:{}/{rows}.sqlite3", folder.path().display());
        runtime.block_on(measure("sqlite", &url, *rows))?;
    }
    if wanted("postgres") && Cluster::is_available() {
        let cluster = Cluster::start()?;
        for rows in &rows {
            let url = cluster.create_database(&format!("grants_{rows}"))?;
            runtime.block_on(measure("postgres", &url, *rows))?;
        }
    }
    Ok(())
}

async fn measure(database: &str, url: &str, rows: i64) -> Result<()> {
    let store = Store::connect(&url.parse()?).await?;
    store.migrate().await?;
    let world = Arc::new(World::new(&store).await);
    fill(url, &world, rows).await?;
    let (mut alone, mut processor) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for _ in 0..ROUNDS {
        for (which, callers) in [1, 32].into_iter().enumerate() {
            let before = processor_time();
            let rate = grants(&store, &world, callers, None).await?;
            let count = rate * ROUND.as_secs_f64();
            alone[which].push(rate);
            processor[which].push((processor_time() - before) / count * 1e6);
        }
    }
    let ([one, many], [one_time, many_time]) = (alone.map(median), processor.map(median));
    let key = Arc::new(SignatureKey::generate().context("a key")?);
    let mut shares = Vec::new();
    let mut processor_shares = Vec::new();
    let mut signed = Vec::new();
    for _ in 0..ROUNDS {
        let before = processor_time();
        let signatures = signatures(&key)?;
        let between = processor_time();
        let grants = grants(&store, &world, 32, Some(&key)).await?;
        let (signing, granting) = (between - before, processor_time() - between);
        signed.push(grants);
        shares.push(grants / signatures);
        processor_shares.push((signing / signatures) / (granting / grants));
    }
    println!(
        "{database}, {rows} trials before: {one:.0}/s from one caller ({one_time:.0} µs), \
        {many:.0}/s from 32 ({many_time:.0} µs); with a signature {:.0}/s, {:.2} of the signatures alone, by \
        processor time {:.2}",
        median(signed),
        median(shares),
        median(processor_shares)
    );
    store.close().await;
    Ok(())
}

async fn fill(url: &str, world: &World, rows: i64) -> Result<()> {
    let mut connection = AnyConnection::connect(url).await?;
    sqlx::query(FILL)
        .bind(rows)
        .bind(world.application().as_str())
        .bind(world.builder.license_id.to_string())
        .bind(world.release.id.to_string())
        .bind(at(0).unix())
        .bind(vec![7_u8; HEAD])
        .execute(&mut connection)
        .await?;
    sqlx::query("ANALYZE").execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// Grants a second, to as many licensees, from so many callers at once.
async fn grants(
    store: &Store,
    world: &Arc<World>,
    callers: usize,
    key: Option<&Arc<SignatureKey>>,
) -> Result<f64> {
    let begin = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..callers {
        let (store, world, key) = (store.clone(), Arc::clone(world), key.cloned());
        tasks.spawn(async move {
            let mut count = 0_u32;
            while begin.elapsed() < ROUND {
                grant(&store, &world, key.as_deref()).await?;
                count += 1;
            }
            anyhow::Ok(count)
        });
    }
    let counts: Result<Vec<u32>> = tasks.join_all().await.into_iter().collect();
    Ok(f64::from(counts?.iter().sum::<u32>()) / begin.elapsed().as_secs_f64())
}

async fn grant(store: &Store, world: &World, key: Option<&SignatureKey>) -> Result<()> {
    let mut request = world.request(at(0));
    request.trial.id = TrialId::new();
    request.trial.licensee_id = uuid::Uuid::new_v4().to_string().parse::<LicenseeId>()?;
    request.head =
        Head { number: 1, etag: "\"e\"".to_owned(), made_at: at(0), bytes: vec![7; HEAD] };
    if let Some(key) = key {
        let GrantRequest { trial, head, .. } = &request;
        let email = samples::parsed("ada@example.com");
        let subjects = Subjects::of(trial.licensee_id, &email);
        let offer = store
            .offer(&OfferQuery {
                application: &trial.application,
                platform: &trial.platform,
                version: None,
                subjects: &subjects,
                license: trial.license_id,
                now: at(0),
            })
            .await?;
        anyhow::ensure!(offer.is_some_and(|offer| offer.standing.used == 0));
        // As the server does it: a millisecond of computing is no reason to change the thread.
        std::hint::black_box(key.sign(&head.bytes)?);
    }
    let outcome = store.grant_trial(&request).await?;
    anyhow::ensure!(outcome == Grant::Granted, "{outcome:?}");
    Ok(())
}

/// Signatures a second, on every core.
fn signatures(key: &SignatureKey) -> Result<f64> {
    let threads = std::thread::available_parallelism()?.get();
    let begin = Instant::now();
    let count = std::thread::scope(|scope| {
        let sign = || {
            let mut count = 0_u32;
            while begin.elapsed() < ROUND {
                std::hint::black_box(key.sign(&[7; HEAD]).ok());
                count += 1;
            }
            count
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(sign)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or(0)).sum::<u32>()
    });
    Ok(f64::from(count) / begin.elapsed().as_secs_f64())
}

/// Seconds that this process has computed.
fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).map_or(0.0, |time| time.as_secs_f64())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
