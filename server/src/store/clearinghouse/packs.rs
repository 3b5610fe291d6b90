//! The master license database 100 (SL Fig. 4, steps 152 to 156).

use sqlx::AnyConnection;
use trybuy_formats::ids::{ClearinghouseId, LicenseServerId, OrderId, PackId};
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::pack::LicensePack;
use trybuy_formats::signed::FORMAT;

use super::orders::OrderRecord;
use crate::store::columns::{Columns, json, number};
use crate::store::{PAGE_LIMIT, Page, Store, StoreError};

/// Makes the file of a pack: encrypted, signed. It is called inside of a transaction.
pub trait PackMaker: Sync {
    /// Why it could not be made.
    type Fault: Send;

    /// The clearinghouse that it is of.
    fn clearinghouse(&self) -> &ClearinghouseId;

    /// The file. The recipient's key is SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    /// Why it could not be made; then nothing is stored.
    fn make(&self, pack: &LicensePack, recipient_key: &[u8]) -> Result<String, Self::Fault>;
}

/// The serial numbers of a pack begin where those of the one before it end.
const NEXT_SERIAL: &str = "SELECT next_serial FROM issued_packs ORDER BY next_serial DESC LIMIT 1";
const INSERT: &str = "INSERT INTO issued_packs (id, order_id, license_server, begin_serial, \
    next_serial, contents, file) VALUES ($1, $2, $3, $4, $5, $6, $7)";
const FILE: &str = "SELECT file FROM issued_packs WHERE order_id = $1";
const ONE: &str = "SELECT contents FROM issued_packs WHERE id = $1 OR order_id = $1";
const PAGE: &str = "SELECT contents FROM issued_packs WHERE ($1 = '' OR license_server = $1) \
    AND id > $2 ORDER BY id LIMIT $3";

impl Store {
    /// The pack file of an order: the same bytes each time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn pack_file(&self, order: OrderId) -> Result<Option<Vec<u8>>, StoreError> {
        let row = self.fetch_optional(sqlx::query(FILE).bind(order.to_string())).await?;
        row.map(|row| Columns(&row).bytes("file")).transpose()
    }

    /// The pack with that id, or of the order with that id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn pack(&self, id: &str) -> Result<Option<LicensePack>, StoreError> {
        let row = self.fetch_optional(sqlx::query(ONE).bind(id)).await?;
        row.map(|row| Columns(&row).json("contents")).transpose()
    }

    /// A page of packs, the oldest first, if need be those of one license server.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn packs(
        &self,
        license_server: Option<&LicenseServerId>,
        after: Option<PackId>,
    ) -> Result<Page<LicensePack>, StoreError> {
        let query = sqlx::query(PAGE)
            .bind(license_server.map_or("", LicenseServerId::as_str))
            .bind(after.map_or(String::new(), |id| id.to_string()))
            .bind(i64::from(PAGE_LIMIT) + 1);
        let rows = self.fetch_all(query).await?;
        let entries: Result<_, _> = rows.iter().map(|row| Columns(row).json("contents")).collect();
        Ok(Page::new(entries?, PAGE_LIMIT))
    }
}

/// Issues the pack of an order in the transaction of the connection.
pub(super) async fn issue<M: PackMaker>(
    connection: &mut AnyConnection,
    record: &OrderRecord,
    maker: &M,
    now: Instant,
) -> Result<Result<PackId, M::Fault>, StoreError> {
    let row = sqlx::query(NEXT_SERIAL).fetch_optional(&mut *connection).await?;
    let begin_serial = row.map_or(Ok(1), |row| Columns(&row).number("next_serial"))?;
    let pack = pack_of(record, maker.clearinghouse(), begin_serial, now);
    let file = match maker.make(&pack, &record.recipient_key) {
        Ok(file) => file,
        Err(fault) => return Ok(Err(fault)),
    };
    sqlx::query(INSERT)
        .bind(pack.pack_id.to_string())
        .bind(pack.order_id.to_string())
        .bind(pack.license_server.as_str())
        .bind(number(begin_serial))
        .bind(number(begin_serial + u64::from(pack.quantity)))
        .bind(json(&pack))
        .bind(file.as_bytes())
        .execute(connection)
        .await?;
    Ok(Ok(pack.pack_id))
}

/// Every field of SL Table 1 but the signature and the certificate.
fn pack_of(
    record: &OrderRecord,
    clearinghouse: &ClearinghouseId,
    begin_serial: u64,
    issued_at: Instant,
) -> LicensePack {
    let OrderRecord { order, terms, .. } = record;
    let (first_active_at, ends_at) = terms.dates(issued_at);
    LicensePack {
        format: FORMAT,
        pack_id: PackId::new(),
        clearinghouse: clearinghouse.clone(),
        order_id: order.order_id,
        license_server: order.license_server.clone(),
        issued_at,
        first_active_at,
        ends_at,
        begin_serial,
        quantity: order.quantity,
        descriptions: terms.descriptions.clone(),
        manufacturer: terms.manufacturer.clone(),
        family: terms.family.clone(),
        product: order.product.clone(),
    }
}
