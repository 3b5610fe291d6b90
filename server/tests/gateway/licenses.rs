//! Clients with licenses, good and bad ones.

use axum::body::{Body, Bytes};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::{BodyExt as _, Channel};
use hyper::Request;
use rustls::HandshakeKind;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use trybuy_formats::api::{LicenseInfo, Problem, REFUSAL};
use trybuy_formats::certificates::RevocationReason;
use trybuy_formats::ids::{Label, PlatformType};
use trybuy_formats::instant::Span;
use trybuy_formats::licensing::identity::Identity;
use trybuy_formats::licensing::seat_license::{SeatLicense, SeatLicenseKind};
use trybuy_formats::primitives::{EcdsaKey, EcdsaVerificationKey};
use trybuy_formats::slug::Slug;
use trybuy_server::clock::Clock as _;

use crate::held::refusals;
use crate::support::company::{SERVER, authority, beginning, client, issuer};
use crate::support::{
    Company, Connection, PATIENCE, Pair, Protocol, Raw, check, connect, get, text, tls_settings,
};

async fn open(company: &Company, client: &Pair) -> Connection {
    Connection::open_as(company.gateway.address, Protocol::Http2, Some(client)).await
}

/// Checks that a client passes.
async fn passes(company: &Company, client: &Pair) {
    let answer = open(company, client).await.answer(get("/page")).await;
    assert_eq!(answer.status(), 200);
}

/// Checks that a client is refused.
async fn refused(company: &Company, client: &Pair, expected: Slug) {
    check(open(company, client).await.answer(get("/page")).await, expected).await;
}

/// What the service was told: all values of the field.
fn told(seen: &str) -> Vec<String> {
    let seen: Value = serde_json::from_str(seen).expect("JSON");
    let fields: Vec<(String, String)> =
        serde_json::from_value(seen["fields"].clone()).expect("fields");
    let tokens = fields.into_iter().filter(|(name, _)| name.replace('_', "-") == "trybuy-license");
    tokens.map(|(_, value)| value).collect()
}

/// Verifies a token with the keys that the gateway shows to everybody.
async fn verified(company: &Company, token: &str) -> Identity {
    let mut connection = Connection::open_as(company.gateway.address, Protocol::Http1, None).await;
    let keys = text(connection.answer(get("/.well-known/trybuy/keys")).await).await;
    let keys: Value = serde_json::from_str(&keys).expect("JSON");
    let coordinate = |name: &str| {
        URL_SAFE_NO_PAD
            .decode(keys["keys"][0][name].as_str().expect("a coordinate"))
            .expect("base64")
    };
    // SubjectPublicKeyInfo of P-256 begins so.
    let begin = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\
        \x03\x01\x07\x03\x42\x00\x04";
    let spki = [begin.as_slice(), &coordinate("x"), &coordinate("y")].concat();
    let key = EcdsaVerificationKey::from_spki(&spki).expect("a key");
    let (input, signature) = token.rsplit_once('.').expect("three parts");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
    key.verify_fixed(input.as_bytes(), &signature).expect("the gateway's");
    let claims = URL_SAFE_NO_PAD.decode(input.split('.').nth(1).expect("claims")).expect("base64");
    serde_json::from_slice(&claims).expect("claims")
}

#[tokio::test]
async fn a_refusal_of_the_gateway_is_named_in_the_head_and_no_answer_of_the_service_is_one() {
    let company = Company::start().await;
    let good = company.licensed(|_| {});
    for protocol in Protocol::BOTH {
        for method in ["GET", "HEAD"] {
            let ask = async |client: Option<&Pair>| {
                let address = company.gateway.address;
                let mut connection = Connection::open_as(address, protocol, client).await;
                let request = Request::builder().method(method).uri("/refusing");
                connection.answer(request.body(Body::empty()).expect("a request")).await
            };
            let of_gateway = ask(None).await;
            assert_eq!(of_gateway.status(), 403);
            assert_eq!(of_gateway.headers()[REFUSAL], "license-required", "{method}");
            let of_service = ask(Some(&good)).await;
            assert_eq!(of_service.status(), 403);
            let mut names = of_service.headers().keys();
            assert!(names.all(|name| !name.as_str().starts_with("trybuy")), "{method}");
        }
    }
}

#[tokio::test]
async fn a_client_asks_the_gateway_itself_how_its_license_is() {
    let company = Company::start().await;
    let ask = async |client: Option<&Pair>| {
        let address = company.gateway.address;
        let mut connection = Connection::open_as(address, Protocol::Http2, client).await;
        connection.answer(get("/.well-known/trybuy/license")).await
    };
    let end = beginning().plus(Span::seconds(60));
    let good = company.licensed(|license| license.ends_at = Some(end));
    let answer = ask(Some(&good)).await;
    assert_eq!(answer.status(), 200);
    let info: LicenseInfo = serde_json::from_str(&text(answer).await).expect("a license");
    assert_eq!((info.kind, info.ends_at), (SeatLicenseKind::Temporary, Some(end)));
    assert_eq!(info.product_id.as_str(), "com.example.suite");
    assert_eq!((info.version.to_string().as_str(), info.features.len()), ("4.2.0", 1));
    check(ask(None).await, Slug::LicenseRequired).await;
    company.revoke(&[&good], 2);
    company.license_server.looked_at().await;
    check(ask(Some(&good)).await, Slug::LicenseRevoked).await;
}

#[tokio::test]
async fn a_license_passes_and_the_service_is_told_of_it() {
    let company = Company::start().await;
    let client = company.licensed(|_| {});
    for protocol in Protocol::BOTH {
        let address = company.gateway.address;
        let mut connection = Connection::open_as(address, protocol, Some(&client)).await;
        for _ in 0..2 {
            let told = told(&text(connection.answer(get("/page")).await).await);
            assert_eq!(told.len(), 1, "{protocol:?}");
            let identity = verified(&company, &told[0]).await;
            assert_eq!(identity.iss.as_str(), SERVER);
            assert_eq!(identity.iat, beginning().unix());
            assert_eq!(identity.license.platform_type, PlatformType::NonWindows);
        }
    }
}

#[tokio::test]
async fn a_license_without_the_certificates_it_was_issued_under_passes() {
    let company = Company::start().await;
    let mut client = company.licensed(|_| {});
    let end = "-----END CERTIFICATE-----\n";
    let leaf = client.certificate.find(end).expect("a certificate") + end.len();
    client.certificate.truncate(leaf);
    assert_eq!(client.chain().len(), 1);
    passes(&company, &client).await;
}

#[tokio::test]
async fn each_license_is_judged_by_what_it_says() {
    type Change = fn(&mut SeatLicense);
    let company = Company::start().await;
    let cases: [(&str, Change, Option<Slug>); 9] = [
        ("newer", |license| license.version = "5.0.0".parse().expect("a version"), None),
        ("Windows", |license| license.platform_type = PlatformType::Windows, None),
        (
            "older",
            |license| license.version = "4.1.0".parse().expect("a version"),
            Some(Slug::LicenseTooOld),
        ),
        (
            "another product",
            |license| license.product_id = "com.example.other".parse().expect("an id"),
            Some(Slug::LicenseForeign),
        ),
        (
            "without a feature",
            |license| license.features = Vec::<Label>::new(),
            Some(Slug::LicenseForeign),
        ),
        (
            "not active",
            |license| license.issued_at = beginning().plus(Span::seconds(7200)),
            Some(Slug::LicenseNotActive),
        ),
        (
            "ended",
            |license| {
                license.issued_at = beginning().minus(Span::seconds(7200));
                license.ends_at = Some(beginning().minus(Span::seconds(1)));
            },
            Some(Slug::LicenseExpired),
        ),
        (
            "a legacy client's",
            |license| license.platform_type = PlatformType::Legacy,
            Some(Slug::LicenseForeign),
        ),
        (
            "a direct-connect client's",
            |license| license.platform_type = PlatformType::DirectConnect,
            Some(Slug::LicenseForeign),
        ),
    ];
    for (name, change, slug) in cases {
        let client = company.licensed(change);
        let answer = open(&company, &client).await.answer(get("/page")).await;
        match slug {
            None => assert_eq!(answer.status(), 200, "{name}"),
            Some(slug) => drop(check(answer, slug).await),
        }
    }
}

#[tokio::test]
async fn what_is_no_license_of_this_company_is_refused() {
    let company = Company::start().await;
    let (address, key) = (company.gateway.address, || EcdsaKey::generate().expect("a key"));
    for protocol in Protocol::BOTH {
        let mut connection = Connection::open_as(address, protocol, None).await;
        check(connection.answer(get("/page")).await, Slug::LicenseRequired).await;
    }
    refused(&company, Pair::client(), Slug::LicenseInvalid).await;
    let stranger = client(&issuer(&authority(), SERVER, key()), |_| {});
    refused(&company, &stranger, Slug::LicenseInvalid).await;
    let neighbour = client(&issuer(&company.authority, "other", key()), |_| {});
    refused(&company, &neighbour, Slug::LicenseForeign).await;
}

#[tokio::test]
async fn a_license_that_ends_ends_on_an_open_connection() {
    let company = Company::start().await;
    let client = company.licensed(|license| {
        license.ends_at = Some(beginning().plus(Span::seconds(10)));
    });
    let mut connection = open(&company, &client).await;
    assert_eq!(connection.answer(get("/page")).await.status(), 200);
    company.clock.forward(10);
    assert_eq!(connection.answer(get("/page")).await.status(), 200);
    company.clock.forward(1);
    check(connection.answer(get("/page")).await, Slug::LicenseExpired).await;
}

#[tokio::test]
async fn a_token_is_made_anew_before_it_ends() {
    let company = Company::start().await;
    let client = company.licensed(|_| {});
    let mut connection = open(&company, &client).await;
    for _ in 0..4 {
        let told = told(&text(connection.answer(get("/page")).await).await);
        let identity = verified(&company, &told[0]).await;
        assert!(identity.exp > company.clock.now().unix(), "{identity:?}");
        company.clock.forward(59);
    }
}

#[tokio::test]
async fn a_license_that_is_revoked_ends_on_an_open_connection() {
    let company = Company::start().await;
    let (client, other) = (company.licensed(|_| {}), company.licensed(|_| {}));
    let mut connection = open(&company, &client).await;
    assert_eq!(connection.answer(get("/page")).await.status(), 200);
    company.revoke(&[&client], 2);
    company.license_server.looked_at().await;
    check(connection.answer(get("/page")).await, Slug::LicenseRevoked).await;
    passes(&company, &other).await;
}

#[tokio::test]
async fn a_license_that_was_replaced_is_not_called_revoked() {
    let mut company = Company::start().await;
    let [replaced, withdrawn, unexplained] = [(); 3].map(|()| company.licensed(|_| {}));
    company.revoke_for(RevocationReason::Superseded, &[&replaced], 2);
    company.license_server.looked_at().await;
    company.revoke_for(RevocationReason::PrivilegeWithdrawn, &[&withdrawn], 3);
    company.license_server.looked_at().await;
    // Restored from a backup, the license server has forgotten why it revoked the others.
    company.revoke(&[&unexplained, &replaced, &withdrawn], 4);
    company.license_server.looked_at().await;
    // What the gateway has once heard counts, also after it was started again.
    for _ in 0..2 {
        for (client, slug, title, help) in [
            (&replaced, Slug::LicenseSuperseded, "a newer license", "has ended or was revoked"),
            (&withdrawn, Slug::LicenseRevoked, "was revoked", "whoever hands out licenses"),
            (&unexplained, Slug::LicenseRevoked, "or a newer one", "`trybuy license renew`"),
        ] {
            let answer = open(&company, client).await.answer(get("/page")).await;
            assert_eq!(answer.status(), 403);
            let problem: Problem = serde_json::from_str(&text(answer).await).expect("a problem");
            assert_eq!(problem.slug, slug);
            assert!(problem.title.contains(title), "{}", problem.title);
            assert_eq!(problem.title.contains("revoked"), slug == Slug::LicenseRevoked);
            assert!(problem.help.expect("help").contains(help), "{slug}");
        }
        company = company.restart().await;
    }
}

/// One request over a connection that may be resumed: the head of the answer, and how the connection was made.
async fn once(
    company: &Company,
    settings: &rustls::ClientConfig,
) -> (String, Option<HandshakeKind>) {
    let stream = connect(company.gateway.address, settings.clone()).await.expect("TLS");
    let mut raw = Raw(stream);
    raw.send(b"GET /page HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    let head = raw.up_to("\r\n\r\n").await;
    let kind = raw.0.get_ref().1.handshake_kind();
    (head, kind)
}

#[tokio::test]
async fn a_license_that_is_revoked_ends_with_its_resumed_sessions() {
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let company = Company::start().await;
        let client = company.licensed(|_| {});
        let mut roots = rustls::RootCertStore::empty();
        roots.add(Pair::gateway().certificate()).expect("a root");
        let settings = rustls::ClientConfig::builder_with_protocol_versions(&[version])
            .with_root_certificates(roots)
            .with_client_auth_cert(client.chain(), client.key())
            .expect("a certificate and its key");
        let (head, kind) = once(&company, &settings).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert_eq!(kind, Some(HandshakeKind::Full));
        company.revoke(&[&client], 2);
        company.license_server.looked_at().await;
        let (head, kind) = once(&company, &settings).await;
        assert!(head.starts_with("HTTP/1.1 403"), "{head}");
        assert_eq!(kind, Some(HandshakeKind::Resumed), "{version:?}");
    }
}

/// The ways in which a license ends.
const ENDS: [fn(&Company, &Pair); 2] =
    [|company, client| company.revoke(&[client], 2), |company, _| company.clock.forward(11)];

fn for_ten_seconds(company: &Company) -> Pair {
    company.licensed(|license| license.ends_at = Some(beginning().plus(Span::seconds(10))))
}

#[tokio::test]
async fn a_tunnel_ends_with_its_license() {
    for end in ENDS {
        let company = Company::start().await;
        let (client, other) = (for_ten_seconds(&company), company.licensed(|_| {}));
        let mut tunnels = Vec::new();
        for client in [&client, &other] {
            let settings = tls_settings(Some(client));
            let mut raw = Raw(connect(company.gateway.address, settings).await.expect("TLS"));
            let ask = "GET /tunnel HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
            raw.send(ask.as_bytes()).await;
            assert!(raw.up_to("\r\n\r\n").await.starts_with("HTTP/1.1 101"));
            tunnels.push(raw);
        }
        company.license_server.looked_at().await;
        end(&company, &client);
        for (mut raw, ends) in tunnels.into_iter().zip([true, false]) {
            if ends {
                assert_eq!(raw.rest().await.0, "");
            } else {
                raw.send(b"a").await;
                assert_eq!(raw.0.read_u8().await.expect("a byte"), b'b');
            }
        }
    }
}

#[tokio::test]
async fn an_answer_without_an_end_ends_with_its_license() {
    for end in ENDS {
        for protocol in Protocol::BOTH {
            let company = Company::start().await;
            let client = for_ten_seconds(&company);
            let address = company.gateway.address;
            let mut connection = Connection::open_as(address, protocol, Some(&client)).await;
            let mut answer = connection.answer(get("/endless")).await;
            assert_eq!(answer.status(), 200);
            end(&company, &client);
            let rest = async { while answer.frame().await.expect("no end").is_ok() {} };
            tokio::time::timeout(PATIENCE, rest).await.expect("it breaks off");
        }
    }
}

#[tokio::test]
async fn a_request_without_an_end_ends_with_its_license() {
    for protocol in Protocol::BOTH {
        let company = Company::start().await;
        let client = company.licensed(|_| {});
        let address = company.gateway.address;
        let mut connection = Connection::open_as(address, protocol, Some(&client)).await;
        let (mut sender, body) = Channel::<Bytes>::new(1);
        let request = Request::post("/held").body(Body::new(body)).expect("a request");
        let send = async {
            company.service.state.came.notified().await;
            company.revoke(&[&client], 2);
            while sender.send_data("piece".into()).await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        let ((), answer) = tokio::join!(send, connection.answer(request));
        assert_eq!(answer.status(), 403, "{protocol:?}");
        let headers = check(answer, Slug::Forbidden).await;
        assert!(!headers.contains_key(REFUSAL), "the service has heard of it");
        assert!(refusals().contains("| `forbidden` | the request broke off on its way"));
    }
}

#[tokio::test]
async fn a_client_cannot_say_itself_who_it_is() {
    let company = Company::start().await;
    let client = company.licensed(|_| {});
    let mut connection = open(&company, &client).await;
    let mut request = get("/page");
    for name in ["trybuy-license", "trybuy_license"] {
        request.headers_mut().append(name, "forged".parse().expect("a value"));
    }
    let told = told(&text(connection.answer(request).await).await);
    assert!(matches!(told.as_slice(), [only] if only != "forged"), "{told:?}");
    let mut stranger = Connection::open_as(company.gateway.address, Protocol::Http1, None).await;
    let mut request = get("/page");
    request.headers_mut().append("trybuy-license", told[0].parse().expect("a value"));
    check(stranger.answer(request).await, Slug::LicenseRequired).await;
}
