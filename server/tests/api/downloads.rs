//! Downloads: any part of a file, as often as one likes, without keeping a file.

use reqwest::Method;
use trybuy_formats::api::TrialAnswer;
use trybuy_formats::instant::Span;
use trybuy_formats::policy::{Expiration, GraceFrom, Layout, TrialPolicy};
use trybuy_formats::slug::Slug;

use crate::support::{Answer, DAY, ReleaseMaker, TestBuilder, TestServer, policy, program_bytes};

struct Download {
    server: TestServer,
    builder: TestBuilder,
    trial: TrialAnswer,
    file: Vec<u8>,
}

impl Download {
    async fn of(policy: TrialPolicy) -> Self {
        Self::from(TestServer::publishing(policy).await).await
    }

    /// A trial on a server that publishes.
    async fn from(server: TestServer) -> Self {
        let builder = TestBuilder::register(&server, 0).await;
        let trial = builder.try_it(&server).await;
        let answer = Answer::of(server.client.get(&trial.download_url)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let file = answer.body;
        Self { server, builder, trial, file }
    }

    async fn with(&self, fields: &[(&str, &str)]) -> Answer {
        let request = self.server.client.get(&self.trial.download_url);
        Answer::of(
            fields.iter().fold(request, |request, (name, value)| request.header(*name, *value)),
        )
        .await
    }
}

#[tokio::test]
async fn a_downloaded_file_holds_the_program_in_both_layouts() {
    for layout in [Layout::Leading, Layout::Dispersed] {
        let download = Download::of(TrialPolicy { layout, ..policy() }).await;
        assert_eq!(download.file.len() as u64, download.trial.length);
        let program = download.builder.decode(download.file, download.server.now());
        assert!(program == program_bytes(300_000, 1), "{layout:?}");
    }
}

#[tokio::test]
async fn an_answer_says_what_it_sends() {
    let download = Download::of(policy()).await;
    let whole = download.with(&[]).await;
    assert_eq!(whole.header("content-length"), download.trial.length.to_string());
    assert_eq!(whole.header("content-type"), "application/octet-stream");
    assert_eq!(whole.header("accept-ranges"), "bytes");
    assert_eq!(whole.header("etag"), download.trial.etag);
    assert_eq!(whole.header("cache-control"), "private, no-store");
    let name = "attachment; filename=\"com.example.sketch-1.0.0-x86_64-linux.trybuy\"";
    assert_eq!(whole.header("content-disposition"), name);
    assert!(download.trial.etag.starts_with('"') && download.trial.etag.ends_with('"'), "strong");

    let head =
        Answer::of(download.server.client.request(Method::HEAD, &download.trial.download_url))
            .await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    for field in ["content-length", "etag", "accept-ranges", "content-type", "content-disposition"]
    {
        assert_eq!(head.header(field), whole.header(field), "{field}");
    }
}

#[tokio::test]
async fn every_range_is_that_part_of_the_file() {
    for layout in [Layout::Leading, Layout::Dispersed] {
        let download = Download::of(TrialPolicy { layout, ..policy() }).await;
        let length = download.file.len();
        let head = usize::try_from(download.trial.head_length).expect("small");
        let edges = [
            0,
            1,
            head - 1,
            head,
            head + 1,
            head + 65_551,
            head + 65_552,
            head + 65_553,
            length - 2,
        ];
        for first in edges {
            for last in edges.into_iter().chain([length - 1]).filter(|last| *last >= first) {
                let answer = download.with(&[("Range", &format!("bytes={first}-{last}"))]).await;
                assert_eq!(answer.status, 206);
                assert_eq!(
                    answer.header("content-range"),
                    format!("bytes {first}-{last}/{length}")
                );
                assert_eq!(answer.header("content-length"), (last - first + 1).to_string());
                assert!(answer.body == download.file[first..=last], "{layout:?} {first}-{last}");
            }
        }
        for (range, expected) in [
            ("bytes=100-", &download.file[100..]),
            ("bytes=-100", &download.file[length - 100..]),
            ("bytes=-99999999", &download.file[..]),
        ] {
            let answer = download.with(&[("Range", range)]).await;
            assert!(answer.status == 206 && answer.body == expected, "{range}");
        }
    }
}

#[tokio::test]
async fn a_download_is_resumed_anywhere() {
    let download = Download::of(TrialPolicy { layout: Layout::Dispersed, ..policy() }).await;
    let mut file = Vec::new();
    for step in program_bytes(4096, 99).chunks_exact(8) {
        let step = u64::from_le_bytes(step.try_into().expect("eight")) % 50_000;
        let first = file.len();
        let last = (first as u64 + step).min(download.trial.length - 1);
        let range = format!("bytes={first}-{last}");
        let answer = download.with(&[("Range", &range), ("If-Range", &download.trial.etag)]).await;
        assert_eq!(answer.status, 206, "{range}");
        file.extend(answer.body);
        if file.len() == download.file.len() {
            break;
        }
    }
    assert!(file == download.file);
}

#[tokio::test]
async fn conditions_are_kept() {
    let download = Download::of(policy()).await;
    let etag = download.trial.etag.as_str();
    let length = download.file.len();
    for (fields, status, sent) in [
        (&[("If-None-Match", etag)][..], 304, 0),
        (&[("If-None-Match", "\"other\"")], 200, length),
        (&[("Range", "bytes=0-9"), ("If-Range", etag)], 206, 10),
        (&[("Range", "bytes=0-9"), ("If-Range", "\"other\"")], 200, length),
        (&[("Range", "bytes=0-9"), ("If-None-Match", etag)], 304, 0),
        (&[("Range", "bytes=0-0,5-9")], 200, length),
        (&[("Range", "lines=0-9")], 200, length),
    ] {
        let answer = download.with(fields).await;
        assert_eq!((answer.status, answer.body.len()), (status, sent), "{fields:?}");
        assert_eq!(answer.header("etag"), etag, "{fields:?}");
    }
    let beyond = download.with(&[("Range", &format!("bytes={length}-"))]).await;
    beyond.refused(416, Slug::BadRequest, None);
    assert_eq!(beyond.header("content-range"), format!("bytes */{length}"));
    download.with(&[("If-Match", "\"other\"")]).await.refused(412, Slug::BadRequest, None);
}

#[tokio::test]
async fn the_head_is_had_alone_where_it_leads() {
    let leading = Download::of(policy()).await;
    let head_length = usize::try_from(leading.trial.head_length).expect("small");
    let url = format!("{}/head", leading.trial.download_url);
    let head = Answer::of(leading.server.client.get(url)).await;
    assert_eq!(head.status, 200);
    assert!(head.body == leading.file[..head_length]);
    assert_eq!(head.header("etag"), leading.trial.etag);

    let dispersed = Download::of(TrialPolicy { layout: Layout::Dispersed, ..policy() }).await;
    let url = format!("{}/head", dispersed.trial.download_url);
    let answer = Answer::of(dispersed.server.client.get(url)).await;
    let problem = answer.refused(404, Slug::NotFound, None);
    assert!(problem.help.expect("a way out").contains("whole file"));
}

#[tokio::test]
async fn a_wrong_capability_finds_nothing() {
    let download = Download::of(policy()).await;
    let url = &download.trial.download_url;
    let (start, capability) = url.rsplit_once('.').expect("trial and capability");
    let mut other = capability.to_owned();
    other.replace_range(..1, if capability.starts_with('A') { "B" } else { "A" });
    for wrong in [
        format!("{start}.{other}"),
        format!("{start}."),
        format!("{start}.{capability}A"),
        start.to_owned(),
        format!("{}/d/x.y", download.server.url),
        format!("{}/d/%2e%2e.%2f", download.server.url),
        format!("{}/d/0198c0de-0000-7000-8000-000000000001.{capability}", download.server.url),
    ] {
        let answer = Answer::of(download.server.client.get(&wrong)).await;
        answer.refused(404, Slug::NotFound, None);
    }
}

#[tokio::test]
async fn a_file_is_delivered_until_it_may_not_be_run() {
    let soft = |from| Expiration::Soft { from, grace: Span::seconds(DAY) };
    for (expiration, end, slug) in [
        (Expiration::Hard {}, 10 * DAY, Some(Slug::TrialExpired)),
        (soft(GraceFrom::Expiration), 11 * DAY, Some(Slug::GraceEnded)),
        (soft(GraceFrom::FirstWarning), 11 * DAY, None),
    ] {
        let download = Download::of(TrialPolicy { expiration, ..policy() }).await;
        download.server.pass(end - 1);
        assert!(download.with(&[]).await.body == download.file, "{expiration:?}");
        download.server.pass(1);
        let answer = download.with(&[]).await;
        match slug {
            Some(slug) => drop(answer.refused(410, slug, None)),
            None => assert_eq!(answer.status, 200),
        }
    }
}

#[tokio::test]
async fn two_builders_get_different_files_of_one_release() {
    let download = Download::of(policy()).await;
    let other = TestBuilder::register(&download.server, 1).await;
    let trial = other.try_it(&download.server).await;
    let file = Answer::of(download.server.client.get(&trial.download_url)).await.body;
    assert_eq!(file.len(), download.file.len());
    let same = file.iter().zip(&download.file).filter(|(a, b)| a == b).count();
    assert!(same < file.len() / 100, "{same} equal bytes");
    assert!(other.decode(file, download.server.now()) == program_bytes(300_000, 1));
}

#[tokio::test]
async fn an_object_storage_serves_the_same() {
    for layout in [Layout::Leading, Layout::Dispersed] {
        let server = TestServer::with("[blobs]\nurl = \"memory:///\"").await;
        let token = server.token("Vendor").await;
        // More than two of the pieces that are fetched at once, and no multiple of them.
        let program = program_bytes((2 << 20) + 12_345, 5);
        let release = ReleaseMaker { program: program.clone(), ..ReleaseMaker::new(&server) };
        server.publish(&token, &release, Some(TrialPolicy { layout, ..policy() })).await;
        let download = Download::from(server).await;
        for (first, last) in [(0, 0), (70_000, 1_200_000), (1_048_575, 1_048_577)] {
            let answer = download.with(&[("Range", &format!("bytes={first}-{last}"))]).await;
            assert!(answer.body == download.file[first..=last], "{layout:?} {first}-{last}");
        }
        assert!(
            download.builder.decode(download.file, download.server.now()) == program,
            "{layout:?}"
        );
    }
}

#[tokio::test]
async fn a_lost_blob_is_a_fault_of_the_server() {
    let download = Download::of(policy()).await;
    let other = TestServer::with_sketch().await;
    let builder = TestBuilder::register(&other, 0).await;
    let trial = builder.try_it(&other).await;
    for name in other.files("blobs").iter().filter(|name| *name != "spool") {
        std::fs::remove_file(other.path().join("blobs").join(name)).expect("removed");
    }
    let answer = Answer::of(other.client.get(&trial.download_url)).await;
    answer.refused(500, Slug::ServerError, None);
    assert_eq!(download.with(&[]).await.status, 200);
}

#[tokio::test]
async fn that_a_file_was_sent_is_remembered() {
    let server = TestServer::with_sketch().await;
    let builder = TestBuilder::register(&server, 0).await;
    let trial = builder.try_it(&server).await;
    assert!(!trial.delivered);
    let again = async || builder.ask(&server, None).await.json::<TrialAnswer>(200);
    assert!(!again().await.delivered, "nobody has asked for it");
    let path = trial.download_url.strip_prefix(&server.url).expect("the server's").to_owned();
    let asked = Answer::of(server.client.head(format!("{}{path}", server.url))).await;
    assert_eq!(asked.status, 200);
    assert!(!again().await.delivered, "nothing was sent");
    assert_eq!(Answer::of(server.get(&path)).await.status, 200);
    assert!(again().await.delivered);
}
