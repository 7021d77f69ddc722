//! The sandbox as any client sees it: over a socket, by HTTP alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

mod access;
mod circulation;
mod faults;
mod gateway;
mod inventory;
mod library;
mod many;
mod records;
mod requests;
mod rules;

use std::time::Duration;

use folio_sandbox::{Builder, Effect, Error, Fault, Sandbox};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

/// In a build of the whole workspace reqwest has TLS without a provider of its own, and wants one
/// even for http.
fn client(gzip: bool) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().gzip(gzip).build().unwrap()
}

/// A client without any cleverness: what the test does not say is not sent.
struct Caller {
    client: Client,
    url: String,
    tenant: Option<&'static str>,
    token: Option<String>,
    cookie: Option<String>,
}

impl Caller {
    fn new(sandbox: &Sandbox) -> Self {
        Self {
            client: client(true),
            url: sandbox.url().to_owned(),
            tenant: Some("diku"),
            token: None,
            cookie: None,
        }
    }

    async fn of(sandbox: &Sandbox) -> Self {
        let mut caller = Self::new(sandbox);
        let answer = caller.login("diku_admin", "admin").await;
        assert_eq!(answer.status(), 201);
        caller.token = Some(cookie(&answer, "folioAccessToken"));
        caller
    }

    async fn login(&self, username: &str, password: &str) -> Response {
        self.send(
            "POST",
            "/authn/login-with-expiry",
            Some(json!({"username": username, "password": password})),
        )
        .await
        .unwrap()
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<Response> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        for (name, value) in [
            ("x-okapi-tenant", self.tenant),
            ("x-okapi-token", self.token.as_deref()),
            ("cookie", self.cookie.as_deref()),
        ] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await
    }

    async fn told(&self, method: &str, path: &str, body: Option<Value>) -> (u16, String) {
        let answer = self.send(method, path, body).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, text) = self.told("GET", path, None).await;
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }
}

fn cookie(answer: &Response, name: &str) -> String {
    let cookies = answer.headers().get_all("set-cookie");
    let found = cookies
        .iter()
        .find_map(|cookie| cookie.to_str().unwrap().strip_prefix(&format!("{name}=")))
        .unwrap();
    found.split(';').next().unwrap().to_owned()
}

async fn start(builder: Builder) -> Sandbox {
    builder.start().await.unwrap()
}

fn id(number: usize) -> String {
    format!("{number:08}-0000-4000-8000-000000000000")
}

fn groups(count: usize) -> Vec<Value> {
    (0..count)
        .map(|number| json!({"id": id(number), "group": format!("g{number:04}")}))
        .collect()
}
