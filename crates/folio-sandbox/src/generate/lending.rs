//! Circulation rules of the demo library, and their policies: everything that a check-out needs.

use serde_json::{Value, json};

use super::demo::{id, metadata};
use crate::facts::paths::{
    LOAN_POLICIES, LOST_POLICIES, NOTICE_POLICIES, OVERDUE_POLICIES, REQUEST_POLICIES,
};

/// The policies by the paths of their collections.
pub(crate) fn policies() -> Vec<(&'static str, Vec<Value>)> {
    let period =
        |duration: u32, interval: &str| json!({"duration": duration, "intervalId": interval});
    let four_weeks = json!({
        "id": id("loan-policy", "Four weeks"), "name": "Four weeks", "description": "Books, renewable twice",
        "loanable": true, "renewable": true,
        "loansPolicy": {
            "profileId": "Rolling", "period": period(4, "Weeks"),
            "closedLibraryDueDateManagementId": "END_OF_THE_NEXT_OPEN_DAY", "gracePeriod": period(1, "Days"),
        },
        "renewalsPolicy": {"unlimited": false, "numberAllowed": 2, "renewFromId": "CURRENT_DUE_DATE", "differentPeriod": false},
        "metadata": metadata(),
    });
    let reading_room = json!({
        "id": id("loan-policy", "Reading room"), "name": "Reading room", "description": "Not lent",
        "loanable": false, "renewable": false, "metadata": metadata(),
    });
    let requests = json!({
        "id": id("request-policy", "All requests"), "name": "All requests",
        "requestTypes": ["Hold", "Page", "Recall"], "metadata": metadata(),
    });
    let notices = json!({
        "id": id("notice-policy", "No notices"), "name": "No notices", "active": true,
        "loanNotices": [], "feeFineNotices": [], "requestNotices": [], "metadata": metadata(),
    });
    let overdue = json!({
        "id": id("overdue-policy", "No overdue fines"), "name": "No overdue fines",
        "countClosed": true, "forgiveOverdueFine": true, "gracePeriodRecall": true, "metadata": metadata(),
    });
    let lost = json!({
        "id": id("lost-policy", "No fees for lost items"), "name": "No fees for lost items",
        "chargeAmountItem": {"chargeType": "anotherCost", "amount": 0.0}, "lostItemProcessingFee": 0.0,
        "chargeAmountItemPatron": false, "chargeAmountItemSystem": false, "returnedLostItemProcessingFee": false,
        "replacedLostItemProcessingFee": false, "replacementProcessingFee": 0.0, "replacementAllowed": false,
        "lostItemReturned": "Charge", "metadata": metadata(),
    });
    vec![
        (LOAN_POLICIES, vec![four_weeks, reading_room]),
        (REQUEST_POLICIES, vec![requests]),
        (NOTICE_POLICIES, vec![notices]),
        (OVERDUE_POLICIES, vec![overdue]),
        (LOST_POLICIES, vec![lost]),
    ]
}

/// The text of the circulation rules: four weeks, except for the reading room.
pub(crate) fn rules() -> String {
    let lent = |policy: &str| {
        format!(
            "l {} r {} n {} o {} i {}",
            id("loan-policy", policy),
            id("request-policy", "All requests"),
            id("notice-policy", "No notices"),
            id("overdue-policy", "No overdue fines"),
            id("lost-policy", "No fees for lost items"),
        )
    };
    format!(
        "priority: number-of-criteria, criterium (t, s, c, b, a, m, g), last-line\nfallback-policy: {}\nt {}: {}",
        lent("Four weeks"),
        id("loan-type", "Reading room"),
        lent("Reading room"),
    )
}
