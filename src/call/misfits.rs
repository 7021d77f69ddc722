//! Reports what of a response does not fit its description.

use crate::paging::PageBody;
use crate::record::lenient::{self, Noted};
use crate::wire::error::Result;
use crate::wire::response::Response;

/// Logs what of the response, which was read since, does not fit its description. What was found
/// since and belongs to no record is an error if it is the response itself.
#[cold]
pub(super) fn note_misfits(response: &Response, noted: Noted, found: usize) -> Result<()> {
    if let Some(problem) = lenient::whole_problem(found) {
        return Err(response.wrong(serde::de::Error::custom(problem)));
    }
    if let Some(items) = response
        .exchange()
        .operation
        .paging
        .and_then(|paging| paging.items)
    {
        // A list without its records would look like an empty one.
        let page = PageBody::new(response, Some(items.into()), "id".into(), 0, false);
        page.outline()?;
    }
    let (all, left_out) = noted
        .since()
        .map_or((0, 0), |noted| (noted.all(), noted.left_out()));
    let operation = response.exchange().operation.name;
    if left_out > 0 {
        tracing::warn!(
            operation,
            left_out,
            "records of the response are no objects and are left out of its lists: `mistyped()` gives them"
        );
    } else if all > 0 {
        tracing::debug!(
            operation,
            all,
            "the response does not fit its description: `missing()` and `mistyped()` give where"
        );
    }
    Ok(())
}
