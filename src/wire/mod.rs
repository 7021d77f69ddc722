//! Requests and responses as values, and the facts of the descriptions about them. Nothing here
//! sends.

pub(crate) mod cause;
pub(crate) mod deletion;
pub(crate) mod described;
pub(crate) mod described_lists;
pub(crate) mod error;
pub(crate) mod headers;
pub(crate) mod login_failure;
pub(crate) mod long_running;
pub(crate) mod operation;
pub(crate) mod operation_table;
pub(crate) mod paging;
pub(crate) mod redirect;
pub(crate) mod rejection;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod retry;
pub(crate) mod retry_budget;
pub(crate) mod retry_decision;
pub(crate) mod same_record;
pub(crate) mod server_message;
pub(crate) mod target;
pub(crate) mod truncated;
