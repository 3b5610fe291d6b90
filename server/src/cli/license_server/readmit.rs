//! `trybuy-server license-server readmit`

use anyhow::Result;
use trybuy_formats::ids::{ClientId, Note, ProductId};
use trybuy_formats::slug::Slug;

use super::{Place, now, told};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::store::Readmission;

pub(super) fn run(
    place: &Place,
    client_id: ClientId,
    product_id: ProductId,
    note: Note,
) -> Result<()> {
    let secret = place.keys()?.secret;
    let readmission = Readmission { client_id, product_id, note, now: now() };
    let (was_barred, marked) = place.with_store(async |store| {
        let was_barred = store.readmit_client(&secret, &readmission).await?;
        Ok((was_barred, place.raise_mark(store, &secret).await))
    })?;
    told(tell(&readmission, was_barred), marked)
}

fn tell(readmission: &Readmission, was_barred: bool) -> Result<()> {
    let Readmission { client_id, product_id, .. } = readmission;
    if was_barred {
        return output::print(&format!("{client_id} may have licenses of {product_id} again\n"));
    }
    let what = format!("{client_id} is not barred from licenses of {product_id}");
    Err(Failure::new(Slug::NotFound, what)
        .help("`trybuy-server license-server licenses list --barred` shows who is")
        .into())
}
