//! Consortia (ECS): several tenants of one FOLIO system, one of them central, between which users
//! have affiliations.

use http::Method;
use serde::Deserialize;

use crate::call::mode::Mode;
#[cfg(feature = "blocking")]
use crate::call::mode::in_mode;
use crate::client::FolioClient;
use crate::client::marker::{Async, erased};
use crate::paging::RecordStream;
use crate::record::scalar::Id;
use crate::wire::error::Result;
use crate::wire::operation::Operation;
use crate::wire::paging::Paging;
use crate::wire::paging::PagingStyle;
use crate::wire::request::Request;

static AFFILIATIONS: Operation = Operation::new("list_user_tenants", Method::GET, "/user-tenants");
static CONSORTIA: Operation = Operation::new("list_consortia", Method::GET, "/consortia");
static TENANTS: Operation = Operation::new(
    "list_consortium_tenants",
    Method::GET,
    "/consortia/{consortiumId}/tenants",
);

/// The consortium of a tenant, returned by [`FolioClient::consortium`].
#[derive(Debug, Clone)]
pub struct TenantConsortium<M = Async> {
    #[cfg_attr(
        not(feature = "blocking"),
        allow(dead_code, reason = "only the blocking client reads it")
    )]
    pub(crate) mode: M,
    client: FolioClient,
    id: Id,
    central_tenant: String,
}

/// A tenant of a consortium.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Member {
    /// The tenant's id, which [`FolioClient::for_tenant`] takes.
    pub id: String,
    /// The code, up to five letters.
    #[serde(default)]
    pub code: String,
    /// The display name.
    #[serde(default)]
    pub name: String,
    /// Whether it is the central tenant.
    #[serde(default)]
    pub is_central: bool,
    /// Whether it has left the consortium; its data still exist.
    #[serde(default)]
    pub is_deleted: bool,
}

impl FolioClient {
    /// The consortium of this handle's tenant; none if it belongs to none.
    ///
    /// Any tenant of a consortium knows it, so a login in a member tenant is sufficient. Sends `GET
    /// /user-tenants?limit=1` in this handle's tenant, whose records name consortium and central
    /// tenant; if it returns none, `GET /consortia`, which works in the tenant that stores the
    /// consortium. The result is not cached: call it once.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
    /// if let Some(consortium) = folio.consortium().await? {
    ///     println!("central: {}", consortium.central_tenant());
    ///     for member in consortium.members().await? {
    ///         let there = folio.for_tenant(&member.id);
    ///         // …
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The server's error, for example if the user lacks the permission for both calls. A 404 is
    /// not an error: a tenant outside of consortia does not have the module.
    #[doc(alias = "is_ecs")]
    #[doc(alias = "ecs_consortium")]
    pub async fn consortium(&self) -> Result<Option<TenantConsortium>> {
        let by_affiliation = erased(self.consortium_by_affiliation()).await;
        if let Ok(Some(consortium)) = by_affiliation {
            return Ok(Some(consortium));
        }
        match (by_affiliation, erased(self.consortium_by_list()).await) {
            (_, Ok(Some(consortium))) => Ok(Some(consortium)),
            // A tenant outside of consortia does not have the module, or its lists are empty.
            (Ok(_), Ok(_)) => Ok(None),
            (Ok(_), Err(error)) if error.is_not_found() || error.is_forbidden() => Ok(None),
            (Err(error), Ok(_)) if error.is_not_found() => Ok(None),
            (Err(error), Err(other)) if error.is_not_found() && other.is_not_found() => Ok(None),
            (Err(error), Err(other)) if error.is_not_found() => Err(other),
            (Err(error), _) | (Ok(_), Err(error)) => Err(error),
        }
    }

    async fn consortium_by_affiliation(&self) -> Result<Option<TenantConsortium>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Affiliations {
            #[serde(default)]
            user_tenants: Vec<Affiliation>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Affiliation {
            consortium_id: Option<Id>,
            central_tenant_id: Option<String>,
        }
        let request = Request::new(&AFFILIATIONS, &[]).param("limit", 1).probing();
        let found: Affiliations = self.execute(request).await?.json()?;
        Ok(found.user_tenants.into_iter().find_map(|affiliation| {
            Some(TenantConsortium {
                mode: Async,
                client: self.clone(),
                id: affiliation.consortium_id?,
                central_tenant: affiliation
                    .central_tenant_id
                    .filter(|tenant| !tenant.is_empty())?,
            })
        }))
    }

    async fn consortium_by_list(&self) -> Result<Option<TenantConsortium>> {
        #[derive(Deserialize)]
        struct Consortia {
            #[serde(default)]
            consortia: Vec<Known>,
        }
        #[derive(Deserialize)]
        struct Known {
            id: Id,
        }
        let request = Request::new(&CONSORTIA, &[]).probing();
        let found: Consortia = self.execute(request).await?.json()?;
        let Some(known) = found.consortia.into_iter().next() else {
            return Ok(None);
        };
        let members = members(self, &known.id).await?;
        let central = members.into_iter().find(|member| member.is_central);
        Ok(central.map(|central| TenantConsortium {
            mode: Async,
            client: self.clone(),
            id: known.id,
            central_tenant: central.id,
        }))
    }
}

#[cfg(feature = "blocking")]
in_mode!(TenantConsortium<> { client, id, central_tenant });

impl<M: Mode> TenantConsortium<M> {
    /// The identifier of the consortium.
    pub fn id(&self) -> &Id {
        &self.id
    }

    /// The id of the central tenant.
    #[doc(alias = "ecs_central_tenant_id")]
    pub fn central_tenant(&self) -> &str {
        &self.central_tenant
    }
}

impl TenantConsortium {
    /// A handle for the central tenant, with the login of the client that found the consortium. The
    /// user needs an affiliation with that tenant.
    pub fn central(&self) -> FolioClient {
        self.client.for_tenant(&self.central_tenant)
    }

    /// All tenants of the consortium, including the central one, sorted by id, without those that
    /// left it.
    ///
    /// Requested in the central tenant or, if the user has no access to it, in the tenant of the
    /// handle that found the consortium.
    ///
    /// # Errors
    /// The error of the central tenant, if neither request succeeds.
    #[doc(alias = "ecs_members")]
    pub async fn members(&self) -> Result<Vec<Member>> {
        let error = match erased(members(&self.central(), &self.id)).await {
            Ok(members) => return Ok(members),
            Err(error) => error,
        };
        if self.client.tenant() == self.central_tenant
            || !(error.is_forbidden() || error.is_unauthenticated() || error.is_not_found())
        {
            return Err(error);
        }
        match erased(members(&self.client, &self.id)).await {
            Ok(members) if !members.is_empty() => Ok(members),
            _ => Err(error.with_help(
                "the user needs an affiliation with the central tenant and the permission `consortia.tenants.collection.get` there",
            )),
        }
    }
}

async fn members(client: &FolioClient, consortium: &Id) -> Result<Vec<Member>> {
    let paging = Paging::new(PagingStyle::Offset, Some("tenants"), None, None);
    let request = Request::new(&TENANTS, &[consortium.as_str()]);
    let mut items = RecordStream::<Member>::new(client.clone(), request, paging, Some(100), None);
    let mut members = Vec::new();
    while let Some(member) = items.next().await {
        members.push(member?);
    }
    members.retain(|member| !member.is_deleted);
    members.sort_by(|a, b| a.id.cmp(&b.id));
    members.dedup_by(|a, b| a.id == b.id);
    Ok(members)
}
