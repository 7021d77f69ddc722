//! With a flattened map that keeps unknown fields, as a client must that loses nothing.

use serde::{Deserialize, Serialize};

use crate::baseline::metadata::{Extra, Metadata};
use crate::baseline::records::records;

records! {
    #[serde(flatten)]
    pub(crate) extra: Extra,
}
