//! With a flattened map that keeps unknown fields, as a client must that loses nothing.

use serde::{Deserialize, Serialize};

use crate::baseline::metadata::{AdditionalFields, Metadata};
use crate::baseline::records::records;

records! {
    #[serde(flatten)]
    pub(crate) extra: AdditionalFields,
}
