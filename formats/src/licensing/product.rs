//! What a license is for.

use serde::{Deserialize, Serialize};

use crate::ids::{Label, PlatformType, ProductId, Version};
use crate::limits;

/// A product as it is ordered, packed and licensed: the "product-specific attributes" of SL Tables 3 and 5.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Product ID.
    pub product_id: ProductId,
    /// Product version.
    pub version: Version,
    /// License type.
    pub license_type: LicenseType,
    /// Platform type (SL Table 2).
    pub platform_type: PlatformType,
    /// Product flags: the features that the license enables, in order and each once, at most
    /// [`limits::FEATURES`].
    pub features: Vec<Label>,
}

/// What a license of a pack does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum LicenseType {
    /// It licenses a client.
    Full,
    /// It replaces a client's license of an older version (SL Fig. 8).
    Upgrade {
        /// The oldest version whose licenses it replaces.
        from: Version,
    },
}

impl Product {
    /// Whether what its types leave open is within its ranges.
    pub(crate) fn is_valid(&self) -> bool {
        let upgrades_forward = match &self.license_type {
            LicenseType::Full => true,
            LicenseType::Upgrade { from } => from.precedes(&self.version),
        };
        upgrades_forward && are_features(&self.features)
    }
}

/// Whether these are features in their one order: ascending and each once, at most [`limits::FEATURES`].
pub fn are_features(features: &[Label]) -> bool {
    features.len() <= limits::FEATURES && features.is_sorted_by(|one, next| one < next)
}

/// Puts features into that order, however many they are.
pub fn in_order(mut features: Vec<Label>) -> Vec<Label> {
    features.sort();
    features.dedup();
    features
}

/// Whether what enables these features is enough where others are wanted: all of those are among them.
pub fn enable_all(features: &[Label], wanted: &[Label]) -> bool {
    wanted.iter().all(|feature| features.contains(feature))
}
