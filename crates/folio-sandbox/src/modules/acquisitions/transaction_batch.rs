//! The body of a batch of transactions, and its validation.

use http::StatusCode;
use serde_json::Value;

use crate::facts::documents::routes;
use crate::jackson::{self, Reader};
use crate::modules::acquisitions::budgets::amount;
use crate::modules::acquisitions::errors::{bad, error, failed};
use crate::value::json::text_at;
use crate::wire::message::{HttpRequest, HttpResponse};
use crate::wire::rmb;

const BATCH: &str = "/finance-storage/transactions/batch-all-or-nothing";

/// The content of a batch.
pub(super) struct Batch {
    pub(super) create: Vec<Value>,
    pub(super) update: Vec<Value>,
    pub(super) delete: Vec<String>,
}

impl Batch {
    pub(super) fn read(request: &HttpRequest) -> Result<Self, HttpResponse> {
        if let Some(response) = rmb::wrong_content_type(request) {
            return Err(response);
        }
        let value = jackson::parse(&request.body)?;
        let Some((document, schema)) = routes().body_of("mod-finance-storage", BATCH, "post")
        else {
            return Err(HttpResponse::empty(StatusCode::NOT_IMPLEMENTED));
        };
        let mut reader = Reader::new(routes());
        let read = reader.record(document, schema, "Batch", &value, None)?;
        let list = |name: &str| -> Vec<Value> {
            read.get(name)
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default()
        };
        if !list("transactionPatches").is_empty() {
            return Err(failed("transactionPatches: not implemented"));
        }
        let batch = Self {
            create: list("transactionsToCreate"),
            update: list("transactionsToUpdate"),
            delete: list("idsOfTransactionsToDelete")
                .iter()
                .filter_map(|id| id.as_str().map(str::to_owned))
                .collect(),
        };
        if batch.create.is_empty() && batch.update.is_empty() && batch.delete.is_empty() {
            return Err(bad(
                "At least one of the batch operations needs to be used.",
            ));
        }
        batch.check()?;
        Ok(batch)
    }

    fn check(&self) -> Result<(), HttpResponse> {
        if self.create.iter().any(|one| text_at(one, "id").is_none()) {
            return Err(error(
                StatusCode::BAD_REQUEST,
                "Id is required in transactions to create.",
                "idIsRequiredInTransactions",
                &[],
            ));
        }
        // The reader takes metadata away from records alone: here it has to be there.
        if let Some(one) = self.update.iter().find(|one| one.get("metadata").is_none()) {
            let id = text_at(one, "id").unwrap_or_default();
            return Err(bad(&format!(
                "At least one transaction to update does not have metadata, id={id}"
            )));
        }
        for one in &self.create {
            let kind = text_at(one, "transactionType").unwrap_or_default();
            if kind == "Allocation" && amount(one, "/amount") <= 0 {
                return Err(error(
                    StatusCode::BAD_REQUEST,
                    "Allocation amount must be greater than zero",
                    "allocationMustBePositive",
                    &[("fieldName", "amount")],
                ));
            }
        }
        Ok(())
    }
}
