//! Lists that come in pages.

use trybuy_formats::slug::Slug;

use super::failure::Failure;

/// Takes every page of a list; `take` answers where the next one begins.
pub(super) fn pages(
    mut take: impl FnMut(Option<&str>) -> Result<Option<String>, Failure>,
) -> Result<(), Failure> {
    let mut after: Option<String> = None;
    loop {
        match take(after.as_deref())? {
            // A server that names the same page again would be asked for ever.
            Some(next) if after.as_ref() == Some(&next) => {
                let what = "the server names the same page twice";
                return Err(Failure::new(Slug::ServerError, what));
            }
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}
