//! Applications as everybody sees them.

use trybuy_formats::api::{
    ApplicationDetails, ApplicationPage, ApplicationSummary, ReleaseSummary,
};
use trybuy_formats::ids::ApplicationId;
use trybuy_formats::primitives::TAG_LENGTH;
use trybuy_formats::slug::Slug;
use trybuy_formats::transmission::CHUNK;

use crate::app::App;
use crate::refusal::Refusal;
use crate::store::{CatalogEntry, CatalogQuery, Release, StoreError};

/// About what a head takes, in bytes.
const HEAD: u64 = 3 << 10;

/// Why the catalog does not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// There is no such application.
    #[error("there is no such application")]
    NoApplication,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// A page of the catalog, in the order of the application ids.
///
/// # Errors
/// When the store fails.
pub async fn catalog_page(
    app: &App,
    query: &CatalogQuery,
) -> Result<ApplicationPage, CatalogError> {
    let page = app.store.catalog_page(query).await?;
    let last = page.entries.last().filter(|_| page.more);
    let next = last.map(|entry| entry.id.to_string());
    let applications = page.entries.into_iter().map(summary).collect();
    Ok(ApplicationPage { applications, next })
}

/// Everything about one application.
///
/// # Errors
/// When there is no such application.
pub async fn application_details(
    app: &App,
    id: &ApplicationId,
) -> Result<ApplicationDetails, CatalogError> {
    let (application, texts, releases) = tokio::try_join!(
        app.store.application(id),
        app.store.application_texts(id),
        app.store.releases_of(id),
    )?;
    let application = application.ok_or(CatalogError::NoApplication)?;
    let texts = texts.ok_or(CatalogError::NoApplication)?;
    Ok(ApplicationDetails {
        id: application.id,
        name: application.name,
        summary: application.summary,
        homepage: application.homepage,
        categories: application.categories,
        vendor: application.vendor.name.into(),
        documentation: texts.documentation,
        terms: texts.terms,
        terms_digest: application.terms_digest,
        relicensing: texts.relicensing,
        policy: application.policy,
        releases: releases.iter().map(release_summary).collect(),
    })
}

fn summary(entry: CatalogEntry) -> ApplicationSummary {
    let CatalogEntry { id, name, summary, version, platforms } = entry;
    ApplicationSummary { id, name, summary, version, platforms }
}

fn release_summary(release: &Release) -> ReleaseSummary {
    let sections = release.sections.total();
    let tags = sections.div_ceil(CHUNK as u64) * TAG_LENGTH as u64;
    ReleaseSummary {
        version: release.version.clone(),
        platform: release.platform.clone(),
        program_size: release.program_size,
        download_size: HEAD + sections + tags,
        minimum_builder: release.minimum_builder.clone(),
        published_at: release.published_at,
    }
}

impl Refusal for CatalogError {
    fn slug(&self) -> Slug {
        match self {
            Self::NoApplication => Slug::NotFound,
            Self::Store(_) => Slug::ServerError,
        }
    }

    fn help(&self) -> Option<String> {
        matches!(self, Self::NoApplication).then(|| "look for it with `trybuy search`".to_owned())
    }
}
