//! The permissions of the user of the login.

use std::collections::BTreeSet;

use folio_sdk::{FolioClient, Platform};
use serde::Deserialize;

/// The permissions of a user, as far as they can be known.
#[derive(Clone, Debug)]
pub(crate) enum Permissions {
    /// All of them, those that sets contain included.
    Known(BTreeSet<String>),
    /// Why they are unknown.
    Unknown(String),
}

impl Permissions {
    /// Those that the user lacks; `None` if it is unknown.
    pub(crate) fn missing<'a>(&self, needed: &'a [String]) -> Option<Vec<&'a str>> {
        match self {
            _ if needed.is_empty() => Some(Vec::new()),
            Self::Unknown(_) => None,
            Self::Known(own) => {
                let needed = needed.iter().map(String::as_str);
                Some(needed.filter(|name| !own.contains(*name)).collect())
            }
        }
    }
}

/// mod-permissions, with the permissions in sets (`expanded`). Needs `perms.users.get`: without it
/// 403, and without a record of permissions 404 (both recorded).
const OF_OKAPI: &str = "/perms/users/{}/permissions?indexField=userId&expanded=true";

/// mod-users-bl, which needs no permission and reads the same with its own.
const OF_USERS_BL: &str = "/bl-users/_self?include=perms&expandPermissions=true";

/// mod-users-keycloak, which needs no permission; not recorded. It returns all permissions unless
/// the system is configured to return only those of the user interface
/// (`INCLUDE_ONLY_VISIBLE_PERMISSIONS`, `UserService.fetchPermissionUser`).
const OF_EUREKA: &str = "/users-keycloak/_self?expandPermissions=true";

/// Reads the permissions of the user. The first source that responds counts.
pub(crate) async fn of_user(folio: &FolioClient, platform: Option<Platform>) -> Permissions {
    let user = folio.current_user_id().await;
    let mut paths = Vec::new();
    if platform != Some(Platform::Eureka) {
        if let Ok(user) = &user {
            paths.push(OF_OKAPI.replace("{}", user.as_str()));
        }
        paths.push(OF_USERS_BL.to_owned());
    }
    if platform != Some(Platform::Okapi) {
        paths.push(OF_EUREKA.to_owned());
    }
    let mut reasons = Vec::new();
    for path in paths {
        match folio.folio_get::<Answer>(&path, None).await {
            Ok(answer) => {
                if let Some(names) = answer.names() {
                    return Permissions::Known(names);
                }
                reasons.push(format!("GET {path}: the response has no permissions"));
            }
            Err(error) => reasons.push(error.to_string()),
        }
    }
    Permissions::Unknown(reasons.join("; "))
}

/// The responses of all sources.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    permission_names: Option<Vec<Named>>,
    permissions: Option<OfUser>,
}

#[derive(Debug, Deserialize)]
struct OfUser {
    permissions: Option<Vec<Named>>,
}

/// A permission by its name, or with all that is known of it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Named {
    Name(String),
    Whole {
        #[serde(rename = "permissionName")]
        name: String,
    },
}

impl Answer {
    fn names(self) -> Option<BTreeSet<String>> {
        let own = self.permissions.and_then(|own| own.permissions);
        let names = self.permission_names.or(own)?;
        let names = names.into_iter().map(|named| match named {
            Named::Name(name) | Named::Whole { name } => name,
        });
        Some(names.collect())
    }
}
