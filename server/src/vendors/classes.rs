//! Classes of licensees.

use trybuy_formats::api::ClassesAnswer;
use trybuy_formats::ids::Label;
use trybuy_formats::slug::Slug;
use trybuy_formats::subject::Subject;

use crate::app::App;
use crate::refusal::Refusal;
use crate::store::{ClassRemoved, MemberAdded, StoreError, Vendor};

/// Why a class is not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClassError {
    /// There is none of that name.
    #[error("there is no class `{0}`")]
    NoClass(Label),
    /// The subject is no member.
    #[error("`{0}` is no member of the class")]
    NoMember(Subject),
    /// An application has a policy for it.
    #[error("an application has a policy for the class `{0}`")]
    InUse(Label),
    /// A vendor has at most 1000 classes.
    #[error("there are 1000 classes, and no room for another one")]
    Full,
    /// The classes of a vendor have at most 50,000 members.
    #[error("there are 50,000 members in classes, and no room for another one")]
    NoRoom,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// The classes of a vendor.
///
/// # Errors
/// When the store fails.
pub async fn classes_of(app: &App, vendor: &Vendor) -> Result<ClassesAnswer, ClassError> {
    Ok(ClassesAnswer { classes: app.store.classes(vendor.id).await? })
}

/// Makes a class, or gives it another rank.
///
/// # Errors
/// When there is no room.
pub async fn set_class(
    app: &App,
    vendor: &Vendor,
    name: &Label,
    rank: u32,
) -> Result<(), ClassError> {
    if app.store.set_class(vendor.id, name, rank).await? { Ok(()) } else { Err(ClassError::Full) }
}

/// Removes a class that no policy is for.
///
/// # Errors
/// When there is none, or a policy is for it.
pub async fn remove_class(app: &App, vendor: &Vendor, name: &Label) -> Result<(), ClassError> {
    match app.store.remove_class(vendor.id, name).await? {
        ClassRemoved::Done => Ok(()),
        ClassRemoved::NoClass => Err(ClassError::NoClass(name.clone())),
        ClassRemoved::InUse => Err(ClassError::InUse(name.clone())),
    }
}

/// Adds a member to a class.
///
/// # Errors
/// When there is no such class, or no room in it.
pub async fn add_member(
    app: &App,
    vendor: &Vendor,
    class: &Label,
    member: &Subject,
) -> Result<(), ClassError> {
    match app.store.add_member(vendor.id, class, member).await? {
        MemberAdded::Done => Ok(()),
        MemberAdded::NoClass => Err(ClassError::NoClass(class.clone())),
        MemberAdded::Full => Err(ClassError::NoRoom),
    }
}

/// Takes a member out of a class.
///
/// # Errors
/// When it is none.
pub async fn remove_member(
    app: &App,
    vendor: &Vendor,
    class: &Label,
    member: &Subject,
) -> Result<(), ClassError> {
    let removed = app.store.remove_member(vendor.id, class, member).await?;
    if removed { Ok(()) } else { Err(ClassError::NoMember(member.clone())) }
}

impl Refusal for ClassError {
    fn slug(&self) -> Slug {
        match self {
            Self::NoClass(_) | Self::NoMember(_) => Slug::NotFound,
            Self::InUse(_) => Slug::BadRequest,
            Self::Full | Self::NoRoom => Slug::TooLarge,
            Self::Store(_) => Slug::ServerError,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::NoClass(_) | Self::NoMember(_) => "`trybuy-vendor class list` shows all",
            Self::NoRoom => {
                "make one domain such as @example.edu a member in place of its addresses"
            }
            Self::InUse(_) => "remove those policies with `trybuy-vendor policy remove` first",
            Self::Full => "remove one that is not needed with `trybuy-vendor class remove`",
            Self::Store(_) => return None,
        };
        Some(help.to_owned())
    }
}
