//! Licenses that are none any more: revoked by the operator, or replaced by an upgrade.

use sqlx::AnyConnection;
use trybuy_formats::certificates::{RevocationReason, Serial};
use trybuy_formats::ids::{ClientId, Note, ProductId, SeatLicenseId};
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::LicenseServerSecret;

use super::assignments::{self, Assignment};
use super::bars::{self, Bar};
use super::chain::{Chain, Chained, ChainedOperation};
use super::decisions::{DecisionOutcome, LicenseDecision};
use super::license_certificates;
use super::seats::{self, Seat};
use super::temporary::{self, TemporaryLicense};
use super::upgrades;
use crate::store::columns::{Columns, number};
use crate::store::{Store, StoreError};

/// A license to be revoked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Revocation {
    /// Its id.
    pub license_id: SeatLicenseId,
    /// Whose it is, where that has to be said.
    pub client: Option<ClientId>,
    /// Why, in the operator's words.
    pub note: Note,
    /// Whether its client gets no other license of the product until it is readmitted.
    pub bars: bool,
    /// Now.
    pub now: Instant,
}

/// How a revocation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Revoked {
    /// The license is revoked, and its seat is free, unless somebody else has it too.
    Done,
    /// There is no such license.
    NotFound,
    /// It was revoked before.
    Before,
    /// Two clients have a license with that id.
    Ambiguous,
}

/// A certificate that is on the revocation list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RevokedCertificate {
    /// Its serial number.
    pub serial: Serial,
    /// When it was revoked.
    pub revoked_at: Instant,
    /// Why; none where that was not kept.
    pub reason: Option<RevocationReason>,
}

const LIST: &str = "SELECT serial, revoked_at, reason FROM revoked_certificates \
    WHERE ends_at >= $1 ORDER BY revoked_at, serial";
/// What the operator revokes is a license, which is a privilege: its client's key may be as good as before.
const TAKEN_BACK: RevocationReason = RevocationReason::PrivilegeWithdrawn;
/// Declares a query of all licenses of the seat `$1`, `$2`: each half has an index of its own.
macro_rules! of_seat {
    ($select:literal, $conditions:literal) => {
        concat!(
            $select,
            "(SELECT certificate_serial, license_id, turn, granted_twice, revoked_at \
             FROM license_assignments WHERE pack_id = $1 AND serial = $2 AND granted_twice = 0 \
             UNION ALL SELECT certificate_serial, license_id, turn, granted_twice, revoked_at \
             FROM license_assignments WHERE pack_id = $1 AND serial = $2 AND granted_twice = 1) \
             AS of_seat",
            $conditions
        )
    };
}
/// Of the other licenses of a seat the one that has it. Of those that have not, the one of the last turn is nearest: the
/// others were revoked once, by a license server that has forgotten it.
const NEXT: &str = of_seat!(
    "SELECT certificate_serial FROM ",
    " WHERE revoked_at IS NULL AND certificate_serial <> $3 \
     ORDER BY granted_twice, turn DESC, certificate_serial LIMIT 1"
);
const GREATEST_TURN: &str = of_seat!("SELECT COALESCE(MAX(turn), 0) AS turn FROM ", "");
const SET_TWICE: &str =
    "UPDATE license_assignments SET granted_twice = $2 WHERE certificate_serial = $1";

impl Store {
    /// Revokes a license and gives its seat back, with a record.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revoke_license(
        &self,
        secret: &LicenseServerSecret,
        revocation: &Revocation,
    ) -> Result<Revoked, StoreError> {
        self.write(&Chained { secret, operation: revocation }).await
    }

    /// The certificates that are revoked and would not have ended yet. They are good in the second of their end too.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revoked_certificates(
        &self,
        now: Instant,
    ) -> Result<Vec<RevokedCertificate>, StoreError> {
        let rows = self.fetch_all(sqlx::query(LIST).bind(now.unix())).await?;
        let read = |columns: Columns<'_>| {
            let (serial, revoked_at) = (columns.text("serial")?, columns.instant("revoked_at")?);
            Ok(RevokedCertificate { serial, revoked_at, reason: columns.optional_text("reason")? })
        };
        rows.iter().map(|row| read(Columns(row))).collect()
    }
}

impl ChainedOperation for Revocation {
    type Answer = Revoked;

    async fn run(
        &self,
        connection: &mut AnyConnection,
        chain: &mut Chain<'_>,
    ) -> Result<Revoked, StoreError> {
        if self.license_id.pack().is_none() {
            return self.revoke_temporary(connection, chain).await;
        }
        let mut rows = assignments::of_license(connection, self.license_id).await?;
        rows.retain(|row| self.client.is_none_or(|client| client == row.client_id));
        let is_known = !rows.is_empty();
        rows.retain(|row| row.revoked_at.is_none());
        let row = match rows.as_slice() {
            [row] => row,
            [] if is_known => return Ok(Revoked::Before),
            [] => return Ok(Revoked::NotFound),
            _ => return Ok(Revoked::Ambiguous),
        };
        assignments::revoke(connection, &row.certificate_serial, self.now).await?;
        license_certificates::revoke_all(connection, row, TAKEN_BACK, self.now).await?;
        leave_seat(connection, row, self.now).await?;
        chain.append(self.decision(Some(row)));
        self.bar(connection, chain, row.client_id, &row.product_id).await?;
        Ok(Revoked::Done)
    }
}

impl Revocation {
    /// A temporary license stays the only one of its client.
    async fn revoke_temporary(
        &self,
        connection: &mut AnyConnection,
        chain: &mut Chain<'_>,
    ) -> Result<Revoked, StoreError> {
        let found = temporary::of_license(connection, self.license_id).await?;
        let Some(license) = found else { return Ok(Revoked::NotFound) };
        if !self.take_temporary(connection, chain, &license).await? {
            return Ok(Revoked::Before);
        }
        self.bar(connection, chain, license.client_id, &license.product_id).await?;
        Ok(Revoked::Done)
    }

    /// Revokes a temporary license. Answers whether it had not been revoked before.
    async fn take_temporary(
        &self,
        connection: &mut AnyConnection,
        chain: &mut Chain<'_>,
        license: &TemporaryLicense,
    ) -> Result<bool, StoreError> {
        if !license_certificates::revoke_all(connection, license, TAKEN_BACK, self.now).await? {
            return Ok(false);
        }
        chain.append(LicenseDecision {
            client_id: Some(license.client_id),
            product_id: Some(license.product_id.clone()),
            license_id: Some(license.license_id),
            ..self.decision(None)
        });
        Ok(true)
    }

    /// Gives the client nothing more, and takes the temporary license that it has besides.
    async fn bar(
        &self,
        connection: &mut AnyConnection,
        chain: &mut Chain<'_>,
        client_id: ClientId,
        product_id: &ProductId,
    ) -> Result<(), StoreError> {
        if !self.bars {
            return Ok(());
        }
        if let Some(license) = temporary::of_client(connection, client_id, product_id).await? {
            self.take_temporary(connection, chain, &license).await?;
        }
        let (license_id, product_id) = (self.license_id, product_id.clone());
        let bar = Bar { client_id, product_id, license_id, barred_at: self.now };
        bars::add(connection, &bar).await
    }

    fn decision(&self, row: Option<&Assignment>) -> LicenseDecision {
        LicenseDecision {
            client_id: row.map(|row| row.client_id),
            product_id: row.map(|row| row.product_id.clone()),
            pack_id: row.map(|row| row.pack_id),
            license_id: Some(self.license_id),
            note: Some(self.note.clone()),
            ..LicenseDecision::of(DecisionOutcome::Revoked, self.now)
        }
    }
}

/// The seat of a revoked license is that of another client that has it too, or else free. So are the seats of the
/// upgrade licenses that it used.
async fn leave_seat(
    connection: &mut AnyConnection,
    row: &Assignment,
    now: Instant,
) -> Result<(), StoreError> {
    let seat = row.seat();
    let next = sqlx::query(NEXT)
        .bind(seat.pack.to_string())
        .bind(number(seat.serial))
        .bind(row.certificate_serial.to_string())
        .fetch_optional(&mut *connection)
        .await?;
    match next {
        Some(next) => {
            let next = Columns(&next).text("certificate_serial")?;
            leave_seat_to(connection, &row.certificate_serial, &next).await?;
        }
        None => give_back(connection, seat).await?,
    }
    upgrades::give_back(connection, row, now).await
}

/// The next license of the seat has another id than every one before, also than those of later turns that a restored
/// license server came to know of.
async fn give_back(connection: &mut AnyConnection, seat: Seat) -> Result<(), StoreError> {
    let row = sqlx::query(GREATEST_TURN)
        .bind(seat.pack.to_string())
        .bind(number(seat.serial))
        .fetch_one(&mut *connection)
        .await?;
    let turn = Columns(&row).number::<u32>("turn")?.max(seat.turn);
    seats::give_back(connection, Seat { turn, ..seat }).await
}

/// The other of two licenses of a seat is the one that has it.
async fn leave_seat_to(
    connection: &mut AnyConnection,
    revoked: &Serial,
    other: &Serial,
) -> Result<(), StoreError> {
    for (serial, twice) in [(revoked, 1_i64), (other, 0)] {
        sqlx::query(SET_TWICE)
            .bind(serial.to_string())
            .bind(twice)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Puts the upgraded license in the place of the old one. Of the certificates from before, those that end no later than the
/// upgrade are good no more; those that do are what the license is afterwards.
pub(super) async fn supersede(
    connection: &mut AnyConnection,
    old: &Assignment,
    row: &Assignment,
) -> Result<(), StoreError> {
    if row.ends_before(old) {
        license_certificates::note(connection, old).await?;
    } else {
        let reason = RevocationReason::Superseded;
        license_certificates::revoke(connection, old, reason, row.issued_at).await?;
    }
    license_certificates::supersede_others(connection, row, row.issued_at).await?;
    assignments::replace(connection, &old.certificate_serial, row).await
}
