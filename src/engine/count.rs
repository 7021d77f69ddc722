//! Counts the records that a DELETE by query would delete, before it is sent: the text of a query
//! does not reveal their number (`title=*`, `id==""` and `starts_with("")` match everything).

use std::pin::Pin;

use serde::Deserialize;

use crate::engine::call::BodyReading;
use crate::engine::session::Session;
use crate::engine::tenant::Tenant;
use crate::wire::deletion::{self, Bound};
use crate::wire::error::{Error, Result};
use crate::wire::request::Request;

impl Session {
    /// Returns an error if the query matches more than is allowed, or if that cannot be determined.
    ///
    /// With `limit=0` RMB counts exactly, with and without a query (recorded: lists.jsonl).
    pub(crate) fn check_bound<'a>(
        &'a self,
        tenant: &'a Tenant,
        request: &'a Request,
        bound: Bound,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> {
        Box::pin(async move {
            let matching = self.count(tenant, request, true).await?;
            let all = match bound {
                Bound::NotAll if matching > 0 => Some(self.count(tenant, request, false).await?),
                _ => None,
            };
            match deletion::beyond(bound, matching, all) {
                None => Ok(()),
                Some(problem) => Err(Error::request(
                    request.exchange(self.gateway.base()),
                    problem,
                )),
            }
        })
    }

    async fn count(&self, tenant: &Tenant, request: &Request, matching: bool) -> Result<u64> {
        let uncounted = |why: String| {
            Error::request(
                request.exchange(self.gateway.base()),
                format!(
                    "the records to delete could not be counted, so nothing was deleted: {why}"
                ),
            )
            .with_help("`Deletion::All` deletes without counting")
        };
        let count = request.count(matching);
        match self
            .send_with_retries(tenant, &count, BodyReading::Whole)
            .await
        {
            Ok((response, _)) => total(response.body())
                .ok_or_else(|| uncounted("the response has no `totalRecords`".to_owned())),
            // The server's error about the query, or a connection failure, is returned unchanged.
            Err(error) => Err(error.before_deletion()),
        }
    }
}

/// The number of records that a list states, in one of the two places that FOLIO's modules use.
fn total(body: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct List {
        total_records: Option<u64>,
        result_info: Option<ResultInfo>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct ResultInfo {
        total_records: Option<u64>,
    }
    let list: List = serde_json::from_slice(body).ok()?;
    list.total_records
        .or_else(|| list.result_info?.total_records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_found_where_modules_write_it() {
        assert_eq!(total(br#"{"users": [], "totalRecords": 5}"#), Some(5));
        assert_eq!(
            total(br#"{"items": [], "resultInfo": {"totalRecords": 7}}"#),
            Some(7)
        );
        assert_eq!(total(br#"{"items": []}"#), None);
        assert_eq!(total(b"[]"), None);
    }
}
