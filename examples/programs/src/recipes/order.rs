//! A purchase order from its creation to the receipt of its pieces.

use folio_sdk::orders::{
    CompositePurchaseOrder, CompositePurchaseOrderOrderType, Cost, OrderFormat, PoLine,
    PoLineSource, WorkflowStatus,
};
use folio_sdk::{FolioClient, Id, Number, cql};
use futures_util::TryStreamExt;
use serde_json::json;

use crate::Outcome;

/// Creates an order with one line, and opens it; gives its id. An order is opened by an update of
/// its status: FOLIO then encumbers the funds and creates the pieces that are expected.
///
/// # Errors
/// A request failed. The order may exist by then, and is not open.
pub async fn create_and_open(
    folio: &FolioClient,
    vendor: &Id,
    acquisition_method: &Id,
    title: &str,
    price: Number,
) -> Outcome<Id> {
    let orders = folio.orders();
    let mut order = CompositePurchaseOrder::builder()
        .vendor(vendor.clone())
        .order_type(CompositePurchaseOrderOrderType::OneTime)
        .build();
    // With ids of its own, a POST whose response is lost can be found again.
    let id = Id::new_v4();
    order.id = Some(id.clone());
    orders.create_composite_order().body(&order).send().await?;

    let mut cost = Cost::builder().currency("USD").build();
    cost.list_unit_price = Some(price);
    cost.quantity_physical = Some(1);
    let mut line = PoLine::builder()
        .title_or_package(title)
        .acquisition_method(acquisition_method.clone())
        .order_format(OrderFormat::PhysicalResource)
        .source(PoLineSource::User)
        .cost(cost)
        .build();
    line.id = Some(Id::new_v4());
    line.purchase_order_id = Some(id.clone());
    orders.create_order_line().body(&line).send().await?;

    // The PUT replaces the whole order: it is read again, with its line and its number.
    let mut order = orders.get_composite_order(&id).send().await?;
    order.workflow_status = Some(WorkflowStatus::Open);
    orders
        .update_composite_order(&id)
        .body(&order)
        .send()
        .await?;
    Ok(id)
}

/// Receives all pieces of an order that are expected; gives how many were received.
///
/// # Errors
/// A request failed, or FOLIO could not receive a piece.
pub async fn receive(folio: &FolioClient, order: &Id) -> Outcome<usize> {
    let orders = folio.orders();
    let expected = cql::field("poLine.purchaseOrderId")
        .eq(order)
        .and(cql::field("receivingStatus").eq("Expected"));
    let pieces: Vec<_> = orders
        .list_pieces()
        .query(expected)
        .stream()
        .try_collect()
        .await?;
    let mut received = 0;
    for piece in pieces {
        let item = json!({"pieceId": piece.id, "locationId": piece.location_id, "itemStatus": "In process"});
        let line = json!({"poLineId": piece.po_line_id, "received": 1, "receivedItems": [item]});
        let request = json!({"toBeReceived": [line], "totalRecords": 1});
        let request = serde_json::from_value(request)?;
        let results = orders.receive_orders().body(&request).send().await?;
        // 200 also where a piece could not be received: the result tells.
        let failed: i64 = results
            .receiving_results
            .iter()
            .map(|line| line.processed_with_error.unwrap_or_default())
            .sum();
        if failed > 0 {
            let results = serde_json::to_string(&results)?;
            return Err(format!("a piece was not received: {results}").into());
        }
        received += 1;
    }
    Ok(received)
}
