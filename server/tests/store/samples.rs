//! What the cases put into the store.

use trybuy_formats::builder_license::BuilderKind;
use trybuy_formats::control::{LicenseKind, Sections};
use trybuy_formats::ids::{
    ApplicationId, Digest, EmailKey, KeyId, LicenseId, LicenseeId, PolicyChangeId, ReleaseId,
    TrialId,
};
use trybuy_formats::instant::{DAY, Instant, Span};
use trybuy_formats::policy::{
    AcceptanceKind, Expiration, GraceFrom, Layout, Limits, OnExpiry, TrialPolicy,
};
use trybuy_formats::server_format::ProgramKind;
use trybuy_formats::subject::Scope;
use trybuy_server::store::{
    Actor, Builder, GrantRequest, Head, MemberAdded, NewBuilder, NewRelease, NewVendorToken,
    OfferQuery, PolicyUpdate, PolicyUpdated, Publication, Registration, Release, Store, Subjects,
    Trial, TrialStanding, Vendor,
};

pub(crate) const LINUX: &str = "x86_64-linux";

/// That many seconds after the cases begin.
pub(crate) fn at(seconds: u64) -> Instant {
    let begin = Instant::from_unix(1_800_000_000).expect("in range");
    begin.plus(Span::seconds(seconds))
}

/// A value of a type that is parsed from a text.
pub(crate) fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect(text)
}

/// Another digest for each text: not SHA-256, but 32 bytes that differ where the texts differ early.
pub(crate) fn digest(text: &str) -> Digest {
    let mut bytes = [0; 32];
    for (at, byte) in text.bytes().enumerate() {
        bytes[at % 32] ^= byte.rotate_left(u32::try_from(at / 32).expect("short"));
    }
    Digest::from_bytes(bytes)
}

/// A digest that no other call answers.
pub(crate) fn random_digest() -> Digest {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    bytes[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    Digest::from_bytes(bytes)
}

pub(crate) fn policy() -> TrialPolicy {
    TrialPolicy {
        duration: Span::seconds(30 * DAY.as_seconds()),
        expiration: Expiration::Soft { from: GraceFrom::FirstWarning, grace: DAY },
        limits: Limits { launches: Some(50), running: None, days: Some(14) },
        on_expiry: OnExpiry::Finish,
        trials: 3,
        between: None,
        acceptance: AcceptanceKind::Explicit,
        layout: Layout::Dispersed,
    }
}

pub(crate) async fn vendor(store: &Store, name: &str) -> Vendor {
    actor(store, name).await.vendor
}

pub(crate) async fn actor(store: &Store, name: &str) -> Actor {
    let token = NewVendorToken {
        vendor: parsed(name),
        label: "test".to_owned(),
        hash: random_digest(),
        created_at: at(0),
    };
    let (token, vendor) = store.create_vendor_token(&token).await.expect("a token");
    Actor { vendor, token }
}

/// A change of a policy, or its removal.
pub(crate) fn policy_update(
    by: &Actor,
    application: &str,
    scope: Scope,
    policy: Option<TrialPolicy>,
) -> PolicyUpdate {
    PolicyUpdate {
        id: PolicyChangeId::new(),
        vendor: by.vendor.id,
        application: parsed(application),
        scope,
        policy,
        profile: None,
        in_place_of: None,
        changed_at: at(20),
        changed_by: by.token,
    }
}

/// Sets a policy, or removes it.
pub(crate) async fn updated(store: &Store, update: &PolicyUpdate) {
    let outcome = store.update_policy(update).await.expect("the store answers");
    assert_eq!(outcome, PolicyUpdated::Done);
}

/// Makes a class with members.
pub(crate) async fn class(store: &Store, vendor: &Vendor, name: &str, rank: u32, members: &[&str]) {
    assert!(store.set_class(vendor.id, &parsed(name), rank).await.expect("answered"));
    for member in members {
        let added = store.add_member(vendor.id, &parsed(name), &parsed(member)).await;
        assert_eq!(added.expect("answered"), MemberAdded::Done, "{member}");
    }
}

/// Whom rules about the holder of a Builder name.
pub(crate) fn subjects(builder: &NewBuilder) -> Subjects {
    Subjects::of(builder.licensee_id, &builder.email)
}

pub(crate) fn release(
    vendor: &Vendor,
    application: &str,
    version: &str,
    platform: &str,
) -> NewRelease {
    let documentation = format!("D {version} of {application}");
    let terms = format!("T {version} of {application}");
    NewRelease {
        vendor: vendor.id,
        release: Release {
            id: ReleaseId::new(),
            application: parsed(application),
            version: parsed(version),
            platform: parsed(platform),
            kind: ProgramKind::Native,
            minimum_builder: Some(parsed("0.1.0")),
            sections: Sections { documentation: 1, terms: 2, relicensing: 3, program: 4 },
            documentation_digest: digest(&documentation),
            terms_digest: digest(&terms),
            relicensing_digest: digest("R"),
            program_size: 64 << 30,
            program_digest: digest(&format!("P {version} {platform}")),
            stored_size: 5,
            blob_key: format!("releases/{application}/{version}/{platform}"),
            sections_offset: 6,
            published_at: at(10),
        },
        name: parsed("Sketch"),
        summary: "Draw diagrams".to_owned(),
        homepage: None,
        categories: vec!["graphics".to_owned(), "\"quoted\"".to_owned()],
        documentation,
        terms,
        relicensing: "R".to_owned(),
        policy: Some(policy()),
    }
}

pub(crate) async fn publish(store: &Store, new: &NewRelease) {
    let outcome = store.publish_release(new).await.expect("the store answers");
    assert!(matches!(outcome, Publication::Published { .. }), "{outcome:?}");
}

pub(crate) fn builder() -> NewBuilder {
    NewBuilder {
        license_id: LicenseId::new(),
        licensee_id: LicenseeId::new(),
        decryption_key: vec![0, 255, 7],
        builder_key_id: KeyId::from_bytes(*random_digest().as_bytes()),
        request_key: *random_digest().as_bytes(),
        platform: parsed(LINUX),
        version: parsed("0.1.0"),
        name: parsed("Ada Lovelace"),
        email: parsed("ada@example.com"),
        kind: BuilderKind::Trial,
        ends_at: Some(at(1000)),
        created_at: at(5),
        terms_digest: digest("builder terms"),
    }
}

pub(crate) async fn register(store: &Store, new: &NewBuilder) {
    let outcome = store.register_builder(new, &email_key(new)).await.expect("the store answers");
    assert_eq!(outcome, Registration::New(new.licensee_id));
}

/// As if each licensee of the cases had an address of their own.
pub(crate) fn email_key(of: &NewBuilder) -> EmailKey {
    EmailKey::from_bytes(*digest(&of.licensee_id.to_string()).as_bytes())
}

pub(crate) async fn registered(store: &Store) -> NewBuilder {
    let new = builder();
    register(store, &new).await;
    new
}

/// As it is stored before its license changes.
pub(crate) fn untouched(facts: NewBuilder) -> Builder {
    Builder { facts, email_verified_at: None, renewed_at: None, revoked_at: None }
}

/// An application with one release, and a Builder.
pub(crate) struct World {
    pub release: Release,
    pub builder: NewBuilder,
}

impl World {
    pub(crate) async fn new(store: &Store) -> Self {
        let vendor = vendor(store, "Example Ltd").await;
        let new = release(&vendor, "com.example.sketch", "1.0.0", LINUX);
        publish(store, &new).await;
        Self { release: new.release, builder: registered(store).await }
    }

    pub(crate) fn application(&self) -> &ApplicationId {
        &self.release.application
    }

    /// Where the Builder stands with the application.
    pub(crate) async fn standing(&self, store: &Store, now: Instant) -> TrialStanding {
        self.standing_of(&self.builder, store, now).await
    }

    /// Where a Builder stands with the application.
    pub(crate) async fn standing_of(
        &self,
        builder: &NewBuilder,
        store: &Store,
        now: Instant,
    ) -> TrialStanding {
        let query = OfferQuery {
            application: self.application(),
            platform: &parsed(LINUX),
            version: None,
            subjects: &subjects(builder),
            license: builder.license_id,
            now,
        };
        store.offer(&query).await.expect("answered").expect("there").standing
    }

    /// A request of the Builder for a trial of 100 seconds.
    pub(crate) fn request(&self, now: Instant) -> GrantRequest {
        self.request_of(&self.builder, now)
    }

    pub(crate) fn request_of(&self, builder: &NewBuilder, now: Instant) -> GrantRequest {
        GrantRequest {
            trial: Trial {
                id: TrialId::new(),
                application: self.release.application.clone(),
                licensee_id: builder.licensee_id,
                license_id: builder.license_id,
                release_id: self.release.id,
                platform: self.release.platform.clone(),
                kind: LicenseKind::Trial,
                started_at: now,
                ends_at: Some(now.plus(Span::seconds(100))),
                extended_to: None,
                requested_at: now,
                policy: policy(),
                terms_digest: self.release.terms_digest,
                acceptance: AcceptanceKind::Explicit,
                accepted_as: Some(parsed("A. L.")),
                counted: true,
                file_trial: None,
                purchase: None,
            },
            head: Head {
                number: 1,
                etag: "\"e-1\"".to_owned(),
                made_at: at(0),
                bytes: vec![0, 1, 255],
            },
            maximum: 3,
            delivered_at: None,
            code: None,
            ends: None,
        }
    }
}
