//! A request, a response, and the forms of the responses that many modules share.

pub(crate) mod message;
pub(crate) mod okapi;
pub(crate) mod rmb;
