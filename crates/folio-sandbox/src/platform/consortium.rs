//! Consortium and circulation rule: settings of the sandbox above its tenants.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::platform::auth::Auth;

/// A consortium: its tenants, and its affiliations.
#[derive(Debug)]
pub(crate) struct Consortium {
    pub(crate) id: String,
    pub(crate) central: String,
    pub(crate) members: Vec<String>,
    /// Users and the tenants that they have a (shadow) user in.
    pub(crate) affiliations: BTreeSet<(String, String)>,
}

/// A circulation rule: its parameters, and the policy that it selects.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) tenant: String,
    /// `loan`, `request`, …
    pub(crate) policy: String,
    pub(crate) conditions: Vec<(String, String)>,
    pub(crate) id: String,
}

impl Consortium {
    pub(crate) fn new(central: &str, members: &[String]) -> Self {
        let id = Uuid::new_v5(
            &Uuid::NAMESPACE_OID,
            format!("consortium of {central}").as_bytes(),
        );
        Self {
            id: id.to_string(),
            central: central.to_owned(),
            members: members.to_vec(),
            affiliations: BTreeSet::new(),
        }
    }

    pub(crate) fn tenants(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.central).chain(&self.members)
    }

    /// Whether a user of one tenant may act in another.
    pub(crate) fn allows(&self, user: &str, tenant: &str) -> bool {
        self.affiliations
            .contains(&(user.to_owned(), tenant.to_owned()))
    }

    /// The tenant of a login: in the central one, users of the members can log in, too (mod-login
    /// queries `/user-tenants`).
    pub(crate) fn home<'a>(&'a self, auth: &Auth, tenant: &'a str, username: &str) -> &'a str {
        let has = |tenant: &str| {
            auth.tenants
                .get(tenant)
                .is_some_and(|users| users.iter().any(|user| user.username == username))
        };
        if tenant != self.central || has(tenant) {
            return tenant;
        }
        let homes: Vec<&String> = self.members.iter().filter(|member| has(member)).collect();
        match homes.as_slice() {
            [only] => only,
            _ => tenant,
        }
    }
}
