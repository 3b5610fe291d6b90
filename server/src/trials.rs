//! Trials: the trial licensing program 134 and the encryption module 135 (T&B steps 302-314, 408-418).

mod acceptance;
mod access_conditions;
pub mod api;
mod blocks;
mod buffers;
mod delivery;
mod encryption;
mod first_run;
mod licensing;
mod plan;
mod purchasing;

pub use self::acceptance::{AcceptanceError, CODE_LIFETIME, create_code};
pub use self::access_conditions::{ConditionA, ConditionB, ConditionC, EmailNotVerified};
pub(crate) use self::api::trial_answer;
pub use self::buffers::{Buffer, Buffers};
pub use self::delivery::{
    DeliveryError, TransmissionFile, deliver, open_file, open_head, own_trial, own_trials,
};
pub use self::encryption::{EncryptionError, TransmissionVersion};
pub use self::licensing::{LicensedTrial, LicensingError, give_again, license_trial, offer_to};
pub use self::purchasing::{PurchaseError, buy};
