//! What Okapi itself answers. Tokens, and what the recording has cut short, are supplied here.

use std::collections::BTreeMap;

use folio_sandbox::Sandbox;

use crate::compare::differences;
use crate::session::{Session, bytes, text, tokens_of, uuid_of};
use crate::wire::exchange;
use crate::{Report, rows};

pub(crate) async fn gateway(file: &str) -> Report {
    let mut session = Session::start(
        "diku",
        Sandbox::builder()
            .release("quesnelia")
            .reference_data()
            .tenant("wipe")
            .user("w", "w")
            .tenant("conf")
            .user("c", "c")
            .tenant("supertenant")
            .user("s", "s"),
    )
    .await;
    let mut report = Report::default();
    let (mut old, mut used_up) = (String::new(), false);
    for row in rows(file) {
        let name = text(&row, "name");
        let method = text(&row, "method");
        if method == "(raw)" || row.get("path").is_none() {
            continue;
        }
        let mut headers: BTreeMap<String, String> = BTreeMap::from([
            ("x-okapi-tenant".to_owned(), "diku".to_owned()),
            ("x-okapi-token".to_owned(), session.token.clone()),
            (
                "accept".to_owned(),
                "application/json, text/plain".to_owned(),
            ),
        ]);
        let body = bytes(row.get("body"));
        if body.is_some() {
            headers.insert("content-type".to_owned(), "application/json".to_owned());
        }
        let bare = name.contains("without tenant and token")
            || name.starts_with("token: no tenant, no token");
        if bare || name.contains("no tenant") {
            headers.remove("x-okapi-tenant");
        }
        if bare || name.contains("no token") || name.contains("without token") {
            headers.remove("x-okapi-token");
        }
        let tenant = [
            ("unknown tenant", "nosuch"),
            ("tenant in capitals", "DIKU"),
            ("empty tenant", ""),
            ("header wipe", "wipe"),
            ("login in wipe", "wipe"),
            ("supertenant", "supertenant"),
        ];
        for (word, tenant) in tenant {
            if name.contains(word) && !name.contains("invoke") {
                headers.insert("x-okapi-tenant".to_owned(), tenant.to_owned());
            }
        }
        let cut = session.token[..session.token.len() - 5].to_owned();
        let token = [
            ("garbled token", "abc".to_owned()),
            ("empty token", String::new()),
            (
                "bad signature",
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.AAAA".to_owned(),
            ),
            ("cut short", cut.clone()),
            ("changed", cut.clone()),
            ("jwt with a tail", format!("{}x", session.token)),
            ("with a bad token", "abc".to_owned()),
        ];
        for (word, token) in token {
            if name.contains(word) {
                headers.insert("x-okapi-token".to_owned(), token);
            }
        }
        let expired = name.contains("expired");
        if expired && !used_up {
            old.clone_from(&session.token);
            session.sandbox.expire_tokens();
            session.token = session.login("diku_admin", "admin").await.unwrap().0;
            used_up = true;
        }
        if expired {
            headers.insert("x-okapi-token".to_owned(), old.clone());
        } else if headers
            .get("x-okapi-token")
            .is_some_and(|token| *token == old)
        {
            headers.insert("x-okapi-token".to_owned(), session.token.clone());
        }
        let login = text(&row, "path").starts_with("/authn/login");
        if login && !expired && !name.contains("with a token") {
            headers.remove("x-okapi-token");
        }
        for (key, value) in row["sent"].as_object().into_iter().flatten() {
            let value = tokens_of(
                value.as_str().unwrap_or_default(),
                if expired {
                    &old
                } else if name.contains("differing") {
                    &cut
                } else {
                    &session.token
                },
                "abc",
            );
            let carries =
                key == "authorization" || key == "cookie" && value.contains("folioAccessToken");
            if carries && !name.contains("and token") {
                headers.remove("x-okapi-token");
            }
            headers.insert(key.to_lowercase(), session.renamed(&value));
        }
        if name == "token: empty token" || name == "token: own x-okapi-permissions" {
            headers.remove("x-okapi-token");
        }
        // What the recording has cut short.
        let size = name
            .split(" of ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next())
            .and_then(|size| size.parse::<usize>().ok());
        let mut path = session.renamed(text(&row, "path"));
        if let Some((count, _)) = name.split_once(" ids in a query") {
            let count: usize = count.parse().unwrap();
            let ids: Vec<String> = (0..count)
                .map(|number| uuid_of(&number.to_string()))
                .collect();
            path = format!(
                "/users?limit=1&query=id%3D%3D%28{}%29",
                ids.join("%20or%20")
            );
        }
        let mut body = body;
        match size {
            Some(size) if name.starts_with("request line") => {
                path = format!(
                    "/users?limit=1&x={}",
                    "a".repeat(size - "GET /users?limit=1&x= HTTP/1.1".len())
                );
            }
            Some(size) if name.starts_with("header of") => {
                // The recording's token was longer.
                let token = 420_usize.saturating_sub(session.token.len());
                headers.insert("x-recb".to_owned(), "a".repeat(size + token));
            }
            Some(size) if name.starts_with("body of") => {
                let text =
                    String::from_utf8_lossy(body.as_deref().unwrap_or_default()).into_owned();
                body = text
                    .find("xxxx")
                    .map(|at| format!("{}{}\"}}", &text[..at], "x".repeat(size)).into_bytes())
                    .or(body);
            }
            _ => {}
        }
        let headers: Vec<(String, String)> = headers.into_iter().collect();
        let reply = exchange(&session.address, method, &path, &headers, body.as_deref()).await;
        report.add(file, name, &differences(&row, reply.as_ref()));
    }
    report
}
