//! What both command lines say of a wrong one.

use trybuy_formats::slug::Slug;

/// The words of clap, as `error[usage]: what happened` and `help: what to do`.
pub(crate) fn refusal(error: &clap::Error, program: &str) -> String {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let help = format!("help: see `{program} --help`");
    format!(
        "error[{}]: {}",
        Slug::Usage,
        text.replace("For more information, try '--help'.", &help)
    )
}
