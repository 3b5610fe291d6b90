//! The keys a manifest may have; every other one is refused, with the key that was probably meant.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::source::Source;
use crate::vendor_cli::choices::nearest;
use crate::vendor_cli::failure::Failure;

/// A table of the manifest: where it stands, and its keys.
struct Table {
    path: &'static [&'static str],
    keys: &'static [&'static str],
}

const TABLES: &[Table] = &[
    Table { path: &[], keys: &["application", "program", "trial"] },
    Table {
        path: &["application"],
        keys: &[
            "id",
            "name",
            "version",
            "summary",
            "documentation",
            "terms",
            "relicensing",
            "homepage",
            "categories",
            "minimum_builder",
        ],
    },
    Table { path: &["program"], keys: &["platform", "kind", "path", "compression"] },
    Table {
        path: &["trial"],
        keys: &[
            "duration",
            "expiration",
            "grace",
            "trials",
            "between",
            "acceptance",
            "layout",
            "limits",
            "on-expiry",
        ],
    },
    Table { path: &["trial", "grace"], keys: &["from", "length"] },
    Table { path: &["trial", "limits"], keys: &["launches", "running", "days"] },
];

/// Refuses the first unknown key of each table.
pub(super) fn check(source: &Source) -> Result<(), Failure> {
    let root = DeTable::parse(&source.text).map_err(|error| source.toml_failure(&error))?;
    for table in TABLES {
        for found in tables_at(root.get_ref(), table.path) {
            check_table(source, table, found)?;
        }
    }
    Ok(())
}

/// The tables at a path; several where the path leads through an array of tables.
fn tables_at<'t, 'i>(root: &'t DeTable<'i>, path: &[&str]) -> Vec<&'t DeTable<'i>> {
    path.iter().fold(vec![root], |tables, name| {
        tables.into_iter().filter_map(|table| table.get(*name)).flat_map(tables_of).collect()
    })
}

fn tables_of<'t, 'i>(value: &'t Spanned<DeValue<'i>>) -> Vec<&'t DeTable<'i>> {
    match value.get_ref() {
        DeValue::Table(table) => vec![table],
        DeValue::Array(values) => {
            values.iter().filter_map(|value| value.get_ref().as_table()).collect()
        }
        _ => Vec::new(),
    }
}

fn check_table(source: &Source, table: &Table, found: &DeTable<'_>) -> Result<(), Failure> {
    let unknown = found.keys().filter(|key| !table.keys.contains(&key.get_ref().as_ref()));
    let Some(key) = unknown.min_by_key(|key| key.span().start) else {
        return Ok(());
    };
    let name = key.get_ref();
    let place = match table.path {
        [] => "the manifest".to_owned(),
        path => format!("[{}]", path.join(".")),
    };
    if table.path == ["application"] && name == "screenshots" {
        let failure = source.failure(key.span(), "`screenshots` is not supported yet");
        return Err(failure.with_help("leave it out; a server has no place for pictures so far"));
    }
    let help = match nearest(name, table.keys.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the keys of {place} are: {}", table.keys.join(", ")),
    };
    Err(source.failure(key.span(), format!("unknown key `{name}` in {place}")).with_help(help))
}
