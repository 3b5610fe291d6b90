//! `trybuy-server license-server image`

use std::path::Path;

use anyhow::{Context as _, Result};
use trybuy_formats::ids::ClientSoftwareId;
use trybuy_formats::licensing::client_image::ClientImage;
use trybuy_formats::limits;
use trybuy_formats::slug::Slug;
use trybuy_formats::words::counted;

use super::{Place, json_line, now, refused};
use crate::cli::arguments::license_server::ImageCommand;
use crate::cli::failure::Failure;
use crate::cli::{files, output};
use crate::license_server::images::ImageCache;
use crate::license_server::keys::LicenseServerCertificates;

pub(super) fn run(place: &Place, command: ImageCommand) -> Result<()> {
    match command {
        ImageCommand::Add { image, statement } => add(place, &image, &statement),
        ImageCommand::List { json } => list(place, json),
        ImageCommand::Remove { software_id } => remove(place, software_id),
    }
}

fn add(place: &Place, image: &Path, statement: &Path) -> Result<()> {
    let statement = files::read_text(statement, limits::CERTIFIED_DOCUMENT)?;
    let certificates = LicenseServerCertificates::load(&place.files, place.keys()?.issuer);
    let authorities = certificates.map_err(refused)?.authorities;
    let cache = ImageCache::new(place.files.images());
    let added = place.with_store(async |store| {
        let added = cache.install(store, &authorities, statement.trim_end(), image, now()).await;
        added.map_err(refused)
    })?;
    output::print(&format!("installed {} {} as {}\n", added.name, added.version, added.software_id))
}

fn list(place: &Place, json: bool) -> Result<()> {
    let images = place.with_store(async |store| {
        let mut images: Vec<ClientImage> = Vec::new();
        loop {
            let page = store.client_images(images.last().map(|image| image.software_id)).await?;
            if page.is_empty() {
                return Ok(images);
            }
            images.extend(page);
        }
    })?;
    let lines = if json { json_line(&images)? } else { images.iter().map(as_line).collect() };
    output::print(&lines)
}

fn as_line(image: &ClientImage) -> String {
    let ClientImage { software_id, name, version, size, .. } = image;
    format!(
        "{software_id}  {} of the vendor {}  {name} {version}  {}\n",
        software_id.platform_type(),
        software_id.vendor(),
        counted(*size, "byte", "bytes")
    )
}

fn remove(place: &Place, software_id: ClientSoftwareId) -> Result<()> {
    let removed =
        place.with_store(async |store| Ok(store.remove_client_image(software_id).await?))?;
    let unused = removed.ok_or_else(|| {
        Failure::new(Slug::NotFound, format!("there is no image {software_id}"))
            .help("`trybuy-server license-server image list` shows the ids")
    })?;
    match unused {
        Some(digest) => ImageCache::new(place.files.images())
            .remove(&digest)
            .context("the image's file cannot be removed"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trybuy_formats::ids::Digest;

    #[test]
    fn a_size_is_counted_in_words() {
        for (size, words) in [(1, "  1 byte\n"), (2, "  2 bytes\n")] {
            let image = ClientImage {
                format: 1,
                software_id: "0200000100001000".parse().expect("an id"),
                name: "trybuy".parse().expect("a name"),
                version: "0.1.0".parse().expect("a version"),
                size,
                digest: Digest::from_bytes([0; 32]),
                signed_at: now(),
            };
            assert!(as_line(&image).ends_with(words), "{}", as_line(&image));
        }
    }
}
