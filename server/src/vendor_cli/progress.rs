//! Progress bars: on a terminal only.

use indicatif::style::TemplateError;
use indicatif::{ProgressBar, ProgressStyle};

/// A bar that counts bytes. It draws on standard error, and nothing where that is no terminal.
pub(super) fn bytes(what: &str, length: u64) -> ProgressBar {
    let style = style().unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style).with_message(what.to_owned())
}

fn style() -> Result<ProgressStyle, TemplateError> {
    const TEMPLATE: &str = "{msg} [{bar:24}] {binary_bytes}/{binary_total_bytes} \
                            {binary_bytes_per_sec}, {eta} left";
    Ok(ProgressStyle::with_template(TEMPLATE)?.progress_chars("=> "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_has_its_own_style() {
        assert!(style().is_ok());
    }
}
