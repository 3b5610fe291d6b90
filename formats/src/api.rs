//! The wire types of the HTTP API, the same on both sides. Paths are below `/api/v1`.

mod catalog;
mod licensing;
mod policies;
mod problem;
mod purchases;
mod registration;
mod secret_text;
mod trials;
mod vendor;
mod webhooks;

pub use catalog::{ApplicationDetails, ApplicationPage, ApplicationSummary, ReleaseSummary};
pub use licensing::{
    ChallengeAnswer, ConfirmedPayment, GatewayInfo, GatewayLicenseRequest, LicenseAnswer,
    LicenseInfo, LicenseOutcome, LicenseRequest, LicenseServerInfo, OfferedProduct, OrderAnswer,
    OrderState, PaymentMessage, PlaceOrder, ProductsAnswer, REFUSAL, SeenAnswer, SeenLicenses,
    SignedRequest,
};
pub use policies::{
    Class, ClassesAnswer, FollowAnswer, FollowPolicies, InPlaceOf, PolicyAnswer, PolicyChange,
    PolicyEntry, PolicyHistory, Profile, ProfilesAnswer, SetClass, SetPolicy, SetProfile,
};
pub use problem::{AccessCondition, Problem};
pub use purchases::{
    BuyApplication, CreateKeys, Gift, GiftAnswer, GiveLicensee, KeyInfo, KeysAnswer,
};
pub use registration::{
    AskTime, BuilderLicenseAnswer, EmailCodeAnswer, RegisterBuilder, RenewBuilderLicense,
    ServerInfo, TimeAnswer, VerifiedEmail, VerifyEmail,
};
pub use secret_text::SecretText;
pub use trials::{
    AcceptanceCode, AcceptanceProof, FirstRun, OfferAnswer, RequestTrial, TrialAnswer,
    TrialSummary, TrialsAnswer,
};
pub use vendor::{
    Block, BlocksAnswer, PublishAnswer, PutBlock, ReleasesAnswer, Requester, RequestersAnswer,
    TermsAnswer, VendorRelease,
};
pub use webhooks::{
    AddWebhook, DeliveriesAnswer, Delivery, EventFacts, EventKind, InvalidEventKind,
    NewWebhookAnswer, Ping, Webhook, WebhookEvent, WebhooksAnswer,
};

/// Where the API begins.
pub const BASE: &str = "/api/v1";
/// Where transmission files are downloaded: `/d/CAPABILITY`, and the head alone at `/d/CAPABILITY/head`.
pub const DOWNLOADS: &str = "/d";
