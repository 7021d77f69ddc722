//! Paths of collections that the code names.

pub(crate) const ITEMS: &str = "/item-storage/items";
pub(crate) const HOLDINGS: &str = "/holdings-storage/holdings";
pub(crate) const INSTANCES: &str = "/instance-storage/instances";
pub(crate) const LOANS: &str = "/loan-storage/loans";
pub(crate) const REQUESTS: &str = "/request-storage/requests";
pub(crate) const SERVICE_POINTS: &str = "/service-points";
pub(crate) const LOCATIONS: &str = "/locations";
pub(crate) const USERS: &str = "/users";
pub(crate) const LOAN_POLICIES: &str = "/loan-policy-storage/loan-policies";
pub(crate) const REQUEST_POLICIES: &str = "/request-policy-storage/request-policies";
pub(crate) const NOTICE_POLICIES: &str = "/patron-notice-policy-storage/patron-notice-policies";
pub(crate) const OVERDUE_POLICIES: &str = "/overdue-fines-policies";
pub(crate) const LOST_POLICIES: &str = "/lost-item-fees-policies";
/// The instances that items are bound with.
pub(crate) const BOUND_WITH: &str = "/inventory-storage/bound-with-parts";
pub(crate) const PERMISSIONS: &str = "/perms/users";
pub(crate) const PO_LINES: &str = "/orders-storage/po-lines";
pub(crate) const BUDGETS: &str = "/finance-storage/budgets";
