//! The login, and a first response of the gateway.

use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use folio_sdk::{Error, ErrorKind, FolioClient, Method, RequestBuilder, RetryPolicy};
use serde::Deserialize;

use super::check::{Check, Report};

/// How long the login may take.
const LONGEST: Duration = Duration::from_secs(30);

/// A login, and what the gateway stated about itself.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) claims: Claims,
    /// The local time halfway through the login.
    pub(super) logged_in: SystemTime,
    pub(super) gateway: Option<Gateway>,
    /// A path to which the gateway responds.
    pub(super) path: String,
}

/// The head of a successful response.
#[derive(Debug)]
pub(super) struct Gateway {
    /// The header `Date`.
    pub(super) date: Option<SystemTime>,
    /// The local time halfway through the request.
    pub(super) received: SystemTime,
    /// The headers `Server` and `Via`.
    pub(super) software: Option<String>,
}

/// The claims of the token about its time.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct Claims {
    /// In seconds since 1970.
    pub(super) iat: Option<u64>,
    pub(super) exp: Option<u64>,
}

impl Claims {
    /// Of a JSON Web Token; others have none.
    fn of(token: &str) -> Self {
        let payload = token.split('.').nth(1).unwrap_or_default();
        let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('='));
        payload
            .ok()
            .and_then(|payload| serde_json::from_slice(&payload).ok())
            .unwrap_or_default()
    }
}

/// A GET that is sent once.
pub(super) fn request(folio: &FolioClient, path: &str) -> RequestBuilder {
    let request = folio.request(Method::GET, path);
    request.retry(RetryPolicy::none()).deadline(LONGEST)
}

/// Logs in, and finds a path that responds.
pub(super) async fn examine(folio: &FolioClient, report: &mut Report) -> Option<Session> {
    let (started, begun) = (SystemTime::now(), Instant::now());
    // Okapi's version, which needs no permission unless the tenant has the module okapi; Kong has no
    // such path.
    let first = request(folio, "/_/version").send().await;
    let logged_in = started + begun.elapsed() / 2;
    if let Err(error) = &first
        && let Some(check) = rejected(error)
    {
        report.add(check);
        return None;
    }
    let headers = match folio.folio_headers().await {
        Ok(headers) => headers,
        Err(error) => {
            let otherwise = || {
                Check::failed("login", error.to_string())
                    .advice("check URL, tenant and user name: the gateway responds, but not as FOLIO does to a login")
            };
            report.add(rejected(&error).unwrap_or_else(otherwise));
            return None;
        }
    };
    let token = headers
        .get("x-okapi-token")
        .and_then(|token| token.to_str().ok());
    let claims = Claims::of(token.unwrap_or_default());
    let lifetime = match (claims.iat, claims.exp) {
        (Some(from), Some(to)) => format!(", token for {} s", to.saturating_sub(from)),
        _ => String::new(),
    };
    report.add(Check::ok(
        "login",
        format!(
            "accepted after {} ms{lifetime}",
            begun.elapsed().as_millis()
        ),
    ));
    let mut paths = vec![
        "/_/version".to_owned(),
        format!("/entitlements/{}/applications?limit=1", folio.tenant()),
        "/users?limit=0".to_owned(),
        "/bl-users/_self".to_owned(),
    ];
    for path in &paths {
        let (started, begun) = (SystemTime::now(), Instant::now());
        if let Ok(response) = request(folio, path).send().await {
            let header = |name: &str| response.header(name).map(str::to_owned);
            let software: Vec<String> = ["server", "via"]
                .iter()
                .filter_map(|name| header(name))
                .collect();
            return Some(Session {
                claims,
                logged_in,
                gateway: Some(Gateway {
                    date: header("date").and_then(|date| httpdate::parse_http_date(&date).ok()),
                    received: started + begun.elapsed() / 2,
                    software: (!software.is_empty()).then(|| software.join(", ")),
                }),
                path: path.clone(),
            });
        }
    }
    Some(Session {
        claims,
        logged_in,
        gateway: None,
        path: paths.swap_remove(2),
    })
}

/// The check of an error that ends everything; none if the gateway responded to a login.
fn rejected(error: &Error) -> Option<Check> {
    let seen = error.to_string();
    let check = match error.kind() {
        ErrorKind::Login | ErrorKind::Credentials => {
            let advice = match error.status().map(|status| status.as_u16()) {
                Some(401 | 422 | 400) => {
                    "check user name, password and tenant; five wrong passwords block a user"
                }
                _ => "the login module does not work: ask the operator of the system",
            };
            Check::failed("login", seen).advice(advice)
        }
        ErrorKind::Configuration => Check::failed("login", seen)
            .advice("check the profile, or the variables of the environment"),
        ErrorKind::Connect | ErrorKind::Transport | ErrorKind::Timeout => {
            Check::failed("login", seen)
                .advice("the gateway accepts connections, but does not respond to requests")
        }
        _ if error.is_unauthenticated() => {
            Check::failed("login", seen).advice("the token is not accepted: log in again")
        }
        _ => return None,
    };
    Some(check)
}
