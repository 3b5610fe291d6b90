//! Single values of a manifest, checked at their place.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use toml::Spanned;
use trybuy_formats::ids::is_line_break_or_control;

use super::source::Source;
use crate::vendor_cli::choices::{Choices, choose, nearest};
use crate::vendor_cli::failure::Failure;

/// A value of a type that knows its own spelling.
pub(super) fn parsed<T>(source: &Source, text: &Spanned<String>) -> Result<T, Failure>
where
    T: FromStr<Err: Display>,
{
    let value = text.get_ref();
    value.parse().map_err(|error| source.failure(text.span(), format!("`{value}` is {error}")))
}

/// One word among several.
pub(super) fn choice<T: Copy>(
    source: &Source,
    choices: Choices<T>,
    text: &Spanned<String>,
) -> Result<T, Failure> {
    let word = text.get_ref();
    choose(choices, word).ok_or_else(|| {
        let names = || choices.iter().map(|(name, _)| *name);
        let known = names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let what = format!("`{word}` is not one of {known}");
        let failure = source.failure(text.span(), what);
        match nearest(word, names()) {
            Some(meant) => failure.with_help(format!("did you mean `{meant}`?")),
            None => failure,
        }
    })
}

/// A text of one line with so many characters.
pub(super) fn line(
    source: &Source,
    text: &Spanned<String>,
    what: &str,
    length: RangeInclusive<usize>,
) -> Result<String, Failure> {
    let value = text.get_ref();
    if !length.contains(&value.chars().count()) || value.contains(is_line_break_or_control) {
        let (least, most) = length.into_inner();
        let what = format!("{what} is one line of {least} to {most} characters");
        return Err(source.failure(text.span(), what));
    }
    Ok(value.clone())
}

/// The address of a page: http or https, at most 300 characters (`SF-2`).
pub(super) fn web_address(source: &Source, text: &Spanned<String>) -> Result<String, Failure> {
    let value = text.get_ref();
    let rest = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    let has_host = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
    let is_plain = !value.chars().any(|c| c.is_whitespace() || c.is_control());
    if !has_host || !is_plain || value.chars().count() > 300 {
        let what = format!("`{value}` is not an http or https address of at most 300 characters");
        return Err(source.failure(text.span(), what));
    }
    Ok(value.clone())
}
