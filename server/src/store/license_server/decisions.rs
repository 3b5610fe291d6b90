//! What a license server decided.

use serde::{Deserialize, Serialize};
use trybuy_formats::api::LicenseOutcome;
use trybuy_formats::ids::{
    ClientId, ClientSoftwareId, Label, Note, PackId, PlatformType, ProductId, SeatLicenseId,
    Version,
};
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::pack::LicensePack;

/// Declares an enum with a function that answers all that it can be: none can be forgotten there.
macro_rules! with_all {
    ($(#[$about:meta])* pub enum $name:ident {
        $($(#[$word_about:meta])* $word:ident $(($inner:ident))?,)*
    }) => {
        $(#[$about])*
        pub enum $name {
            $($(#[$word_about])* $word $(($inner))?,)*
        }

        impl $name {
            /// All of them.
            pub fn all() -> Vec<Self> {
                [$(with_all!(@all $word $($inner)?)),*].concat()
            }
        }
    };
    (@all $word:ident) => {
        vec![Self::$word]
    };
    (@all $word:ident $inner:ident) => {
        $inner::all().into_iter().map(Self::$word).collect::<Vec<_>>()
    };
}

/// One decision of a license server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LicenseRecord {
    /// Counted from 1.
    pub number: u64,
    /// What was decided.
    #[serde(flatten)]
    pub decision: LicenseDecision,
}

/// What was decided, about whom and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LicenseDecision {
    /// When.
    pub at: Instant,
    /// What.
    pub outcome: DecisionOutcome,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DecisionReason>,
    /// The client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<ProductId>,
    /// The version that was wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// The features that were wanted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<Label>,
    /// The client's platform type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_type: Option<PlatformType>,
    /// The client's software, of a client that is challenged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_id: Option<ClientSoftwareId>,
    /// The gateway that asked, for a client that is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<Label>,
    /// The pack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack_id: Option<PackId>,
    /// The license.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license_id: Option<SeatLicenseId>,
    /// The operator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

impl LicenseDecision {
    /// A decision about nobody and nothing yet.
    pub fn of(outcome: DecisionOutcome, at: Instant) -> Self {
        Self {
            at,
            outcome,
            reason: None,
            client_id: None,
            product_id: None,
            version: None,
            features: Vec::new(),
            platform_type: None,
            software_id: None,
            gateway: None,
            pack_id: None,
            license_id: None,
            note: None,
        }
    }

    /// A decision about a pack.
    pub fn about_pack(outcome: DecisionOutcome, pack: &LicensePack, at: Instant) -> Self {
        Self {
            product_id: Some(pack.product.product_id.clone()),
            version: Some(pack.product.version.clone()),
            platform_type: Some(pack.product.platform_type),
            pack_id: Some(pack.pack_id),
            ..Self::of(outcome, at)
        }
    }
}

with_all! {
    /// What was decided.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum DecisionOutcome {
        /// A free license was allocated.
        Granted,
        /// The license that the client had was issued again.
        Reissued,
        /// An upgrade license was used.
        Upgraded,
        /// A temporary license was issued.
        Temporary,
        /// The temporary license that the client had was issued again.
        TemporaryAgain,
        /// The request was refused.
        Refused,
        /// A pack was installed.
        PackInstalled,
        /// A pack was not.
        PackRefused,
        /// A license was revoked.
        Revoked,
        /// A client one of whose licenses was revoked may have licenses again.
        Readmitted,
        /// A license that the store did not know was found with a client, and is assigned to it again.
        Adopted,
        /// A license that the store did not know was found with a client, and its seat with another one.
        SeatGrantedTwice,
        /// The license server was found to be a restored one.
        Restored,
        /// The operator accepted that.
        RestoredAccepted,
    }
}

with_all! {
    /// Why it was decided.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum DecisionReason {
        /// The client's software is not in the client image cache.
        ClientImageUnknown,
        /// The response to the challenge is wrong.
        ChallengeWrong,
        /// The response came after the challenge's end.
        ChallengeLate,
        /// The challenge was answered before.
        ChallengeRepeated,
        /// The challenge is for another client, software or product, or of another license server.
        ChallengeForeign,
        /// The license that was presented is not one of this license server for this client.
        LicenseForeign,
        /// There is no license of an older version that a free upgrade license replaces.
        NoUpgrade,
        /// A license of the client was revoked, and it has not been readmitted.
        ClientBarred,
        /// There is no free license.
        NoFreeLicense,
        /// There is no free license, and no temporary one, as nothing was bought or ordered that it would stand in for.
        NotOrdered,
        /// The one temporary license of this client has ended.
        TemporaryEnded,
        /// The one temporary license of this client was revoked.
        TemporaryRevoked,
        /// The license server was restored from a backup and allocates nothing.
        LicenseServerRestored,
        /// There are fewer records than there were.
        FewerRecords,
        /// There are other records than there were.
        OtherRecords,
        /// The pack of the license is not installed.
        PackUnknown,
        /// It was about a pack.
        #[serde(untagged)]
        Pack(PackReason),
    }
}

with_all! {
    /// Why a pack was refused.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub enum PackReason {
        /// It is no pack, or cannot be decrypted.
        PackUnreadable,
        /// Its signature does not fit.
        PackForged,
        /// It is not signed by the clearinghouse that it names, as one that the certifying authority knows.
        ClearinghouseUnknown,
        /// It is for another license server.
        PackForeign,
        /// Its licenses have ended.
        PackEnded,
        /// It was installed before.
        PackInstalled,
        /// Another pack of its order was.
        OrderInstalled,
    }
}

impl From<LicenseOutcome> for DecisionOutcome {
    fn from(outcome: LicenseOutcome) -> Self {
        match outcome {
            LicenseOutcome::Granted => Self::Granted,
            LicenseOutcome::Reissued => Self::Reissued,
            LicenseOutcome::Upgraded => Self::Upgraded,
            LicenseOutcome::Temporary => Self::Temporary,
            LicenseOutcome::TemporaryAgain => Self::TemporaryAgain,
        }
    }
}
