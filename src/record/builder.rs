//! Construction of records: the compiler checks that every required field is set.

use std::fmt;
use std::marker::PhantomData;

use crate::record::traits::Record;

/// A record under construction: `R::builder()` starts it, a function per required field sets the
/// field, and [`build`](Self::build) gives the record. It does not compile while a required field is
/// not set; the compiler names the field.
///
/// Optional fields are public: set them in the record. Nothing is sent of a field that is `None`.
///
/// ```
/// # #[cfg(feature = "users")] {
/// use folio_sdk::users::{User, Usergroup};
///
/// let mut group = Usergroup::builder().group("night shift").build();
/// group.desc = Some("People who work at night".to_owned());
///
/// let user = User { username: Some("ann".to_owned()), ..User::builder().build() };
/// # }
/// ```
///
/// ```compile_fail
/// # #[cfg(not(feature = "users"))] let () = 1;
/// # #[cfg(feature = "users")]
/// let group = folio_sdk::users::Usergroup::builder().build();
/// // error[E0277]: the required field `group` is not set
/// ```
#[must_use = "a record is built by `build`"]
pub struct RecordBuilder<R, S> {
    pub(crate) record: R,
    state: PhantomData<fn() -> S>,
}

impl<R: Record, S> RecordBuilder<R, S> {
    /// The record.
    #[inline]
    pub fn build(self) -> R
    where
        S: AllSet,
    {
        self.record
    }
}

impl<R: Record, S> fmt::Debug for RecordBuilder<R, S> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "RecordBuilder({})", R::NAME)
    }
}

/// A builder of the record in another state.
#[inline]
pub fn in_state<R, S>(record: R) -> RecordBuilder<R, S> {
    RecordBuilder {
        record,
        state: PhantomData,
    }
}

/// The state of a required field that is set.
#[derive(Debug)]
pub enum Set {}

/// States of a [`RecordBuilder`] in which every required field is set.
pub trait AllSet: sealed::AllSet {}

/// The state [`Set`] of a required field.
#[diagnostic::on_unimplemented(
    message = "the required field `{Self}` is not set",
    label = "call the function of the field before this",
    note = "`R::builder()` lists the required fields of a record `R`"
)]
pub trait IsSet: sealed::IsSet {}

impl IsSet for Set {}
impl AllSet for () {}
impl<F: IsSet, Rest: AllSet> AllSet for (F, Rest) {}

mod sealed {
    pub trait AllSet {}
    pub trait IsSet {}

    impl IsSet for super::Set {}
    impl AllSet for () {}
    impl<F: super::IsSet, Rest: super::AllSet> AllSet for (F, Rest) {}
}
