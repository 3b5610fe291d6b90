//! `trybuy-server license-server product`

use anyhow::Result;
use trybuy_formats::api::{OfferedProduct, ProductsAnswer};
use trybuy_formats::ids::Locale;
use trybuy_formats::licensing::pack::HumanDescription;

use super::{Place, json_line, refused};
use crate::cli::arguments::license_server::ProductCommand;
use crate::cli::{locale, open, output};

pub(super) fn run(place: &Place, command: &ProductCommand) -> Result<()> {
    let ProductCommand::List { json } = command;
    let clearinghouse = place.clearinghouse()?;
    let asked = open::runtime()?.block_on(clearinghouse.products());
    let ProductsAnswer { products } = asked.map_err(refused)?;
    let lines = if *json {
        json_line(&products)?
    } else {
        let locale = locale::of_environment();
        products.iter().map(|product| as_line(product, &locale)).collect()
    };
    output::print(&lines)
}

fn as_line(offered: &OfferedProduct, locale: &Locale) -> String {
    let OfferedProduct { product, manufacturer, fee, currency, .. } = offered;
    let description =
        HumanDescription::of(&offered.descriptions, locale).map_or("", |it| it.text.as_str());
    let lasts = offered.valid_for.map_or_else(|| "no end said".to_owned(), |span| span.to_string());
    let product = output::product_as_words(product);
    format!("{product}  {fee} {currency}  {lasts}  {manufacturer}  {description}\n")
}
