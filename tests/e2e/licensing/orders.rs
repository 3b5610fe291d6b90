//! How licenses are bought: without a network, by telephone, and never twice.

use anyhow::{Context as _, Result, ensure};

use trybuy_tests::company::{Company, Order, PRODUCT};

use crate::case::{Shared, cases};

cases![
    orders_and_packs_travel_as_files,
    an_order_by_telephone_is_entered_and_its_pack_installed,
    nothing_is_issued_before_the_fee_and_a_lost_pack_is_the_same_again,
    a_pack_is_for_one_license_server_and_installed_once,
];

fn orders_and_packs_travel_as_files(shared: &Shared) -> Result<()> {
    let company = Company::start(shared.binaries())?;
    company.offer(&Order::of("4.0.0", 3))?;
    let (order, pack) = (company.path("order"), company.path("pack"));
    let (order, pack) = (order.to_str().context("a path")?, pack.to_str().context("a path")?);
    let product = ["--product", PRODUCT, "--version", "4.0.0", "--platform-type", "non-windows"];
    let placed = ["order", "place", "--quantity", "3", "--out", order];
    company.licenses(&[placed.as_slice(), &product].concat())?;
    let id = company.clearing(&["order", "import", order])?.stdout.trim().to_owned();
    company.pay(&id, 3)?;
    company.clearing(&["pack", "export", &id, pack])?;
    company.licenses(&["pack", "install", pack])?;
    let free = company.licenses(&["pack", "list", "--json"])?.json()?;
    ensure!(free[0]["free"] == 3, "{free}");
    Ok(())
}

fn an_order_by_telephone_is_entered_and_its_pack_installed(shared: &Shared) -> Result<()> {
    let company = Company::start(shared.binaries())?;
    company.offer(&Order::of("4.0.0", 1))?;
    let certificate = company.path("license-server/license-server/license-server.chain.pem");
    let entered = ["order", "enter", "--license-server-certificate"];
    let product = ["--product", PRODUCT, "--version", "4.0.0", "--platform-type", "non-windows"];
    let certificate = [certificate.to_str().context("a path")?, "--quantity", "1"];
    let entered = company.clearing(&[entered.as_slice(), &certificate, &product].concat())?;
    let id = entered.stdout.trim().to_owned();
    company.pay(&id, 1)?;
    let pack = company.path("pack");
    let pack = pack.to_str().context("a path")?;
    company.clearing(&["pack", "export", &id, pack])?;
    company.licenses(&["pack", "install", pack]).map(drop)
}

fn nothing_is_issued_before_the_fee_and_a_lost_pack_is_the_same_again(
    shared: &Shared,
) -> Result<()> {
    let company = Company::start(shared.binaries())?;
    company.offer(&Order::of("4.0.0", 1))?;
    let order = company.place(&Order::of("4.0.0", 1))?;
    let early = company.license_server.run(["license-server", "pack", "fetch", &order])?;
    early.refused(1, "fee-due")?;
    company.pay(&order, 1)?;
    let files = [company.path("one"), company.path("two")];
    for file in &files {
        company.clearing(&["pack", "export", &order, file.to_str().context("a path")?])?;
    }
    ensure!(std::fs::read(&files[0])? == std::fs::read(&files[1])?);
    company.licenses(&["pack", "fetch", &order]).map(drop)
}

fn a_pack_is_for_one_license_server_and_installed_once(shared: &Shared) -> Result<()> {
    let (company, other) = (Company::start(shared.binaries())?, Company::start(shared.binaries())?);
    company.offer(&Order::of("4.0.0", 1))?;
    let order = company.place(&Order::of("4.0.0", 1))?;
    company.pay(&order, 1)?;
    let pack = company.path("pack");
    let pack = pack.to_str().context("a path")?;
    company.clearing(&["pack", "export", &order, pack])?;
    company.licenses(&["pack", "install", pack])?;
    let again = company.license_server.run(["license-server", "pack", "install", pack])?;
    again.refused(1, "pack-installed")?;
    let foreign = other.license_server.run(["license-server", "pack", "install", pack])?;
    ensure!(foreign.code == 1 && foreign.stderr.contains("error["), "{foreign}");
    let mut altered = std::fs::read(pack)?;
    let middle = altered.len() / 2;
    altered[middle] = if altered[middle] == b'A' { b'B' } else { b'A' };
    std::fs::write(pack, altered)?;
    let forged = company.license_server.run(["license-server", "pack", "install", pack])?;
    forged.refused(1, "pack-refused")?;
    Ok(())
}
