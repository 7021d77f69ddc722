//! The identity of the client: its user, and the headers with which other HTTP clients can act on
//! its behalf.

use http::{HeaderMap, Method};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::client::FolioClient;
use crate::client::marker::erased;
use crate::engine::claims::TokenClaims;
use crate::record::scalar::Id;
use crate::value::cql;
use crate::wire::error::{Error, Result};
use crate::wire::headers::TENANT;
use crate::wire::headers::TOKEN;
use crate::wire::operation::Operation;
use crate::wire::request::Request;

static BY_USERNAME: Operation = Operation::new(
    "get_user_by_username",
    Method::GET,
    "/bl-users/by-username/{username}",
);
static MYSELF: Operation = Operation::new("get_self", Method::GET, "/bl-users/_self");
static USERS: Operation = Operation::new("list_users", Method::GET, "/users");
static USER: Operation = Operation::new("get_user", Method::GET, "/users/{userId}");

/// The user of the login, as far as it is known without requesting the record.
struct LoginResponse {
    claims: TokenClaims,
    username: Option<String>,
    tenant: String,
}

impl FolioClient {
    /// The headers that FOLIO requires: `x-okapi-tenant` of this handle and `x-okapi-token`, for
    /// HTTP clients other than this one.
    ///
    /// The token is fresh: one that is about to expire is renewed first. It expires nevertheless,
    /// usually after 10 minutes, so call this for each request rather than store the result; it
    /// includes no refresh token. The value is marked as sensitive: `Debug` does not show it.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient, other: reqwest::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let url = format!("{}/oai/records?verb=Identify", folio.url());
    /// let response = other.get(url).headers(folio.folio_headers().await?).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The server's error for a login or renewal that was needed.
    pub async fn folio_headers(&self) -> Result<HeaderMap> {
        let tenant = self.tenant_header()?;
        let token = erased(self.session().fresh_token()).await?;
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(TENANT, tenant);
        headers.insert(TOKEN, token.header.clone());
        Ok(headers)
    }

    /// The identifier of the user of this client: in a consortium, of the user in the tenant of the
    /// login, independent of this handle's tenant.
    ///
    /// The token contains it, and nothing is sent. If it does not, sends `GET
    /// /bl-users/by-username/{username}`, and if that is not permitted or unknown, `GET
    /// /users?query=username=="…"`; without a user name (the token was supplied) `GET
    /// /bl-users/_self`.
    ///
    /// # Errors
    /// The server's error; [`ErrorKind::Lookup`](crate::ErrorKind::Lookup) if it has no record of
    /// the user, as for system users.
    #[doc(alias = "current_user")]
    pub async fn current_user_id(&self) -> Result<Id> {
        let login = self.current_login().await?;
        erased(self.id_of_user(&login)).await
    }

    /// The record of the user of this client, from the tenant of the login: `GET /users/{id}`. The
    /// caller chooses the type: the generated `users::User`, or [`Value`](serde_json::Value).
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
    /// let me: serde_json::Value = folio.current_user().await?;
    /// println!("{}", me["username"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`current_user_id`](Self::current_user_id), and the server's error for the second call.
    pub async fn current_user<T: DeserializeOwned>(&self) -> Result<T> {
        let login = self.current_login().await?;
        let id = erased(self.id_of_user(&login)).await?;
        let request = Request::new(&USER, &[id.as_str()]).tenant(&login.tenant);
        self.execute(request).await?.json()
    }

    async fn current_login(&self) -> Result<LoginResponse> {
        let auth = &self.session().auth;
        let token = erased(self.session().token()).await?;
        let claims = TokenClaims::of(token.header.to_str().unwrap_or_default());
        let username = claims
            .username()
            .map(str::to_owned)
            .or_else(|| auth.username());
        let tenant = claims
            .tenant()
            .map_or_else(|| auth.tenant().to_owned(), str::to_owned);
        Ok(LoginResponse {
            claims,
            username,
            tenant,
        })
    }

    async fn id_of_user(&self, login: &LoginResponse) -> Result<Id> {
        #[derive(Deserialize)]
        struct Composite {
            user: Identified,
        }
        #[derive(Deserialize)]
        struct Identified {
            id: Id,
        }
        #[derive(Deserialize)]
        struct Users {
            #[serde(default)]
            users: Vec<Identified>,
        }
        if let Some(id) = login.claims.user_id.as_deref().filter(|id| !id.is_empty()) {
            return Ok(id.into());
        }
        let ask = |request: Request| self.execute(request.tenant(&login.tenant));
        let Some(username) = &login.username else {
            let user: Composite = ask(Request::new(&MYSELF, &[])).await?.json()?;
            return Ok(user.user.id);
        };
        match ask(Request::new(&BY_USERNAME, &[username]).probing()).await {
            Ok(response) => return Ok(response.json::<Composite>()?.user.id),
            Err(error) if error.is_not_found() || error.is_forbidden() => {}
            Err(error) => return Err(error),
        }
        let query = cql::field("username").eq(username.as_str());
        let request = Request::new(&USERS, &[]).query(query).param("limit", 2);
        let users = ask(request).await?.json::<Users>()?.users;
        match users.as_slice() {
            [user] => Ok(user.id.clone()),
            found => Err(Error::lookup(format!(
                "{} users of tenant `{}` have the username `{username}`; expected exactly one",
                found.len(),
                login.tenant
            ))),
        }
    }
}
