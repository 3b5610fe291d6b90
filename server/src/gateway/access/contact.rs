//! How it stands between the gateway and its license server, as far as was heard last.

use std::sync::{Mutex, MutexGuard, PoisonError};

use trybuy_formats::primitives::RequestSignatureKey;
use trybuy_formats::slug::Slug;

use super::license_server::LicenseServerError;
use crate::health::Health;
use crate::refusal::Refusal;

/// Why the license server takes no request of this gateway: only one that is registered there gets licenses for clients.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum GatewayRefused {
    /// It does not know the gateway.
    #[error("this gateway is not registered at its license server")]
    NotRegistered {
        /// The key that it would be registered with.
        key: String,
    },
    /// It takes no request that is signed at another time than its own.
    #[error(
        "the license server refuses this gateway, as their clocks differ by more than five minutes"
    )]
    Clock,
    /// What the gateway does wrong otherwise, or what somebody on the way does to its requests.
    #[error("the license server refuses this gateway: {0}")]
    Request(String),
}

impl Refusal for GatewayRefused {
    /// Why requests are spoilt only the gateway's operator finds out, so no client is told of that.
    fn slug(&self) -> Slug {
        match self {
            Self::NotRegistered { .. } => Slug::GatewayNotRegistered,
            Self::Clock => Slug::ClockSkew,
            Self::Request(_) => Slug::ServerError,
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::NotRegistered { key } => format!(
                "ask whoever runs the license server to register it: \
                 trybuy-server license-server gateway add NAME --key-hex {key}"
            ),
            Self::Clock => "set the clock of the gateway's machine right, or that of the license server's, by NTP"
                .to_owned(),
            Self::Request(_) => "see whether gateway and license server are of releases that fit, and whether what is \
                                 between them leaves requests as they are"
                .to_owned(),
        })
    }
}

impl GatewayRefused {
    /// The gateway with this key is not registered.
    pub(super) fn not_registered(key: &RequestSignatureKey) -> Self {
        Self::NotRegistered { key: shown_key(key) }
    }

    /// Its name in the gateway's health.
    fn status(&self) -> &'static str {
        match self {
            Self::NotRegistered { .. } => Slug::GatewayNotRegistered.as_str(),
            Self::Clock => Slug::ClockSkew.as_str(),
            Self::Request(_) => "gateway-refused",
        }
    }
}

/// A gateway's public key, as the license server takes it.
pub fn shown_key(key: &RequestSignatureKey) -> String {
    key.public_key().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What was heard last.
#[derive(Default)]
pub(super) struct Contact(Mutex<Heard>);

#[derive(Default)]
struct Heard {
    /// What the license server last said of the gateway; nothing before it was asked.
    taken: Option<Result<(), GatewayRefused>>,
    /// It did not answer when it was asked last.
    is_silent: bool,
    /// It was restored from a backup, and nobody has accepted that.
    is_restored: bool,
    /// It can write nothing in its data directory.
    cannot_write: bool,
}

impl Contact {
    /// The license server takes what the gateway signs.
    pub(super) fn confirm(&self) {
        if matches!(self.heard().taken.replace(Ok(())), Some(Err(_))) {
            tracing::info!("the license server takes the requests of this gateway now");
        }
    }

    /// It does not. The operator is told once.
    pub(super) fn refuse(&self, refused: GatewayRefused) {
        let refused = Some(Err(refused));
        let mut heard = self.heard();
        if heard.taken != refused
            && let Some(Err(error)) = &refused
        {
            tracing::error!(%error, help = error.help(), "no licenses can be had for clients");
        }
        heard.taken = refused;
    }

    /// Whether it answered.
    pub(super) fn answered(&self, answered: bool) {
        self.heard().is_silent = !answered;
    }

    /// Whether it was restored from a backup.
    pub(super) fn restored(&self, restored: bool) {
        self.heard().is_restored = restored;
    }

    /// Whether it can write nothing in its data directory.
    pub(super) fn cannot_write(&self, cannot_write: bool) {
        self.heard().cannot_write = cannot_write;
    }

    /// Whether it is known that it takes what the gateway signs.
    pub(super) fn is_confirmed(&self) -> bool {
        self.heard().taken == Some(Ok(()))
    }

    /// Whether it is known that it does not.
    pub(super) fn is_refused(&self) -> bool {
        matches!(self.heard().taken, Some(Err(_)))
    }

    /// What is wrong, if anything is. Licenses that are valid go on working all the same.
    pub(super) fn trouble(&self) -> Option<Health> {
        let heard = self.heard();
        if heard.is_silent {
            return Some(Health::degraded(
                Slug::LicenseServerUnreachable.as_str(),
                Some(LicenseServerError::OPERATOR_HELP.to_owned()),
            ));
        }
        if let Some(Err(refused)) = &heard.taken {
            return Some(Health::degraded(refused.status(), refused.help()));
        }
        heard.is_restored.then(|| {
            let help = "no new licenses are given out until its operator has accepted that: \
                        `trybuy-server license-server restored accept`";
            Health::degraded(Slug::LicenseServerRestored.as_str(), Some(help.to_owned()))
        })
    }

    /// What is wrong with its disk, if anything is.
    pub(super) fn disk_trouble(&self) -> Option<Health> {
        self.heard().cannot_write.then(|| {
            let help = "the license server's own health says what to do: its operator asks `GET /healthz` there";
            Health::degraded("license-server-cannot-write", Some(help.to_owned()))
        })
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
