//! Ids that only the server knows.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// Implements an id that is a UUID.
macro_rules! uuid_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, ordered by the time it was made (UUID version 7).
            #[expect(clippy::new_without_default, reason = "each call gives another value")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// Its 16 bytes.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::try_parse(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    };
}

uuid_newtype! {
    /// A vendor.
    VendorId
}
uuid_newtype! {
    /// A vendor's token.
    TokenId
}
uuid_newtype! {
    /// A purchase key; the key itself is derived from it.
    PurchaseKeyId
}
uuid_newtype! {
    /// Purchase keys that were made together.
    KeyBatchId
}
