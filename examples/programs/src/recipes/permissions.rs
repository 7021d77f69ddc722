//! What a user may do: permissions on Okapi, roles on Eureka.

use folio_sdk::permissions::PermissionNameObject;
use folio_sdk::{Error, FolioClient, Id, Platform, cql};
use serde_json::{Value, json};

/// Grants a permission to a user, on Okapi. A user who has it already is no error.
///
/// # Errors
/// The user has no permissions record, there is no such permission, or a request failed.
pub async fn grant(folio: &FolioClient, user: &Id, permission: &str) -> Result<(), Error> {
    let permissions = folio.permissions();
    let granted = permissions
        .list_user_permissions(user)
        .index_field("userId")
        .send()
        .await?;
    if granted
        .permission_names
        .iter()
        .any(|name| json!(name) == permission)
    {
        return Ok(());
    }
    let name = PermissionNameObject {
        permission_name: Some(permission.to_owned()),
        ..PermissionNameObject::default()
    };
    permissions
        .create_user_permission(user)
        .index_field("userId")
        .body(&name)
        .send()
        .await?;
    Ok(())
}

/// Creates a role with the capabilities of some permissions and gives it to a user, on Eureka;
/// gives the id of the role.
///
/// # Errors
/// A permission has no capability (then no role is created), or a request failed.
pub async fn assign_role(
    folio: &FolioClient,
    user: &Id,
    role: &str,
    permissions: &[&str],
) -> Result<Id, Box<dyn std::error::Error + Send + Sync>> {
    let query = cql::field("permission").any_of(permissions.iter().copied());
    let found: Vec<Value> = folio
        .folio_get("/capabilities", "capabilities")
        .query(query)
        .limit(1000)
        .await?;
    let has = |permission: &&str| {
        found
            .iter()
            .any(|found| found["permission"] == **permission)
    };
    if let Some(absent) = permissions.iter().find(|permission| !has(permission)) {
        return Err(format!("no capability has the permission {absent}").into());
    }
    let ids: Vec<&Value> = found.iter().map(|capability| &capability["id"]).collect();
    let created: Value = folio.folio_post("/roles", &json!({"name": role})).await?;
    let id = created["id"].as_str().ok_or("the role has no id")?;
    let of_role = json!({"roleId": id, "capabilityIds": ids});
    folio.folio_post("/roles/capabilities", &of_role).await?;
    let of_user = json!({"userId": user, "roleIds": [id]});
    folio.folio_post("/roles/users", &of_user).await?;
    Ok(id.into())
}

/// Whether users have roles here, and not permissions.
///
/// # Errors
/// A request failed.
pub async fn has_roles(folio: &FolioClient) -> Result<bool, Error> {
    Ok(folio.modules().await?.platform() == Platform::Eureka)
}
