//! The license pack installer 110: what it takes, and what it refuses for which reason.

use trybuy_formats::certificates::{Authorities, Role};
use trybuy_formats::ids::{OrderId, PackId};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::licensing::pack::LicensePack;
use trybuy_formats::primitives::DecryptionKey;
use trybuy_formats::slug::Slug;
use trybuy_server::license_server::packs::{PackInstaller, PackRefused};
use trybuy_server::refusal::Refusal as _;
use trybuy_server::store::{
    DecisionOutcome, DecisionReason, LicenseRecord, PackReason, RecordQuery,
};

use crate::support::{Authority, SERVER, TestServer, pack};

/// A license server that packs are installed on.
struct Receiver {
    server: TestServer,
    authorities: Authorities,
    key: DecryptionKey,
}

impl Receiver {
    async fn install(&self, file: &str, now: Instant) -> Result<LicensePack, PackRefused> {
        self.install_for(None, file, now).await
    }

    async fn install_for(
        &self,
        order: Option<OrderId>,
        file: &str,
        now: Instant,
    ) -> Result<LicensePack, PackRefused> {
        let installer = PackInstaller {
            store: &self.server.server.store,
            secret: self.server.server.secret(),
            authorities: &self.authorities,
            license_server: &SERVER.parse().expect("an id"),
            key: &self.key,
            now,
        };
        installer.install(file.as_bytes(), order).await
    }

    async fn records(&self) -> Vec<LicenseRecord> {
        let records = self.server.server.store.license_records(&RecordQuery::default()).await;
        records.expect("answered")
    }
}

#[tokio::test]
async fn a_pack_is_refused_for_every_fault_and_leaves_a_record() {
    let good = pack("1.0.0", 3);
    let now = good.issued_at;
    let server = TestServer::start().await;
    let stranger = Authority::new(now);
    let (key, other_key) =
        (DecryptionKey::generate().expect("a key"), DecryptionKey::generate().expect("a key"));
    let receiver = Receiver { authorities: server.authority.authorities(), server, key };
    let authority = &receiver.server.authority;
    let house = authority.certified(Role::Clearinghouse, "house");
    let altered = |alter: &dyn Fn(&mut LicensePack)| {
        let mut pack = good.clone();
        alter(&mut pack);
        house.pack(&pack, &receiver.key)
    };
    let forged = {
        let text = house.pack(&good, &receiver.key);
        let (signed, _) = text.rsplit_once('.').expect("a signature");
        let other = altered(&|pack| pack.quantity = 9);
        format!("{signed}.{}", other.rsplit_once('.').expect("a signature").1)
    };
    let file = house.pack(&good, &receiver.key);
    let elsewhere = altered(&|pack| pack.license_server = "elsewhere".parse().expect("an id"));
    let mismatch = altered(&|pack| pack.clearinghouse = "other".parse().expect("an id"));
    let ended = altered(&|pack| pack.ends_at = Some(now.plus(Span::seconds(1))));
    let twice = altered(&|pack| pack.pack_id = PackId::new());
    let before = altered(&|pack| pack.issued_at = now.minus(Span::seconds(1)));
    let short = authority.certified_for(Role::Clearinghouse, "house", Span::seconds(10));
    let of_role = authority.certified(Role::ImageVendor, "1");
    let foreign = stranger.certified(Role::Clearinghouse, "house");
    let later = now.plus(Span::seconds(86_400));
    let unknown = PackReason::ClearinghouseUnknown;
    receiver.install(&file, later).await.expect("installed");
    for (file, at, slug, expected, reason) in [
        (forged, now, Slug::PackRefused, "Document", PackReason::PackForged),
        ("no pack".to_owned(), now, Slug::PackRefused, "Document", PackReason::PackUnreadable),
        (foreign.pack(&good, &receiver.key), now, Slug::CertificateRefused, "Certificate", unknown),
        (of_role.pack(&good, &receiver.key), now, Slug::CertificateRefused, "Certificate", unknown),
        (short.pack(&good, &receiver.key), later, Slug::CertificateRefused, "Certificate", unknown),
        (elsewhere, now, Slug::PackRefused, "LicenseServer", PackReason::PackForeign),
        (
            house.pack(&good, &other_key),
            now,
            Slug::PackRefused,
            "Contents",
            PackReason::PackUnreadable,
        ),
        (mismatch, now, Slug::PackRefused, "Clearinghouse", unknown),
        (ended, later, Slug::PackRefused, "Ended", PackReason::PackEnded),
        (before, now, Slug::PackRefused, "IssueDate", unknown),
        (file.clone(), now, Slug::PackInstalled, "Installed", PackReason::PackInstalled),
    ] {
        let count = receiver.records().await.len();
        let refused = receiver.install(&file, at).await.expect_err(expected);
        assert!(format!("{refused:?}").starts_with(expected), "{refused:?}");
        assert_eq!(refused.slug(), slug, "{expected}");
        assert!(refused.help().is_some());
        let mut records = receiver.records().await;
        assert_eq!(records.len(), count + 1, "{expected}");
        let decision = records.pop().expect("a record").decision;
        assert_eq!(decision.outcome, DecisionOutcome::PackRefused);
        assert_eq!(decision.reason, Some(DecisionReason::Pack(reason)), "{expected}");
        let is_readable = ["Clearinghouse", "Ended", "IssueDate", "Installed"].contains(&expected);
        assert_eq!(decision.pack_id, is_readable.then_some(good.pack_id), "{expected}");
    }
    let refused = receiver.install(&twice, now).await.expect_err("of the same order");
    assert!(matches!(refused, PackRefused::OrderInstalled(pack) if pack == good.pack_id));
    assert_eq!(refused.slug(), Slug::PackRefused);
    let asked = Some(OrderId::new());
    let refused = receiver.install_for(asked, &file, now).await.expect_err("of another order");
    assert!(matches!(refused, PackRefused::Order(order) if order == good.order_id), "{refused:?}");
    let installed = receiver.server.server.store.license_packs(None).await.expect("answered");
    assert_eq!(installed.len(), 1);
    assert_eq!(installed[0].pack, good);
}
