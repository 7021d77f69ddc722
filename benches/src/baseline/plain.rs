//! Without the map that keeps unknown fields.

use serde::{Deserialize, Serialize};

use crate::baseline::metadata::Metadata;
use crate::baseline::records::records;

records! {}
