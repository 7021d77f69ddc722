//! Creates a purchase order with two lines, opens it, and reads what it encumbers.

use folio_sdk::finance_storage::Transaction;
use folio_sdk::orders::{
    CompositePurchaseOrder, CompositePurchaseOrderOrderType, Cost, FundDistribution,
    FundDistributionDistributionType, OrderFormat, PoLine, PoLineSource, WorkflowStatus,
};
use folio_sdk::{FolioClient, Id, List, Number, cql};
use futures_util::TryStreamExt;

use crate::Outcome;

/// What is ordered.
#[derive(Debug, Clone)]
pub struct Title {
    /// The title.
    pub title: String,
    /// The price of a copy.
    pub price: Number,
    /// How many copies.
    pub copies: i64,
}

/// Orders titles from a vendor, paid from a fund; gives the order and its encumbrances.
///
/// # Errors
/// A request failed. The order may exist by then, not opened.
pub async fn run(
    folio: &FolioClient,
    vendor: &Id,
    method: &Id,
    fund: &Id,
    titles: Vec<Title>,
) -> Outcome<(CompositePurchaseOrder, Vec<Transaction>)> {
    let orders = folio.orders();
    let mut order = CompositePurchaseOrder::builder()
        .vendor(vendor.clone())
        .order_type(CompositePurchaseOrderOrderType::OneTime)
        .build();
    order.id = Some(Id::new_v4());
    let order = orders.create_composite_order().body(&order).send().await?;
    let id = order.id.clone().unwrap_or_default();
    for title in titles {
        let mut cost = Cost::builder().currency("USD").build();
        cost.list_unit_price = Some(title.price);
        cost.quantity_physical = Some(title.copies);
        let mut line = PoLine::builder()
            .title_or_package(title.title)
            .acquisition_method(method.clone())
            .order_format(OrderFormat::PhysicalResource)
            .source(PoLineSource::User)
            .cost(cost)
            .build();
        line.id = Some(Id::new_v4());
        line.purchase_order_id = Some(id.clone());
        line.fund_distribution = List::from([FundDistribution::builder()
            .fund_id(fund.clone())
            .distribution_type(FundDistributionDistributionType::Percentage)
            .value(100)
            .build()]);
        orders.create_order_line().body(&line).send().await?;
    }
    // Read again, now with its lines: all that is sent replaces what is there.
    let mut order = orders.get_composite_order(&id).send().await?;
    order.workflow_status = Some(WorkflowStatus::Open);
    orders
        .update_composite_order(&id)
        .body(&order)
        .send()
        .await?;
    let order = orders.get_composite_order(&id).send().await?;
    let query = cql::field("transactionType")
        .eq("Encumbrance")
        .and(cql::field("encumbrance.sourcePurchaseOrderId").eq(&id));
    let encumbrances = folio
        .finance_storage()
        .list_transactions()
        .query(query)
        .stream();
    Ok((order, encumbrances.try_collect().await?))
}
