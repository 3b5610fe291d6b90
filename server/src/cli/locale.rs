//! The language of whoever gives a command.

use trybuy_formats::ids::Locale;

/// The locale that the environment names (POSIX, "Environment Variables"), or English, as all else is that commands
/// print.
pub(super) fn of_environment() -> Locale {
    of(|name| std::env::var(name).ok())
}

fn of(variable: impl Fn(&str) -> Option<String>) -> Locale {
    let named = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable);
    let named = named.filter(|value| !value.is_empty()).map(|value| read(&value)).next();
    named.flatten().unwrap_or_else(|| "en".parse().expect("`en` is a locale"))
}

/// Reads `de_AT.UTF-8@euro` as `de-AT`.
fn read(value: &str) -> Option<Locale> {
    let name = value.split(['.', '@']).next()?;
    name.replace('_', "-").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_names_the_locale() {
        for (variables, expected) in [
            (&[("LANG", "de_AT.UTF-8@euro")][..], "de-AT"),
            (&[("LANG", "de_DE"), ("LC_MESSAGES", "fr")], "fr"),
            (&[("LANG", "de_DE"), ("LC_MESSAGES", "fr"), ("LC_ALL", "pt_BR.UTF-8")], "pt-BR"),
            (&[("LANG", "de"), ("LC_ALL", "")], "de"),
            (&[("LANG", "de"), ("LC_ALL", "C.UTF-8")], "en"),
            (&[], "en"),
        ] {
            let value = |name: &str| {
                variables.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(of(value).as_str(), expected, "{variables:?}");
        }
    }
}
