//! The gateway role.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use trybuy_formats::certificates::Certificate;

use super::{Door, ServeOptions, Signals, open};
use crate::cli::failure::Failure;
use crate::cli::gateway::{Files, own_keys};
use crate::clock::SystemClock;
use crate::data_dir::{DataDir, RoleDir};
use crate::gateway::access::{GatewayParts, GatewayState, LicenseAccess, LicenseServer, Worker};
use crate::gateway::tls::ServerCertificate;
use crate::gateway::{self, DirectSocket, Gateway, GatewayConfig, ROLE, Sockets, tls};

pub(super) fn run(data_dir: &DataDir, options: ServeOptions) -> Result<()> {
    let config = GatewayConfig::load(data_dir, options.settings.database.into())?;
    open::runtime()?.block_on(serve(config, data_dir.role(ROLE), options.listen))
}

async fn serve(config: GatewayConfig, directory: RoleDir, listen: SocketAddr) -> Result<()> {
    let signals = Signals::new()?;
    let store = open::store(&config.database).await?;
    let files = Files(&directory);
    let issuer = files.license_server()?;
    let id = issuer.leaf().subject_id().and_then(|id| id.parse().ok());
    let parts = GatewayParts {
        requirement: config.requirement.clone(),
        authorities: files.authorities()?,
        license_server_id: id.context("the license server's certificate names none")?,
        revocations: files.revocations()?,
        stale_list: config.stale_list,
        issuer,
        license_server: LicenseServer::new(config.license_server.clone(), own_keys(&files)?)?,
        identity_key: files.load_identity_key()?,
        store: store.clone(),
        directory: directory.clone(),
        direct_users: config.direct_users.clone(),
        rates: config.rates.clone(),
        clock: Arc::new(SystemClock),
    };
    let hints = parts.authorities.certificates().iter().map(Certificate::subject_der).collect();
    let certificate = ServerCertificate::read(&config.tls_certificate, &config.tls_key)?;
    let certificate = Arc::new(certificate);
    let tls = tls::server_config(Arc::clone(&certificate), hints);
    let state = Arc::new(GatewayState::new(parts));
    let access = LicenseAccess::new(Arc::clone(&state));
    let gateway = Gateway::new(config.service.clone(), access, config.limits.clone());
    let door = Door::bind(listen, signals).await?.encrypted();
    let direct = config
        .direct
        .as_deref()
        .map(DirectSocket::bind)
        .transpose()
        .map_err(|error| Failure::of(&error))?;
    door.announce()?;
    let worker = Worker::start(state, config.refresh);
    let sockets = Sockets { network: door.listener, direct };
    let follow = tokio::spawn(async move { certificate.follow(config.refresh).await });
    gateway::serve(sockets, tls, gateway, door.signals.stop()).await;
    follow.abort();
    worker.stop().await;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}
