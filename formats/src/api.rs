//! The wire types of the HTTP API, the same on both sides. Paths are below `/api/v1`.

mod catalog;
mod problem;
mod registration;
mod trials;
mod vendor;
mod webhooks;

pub use catalog::{ApplicationDetails, ApplicationPage, ApplicationSummary, ReleaseSummary};
pub use problem::{AccessCondition, Problem};
pub use registration::{
    AskTime, BuilderLicenseAnswer, RegisterBuilder, RenewBuilderLicense, ServerInfo, TimeAnswer,
};
pub use trials::{
    AcceptanceCode, AcceptanceProof, RequestTrial, TrialAnswer, TrialSummary, TrialsAnswer,
};
pub use vendor::{
    PolicyAnswer, PublishAnswer, ReleasesAnswer, Requester, RequestersAnswer, SetPolicy,
    VendorRelease,
};
pub use webhooks::{
    AddWebhook, DeliveriesAnswer, Delivery, EventFacts, EventKind, InvalidEventKind,
    NewWebhookAnswer, Ping, SecretText, Webhook, WebhookEvent, WebhooksAnswer,
};

/// Where the API begins.
pub const BASE: &str = "/api/v1";
/// Where transmission files are downloaded: `/d/CAPABILITY`, and the head alone at `/d/CAPABILITY/head`.
pub const DOWNLOADS: &str = "/d";
