//! Whether the license server knows this gateway: only one that is registered there gets licenses for clients.

use std::sync::{Mutex, MutexGuard, PoisonError};

use trybuy_formats::primitives::RequestSignatureKey;
use trybuy_formats::slug::Slug;

use crate::refusal::Refusal;

/// The license server does not know this gateway.
#[derive(Debug, thiserror::Error)]
#[error("this gateway is not registered at its license server")]
pub(super) struct NotRegistered {
    /// The key that it would be registered with.
    key: String,
}

impl NotRegistered {
    /// The gateway with this key is not.
    pub(super) fn with(key: &RequestSignatureKey) -> Self {
        Self { key: shown_key(key) }
    }
}

impl Refusal for NotRegistered {
    fn slug(&self) -> Slug {
        Slug::GatewayNotRegistered
    }

    fn help(&self) -> Option<String> {
        Some(format!(
            "ask whoever runs the license server to register it: \
             trybuy-server license-server gateway add NAME --key-hex {}",
            self.key
        ))
    }
}

/// A gateway's public key, as the license server takes it.
pub fn shown_key(key: &RequestSignatureKey) -> String {
    key.public_key().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the license server last said of it; nothing before it was asked.
#[derive(Default)]
pub(super) struct Registration(Mutex<Option<bool>>);

impl Registration {
    /// It is registered.
    pub(super) fn confirm(&self) {
        if self.known().replace(true) == Some(false) {
            tracing::info!("this gateway is registered at its license server now");
        }
    }

    /// It is not. The operator is told once.
    pub(super) fn deny(&self, refused: &NotRegistered) {
        if self.known().replace(false) != Some(false) {
            tracing::error!(error = %refused, help = refused.help(), "no licenses can be had for clients");
        }
    }

    /// Whether it is known not to be.
    pub(super) fn is_denied(&self) -> bool {
        *self.known() == Some(false)
    }

    /// Whether it is known to be.
    pub(super) fn is_confirmed(&self) -> bool {
        *self.known() == Some(true)
    }

    fn known(&self) -> MutexGuard<'_, Option<bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
