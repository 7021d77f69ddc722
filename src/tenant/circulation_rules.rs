//! The policy that the circulation rules select for a kind of item, loan, patron and location.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::Value;

use crate::call::mode::Mode;
#[cfg(feature = "blocking")]
use crate::call::mode::in_mode;
use crate::client::FolioClient;
use crate::client::marker::{Async, erased};
use crate::engine::cache::CacheKey;
use crate::record::scalar::Id;
use crate::wire::error::{Error, Result};
use crate::wire::operation::Operation;
use crate::wire::request::Request;

/// The default TTL of a cached response.
const MAX_AGE: Duration = Duration::from_secs(600);

/// The parameters of the rules. All four are required: the server rejects a request without one of
/// them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RuleParameters {
    /// The material type of the item (`item_type_id`).
    pub material_type: Id,
    /// The loan type of the item, or its temporary one if it has one (`loan_type_id`).
    pub loan_type: Id,
    /// The patron group of the user (`patron_type_id`).
    pub patron_group: Id,
    /// The effective location of the item (`location_id`).
    pub location: Id,
}

/// The policy that a rule selects.
#[derive(Debug, Clone, PartialEq)]
pub struct AppliedPolicy {
    id: Id,
    conditions: Value,
}

impl AppliedPolicy {
    /// The identifier of the policy.
    pub fn id(&self) -> &Id {
        &self.id
    }

    /// The parameters that the matching rule uses (`appliedRuleConditions`), as the server states
    /// them; null if it does not.
    pub fn conditions(&self) -> &Value {
        &self.conditions
    }
}

/// The circulation rules of a tenant, returned by [`FolioClient::circulation_rules`].
///
/// A response is cached for [10 minutes](Self::max_age), per parameters, tenant and policy, in the
/// same cache as [reference data](crate::ReferenceData): a job that processes a million loans sends
/// some hundred requests.
///
/// ```no_run
/// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
/// use folio_sdk::{ReferenceData, RuleParameters};
///
/// let reference = folio.reference_data();
/// let parameters = RuleParameters {
///     material_type: reference.id_of(&ReferenceData::MATERIAL_TYPES, "book").await?,
///     loan_type: reference.id_of(&ReferenceData::LOAN_TYPES, "Can circulate").await?,
///     patron_group: reference.id_of(&ReferenceData::PATRON_GROUPS, "undergrad").await?,
///     location: reference.location_id("MAIN/STACKS").await?,
/// };
/// let policy = folio.circulation_rules().loan_policy(&parameters).await?;
/// println!("{}", policy.id());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct CirculationPolicies<M = Async> {
    #[cfg_attr(
        not(feature = "blocking"),
        allow(dead_code, reason = "only the blocking client reads it")
    )]
    pub(crate) mode: M,
    client: FolioClient,
    max_age: Duration,
}

impl FolioClient {
    /// The circulation rules of this handle's tenant.
    pub fn circulation_rules(&self) -> CirculationPolicies {
        CirculationPolicies {
            mode: Async,
            client: self.clone(),
            max_age: MAX_AGE,
        }
    }
}

/// The kind of policy, and the key of its identifier in the response.
struct PolicyReference {
    operation: Operation,
    key: &'static str,
}

impl PolicyReference {
    const fn new(name: &'static str, path: &'static str, key: &'static str) -> Self {
        Self {
            operation: Operation::new(name, Method::GET, path),
            key,
        }
    }
}

static LOAN: PolicyReference = PolicyReference::new(
    "loan_policy",
    "/circulation/rules/loan-policy",
    "loanPolicyId",
);
static REQUEST: PolicyReference = PolicyReference::new(
    "request_policy",
    "/circulation/rules/request-policy",
    "requestPolicyId",
);
static NOTICE: PolicyReference = PolicyReference::new(
    "notice_policy",
    "/circulation/rules/notice-policy",
    "noticePolicyId",
);
static OVERDUE: PolicyReference = PolicyReference::new(
    "overdue_fine_policy",
    "/circulation/rules/overdue-fine-policy",
    "overdueFinePolicyId",
);
static LOST: PolicyReference = PolicyReference::new(
    "lost_item_policy",
    "/circulation/rules/lost-item-policy",
    "lostItemPolicyId",
);

#[cfg(feature = "blocking")]
in_mode!(CirculationPolicies<> { client, max_age });

impl<M: Mode> CirculationPolicies<M> {
    /// The TTL of a cached response, 10 minutes by default. [`Duration::ZERO`] bypasses the cache.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }
}

impl CirculationPolicies {
    /// The loan policy.
    ///
    /// # Errors
    /// The server's error: for parameters that are not UUIDs, or if the rules cannot be read.
    #[doc(alias = "get_loan_policy_id")]
    pub async fn loan_policy(&self, parameters: &RuleParameters) -> Result<Arc<AppliedPolicy>> {
        self.policy(&LOAN, parameters).await
    }

    /// The request policy.
    ///
    /// # Errors
    /// As [`loan_policy`](Self::loan_policy).
    pub async fn request_policy(&self, parameters: &RuleParameters) -> Result<Arc<AppliedPolicy>> {
        self.policy(&REQUEST, parameters).await
    }

    /// The notice policy.
    ///
    /// # Errors
    /// As [`loan_policy`](Self::loan_policy).
    pub async fn notice_policy(&self, parameters: &RuleParameters) -> Result<Arc<AppliedPolicy>> {
        self.policy(&NOTICE, parameters).await
    }

    /// The overdue fine policy.
    ///
    /// # Errors
    /// As [`loan_policy`](Self::loan_policy).
    pub async fn overdue_fine_policy(
        &self,
        parameters: &RuleParameters,
    ) -> Result<Arc<AppliedPolicy>> {
        self.policy(&OVERDUE, parameters).await
    }

    /// The lost item fee policy.
    ///
    /// # Errors
    /// As [`loan_policy`](Self::loan_policy).
    pub async fn lost_item_policy(
        &self,
        parameters: &RuleParameters,
    ) -> Result<Arc<AppliedPolicy>> {
        self.policy(&LOST, parameters).await
    }

    async fn policy(
        &self,
        kind: &'static PolicyReference,
        parameters: &RuleParameters,
    ) -> Result<Arc<AppliedPolicy>> {
        if self.client.is_closed() {
            return Err(Error::closed());
        }
        let request = Request::new(&kind.operation, &[])
            .param("item_type_id", &parameters.material_type)
            .param("loan_type_id", &parameters.loan_type)
            .param("patron_type_id", &parameters.patron_group)
            .param("location_id", &parameters.location);
        let key = CacheKey::new::<AppliedPolicy>(self.client.tenant(), request.target());
        let load = ask(self.client.clone(), kind, request);
        let cache = &self.client.session().cache;
        erased(cache.get(key, self.max_age, load)).await
    }
}

async fn ask(
    client: FolioClient,
    kind: &'static PolicyReference,
    request: Request,
) -> Result<(AppliedPolicy, usize)> {
    let response = client.execute(request).await?;
    let mut policy: Value = response.json()?;
    let Some(id) = policy.get(kind.key).and_then(Value::as_str) else {
        return Err(Error::unexpected(
            response.exchange().clone(),
            format!("the response has no `{}`", kind.key),
            response.body(),
        ));
    };
    let policy = AppliedPolicy {
        id: id.into(),
        conditions: policy
            .get_mut("appliedRuleConditions")
            .map(Value::take)
            .unwrap_or_default(),
    };
    Ok((policy, 1))
}
