//! What is known of the images in the client image cache 120.

use sqlx::AnyConnection;
use trybuy_formats::ids::{ClientSoftwareId, Digest};
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::client_image::ClientImage;

use crate::store::columns::{Columns, json};
use crate::store::transaction::{Finish, Operation};
use crate::store::{PAGE_LIMIT, Store, StoreError};

/// An image to be added.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewClientImage {
    /// What its vendor says of it.
    pub image: ClientImage,
    /// The vendor's signed words.
    pub statement: String,
    /// When it is added.
    pub added_at: Instant,
}

const INSERT: &str = "INSERT INTO client_images (software_id, digest, image, statement, added_at) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (software_id) DO NOTHING";
const ONE: &str = "SELECT image FROM client_images WHERE software_id = $1";
const LIST: &str =
    "SELECT image FROM client_images WHERE software_id > $1 ORDER BY software_id LIMIT $2";
const REMOVE: &str = "DELETE FROM client_images WHERE software_id = $1";
const WITH_DIGEST: &str = "SELECT software_id FROM client_images WHERE digest = $1 LIMIT 1";

impl Store {
    /// Adds an image. Answers whether its software id is new, or has that same image already.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_client_image(&self, new: &NewClientImage) -> Result<bool, StoreError> {
        let query = sqlx::query(INSERT)
            .bind(new.image.software_id.to_string())
            .bind(new.image.digest.to_string())
            .bind(json(&new.image))
            .bind(new.statement.as_str())
            .bind(new.added_at.unix());
        if self.execute(query).await?.rows_affected() == 1 {
            return Ok(true);
        }
        let known = self.client_image(new.image.software_id).await?;
        Ok(known.is_some_and(|known| known.digest == new.image.digest))
    }

    /// The image of a client's software (SL Fig. 7, step 222).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn client_image(
        &self,
        software: ClientSoftwareId,
    ) -> Result<Option<ClientImage>, StoreError> {
        let row = self.fetch_optional(sqlx::query(ONE).bind(software.to_string())).await?;
        row.map(|row| Columns(&row).json("image")).transpose()
    }

    /// A page of the images, by software id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn client_images(
        &self,
        after: Option<ClientSoftwareId>,
    ) -> Result<Vec<ClientImage>, StoreError> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let query = sqlx::query(LIST).bind(after).bind(i64::from(PAGE_LIMIT));
        let rows = self.fetch_all(query).await?;
        rows.iter().map(|row| Columns(row).json("image")).collect()
    }

    /// Removes an image. Answers whether there was one, and its digest if no other software id has it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_client_image(
        &self,
        software: ClientSoftwareId,
    ) -> Result<Option<Option<Digest>>, StoreError> {
        self.write(&Remove(software)).await
    }
}

struct Remove(ClientSoftwareId);

impl Operation for Remove {
    type Answer = Option<Option<Digest>>;

    async fn run(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<Finish<Self::Answer>, StoreError> {
        let id = self.0.to_string();
        let row = sqlx::query(ONE).bind(id.as_str()).fetch_optional(&mut *connection).await?;
        let Some(row) = row else { return Ok(Finish::RollBack(None)) };
        let image: ClientImage = Columns(&row).json("image")?;
        sqlx::query(REMOVE).bind(id).execute(&mut *connection).await?;
        let digest = image.digest.to_string();
        let other = sqlx::query(WITH_DIGEST).bind(digest).fetch_optional(connection).await?;
        Ok(Finish::Commit(Some(other.is_none().then_some(image.digest))))
    }
}
