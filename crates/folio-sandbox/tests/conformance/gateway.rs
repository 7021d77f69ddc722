//! Responses of Okapi itself. Tokens, and truncated parts of the recording, are supplied here.

use std::collections::BTreeMap;
use std::time::Duration;

use folio_sandbox::{Module, Sandbox};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::compare::{differences, masked};
use crate::session::{Session, bytes, text, tokens_of, uuid_of};
use crate::wire::{Reply, exchange, expect, raw};
use crate::{Report, rows};

pub(crate) async fn gateway(file: &str) -> Report {
    let fake = module().await;
    let mut session = Session::start(
        "diku",
        Sandbox::builder()
            .release("quesnelia")
            .reference_data()
            .tenant("wipe")
            .user("w", "w")
            // Without mod-authtoken, and one with Okapi alone.
            .tenant("conf")
            .user("c", "c")
            .modules(["mod-users"])
            .tenant("supertenant")
            .user("s", "s")
            .modules(["okapi"])
            .tenant("bare")
            .user("b", "b")
            .modules(["mod-recb-fake", "mod-recb-down", "mod-recb-undeployed"])
            .module(Module::new("mod-recb-fake-1.0.0", ["GET", "POST"], "/recbfake*").at(&fake))
            .module(Module::new("mod-recb-down-1.0.0", ["GET", "POST"], "/recbdown").at(DOWN))
            .module(Module::new(
                "mod-recb-undeployed-1.0.0",
                ["GET"],
                "/recbnone",
            ))
            .module_port("mod-users")
            .module_port("mod-inventory-storage")
            .module_port("mod-settings")
            .module_port("mod-circulation")
            .module_port("mod-feesfines")
            .module_port("mod-permissions"),
    )
    .await;
    let mut report = Report::default();
    let (mut old, mut used_up) = (String::new(), false);
    for row in rows(file) {
        let name = text(&row, "name");
        let method = text(&row, "method");
        if method == "(raw)" {
            report.add(file, name, &unhttp(&session, &row).await);
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
            ("other tenant", "conf"),
            ("tenant twice differing", "conf"),
            ("discovery health of the down", "bare"),
            // Okapi was not among the modules of that tenant.
            ("path that needs no permission, header wipe", "bare"),
        ];
        let of_module = text(&row, "path").starts_with("/recb");
        if of_module {
            headers.insert("x-okapi-tenant".to_owned(), "bare".to_owned());
            headers.remove("x-okapi-token");
        }
        for (word, tenant) in tenant {
            if name.contains(word) && !name.contains("invoke") && !of_module {
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
        let mut address = session.address.clone();
        let mut headers = headers;
        if name.starts_with("module port") {
            let module = match path.split(['/', '?']).nth(1).unwrap() {
                "users" => "mod-users",
                "item-storage" => "mod-inventory-storage",
                "settings" => "mod-settings",
                "circulation" => "mod-circulation",
                "accounts" => "mod-feesfines",
                _ => "mod-permissions",
            };
            address = session.sandbox.module_url(module).unwrap();
            headers.retain(|(name, _)| name != "x-okapi-tenant" && name != "x-okapi-token");
            if name.contains("unknown tenant") {
                headers.push(("x-okapi-tenant".to_owned(), "nosuch".to_owned()));
            }
        }
        expect(&row);
        let reply = exchange(&address, method, &path, &headers, body.as_deref()).await;
        let mut different = differences(&row, reply.as_ref());
        if let Some(reply) = &reply
            && different.is_empty()
        {
            different.extend(module_headers(&row, reply));
        }
        report.add(file, name, &different);
    }
    report
}

/// Nothing listens there.
const DOWN: &str = "http://127.0.0.1:9";

/// The module that the recording put behind Okapi: it answers as it is asked, well or badly.
async fn module() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(misbehave(socket));
        }
    });
    format!("http://{address}")
}

async fn misbehave(mut socket: TcpStream) {
    let (mut read, mut chunk) = (Vec::new(), [0; 4096]);
    // The requests are chunked: the last chunk is the end.
    while !read.ends_with(b"0\r\n\r\n") {
        match socket.read(&mut chunk).await {
            Ok(0) | Err(_) => return,
            Ok(count) => read.extend_from_slice(&chunk[..count]),
        }
    }
    let asked = String::from_utf8_lossy(&read).into_owned();
    let path = asked.split(' ').nth(1).unwrap_or_default();
    let whole = |status: &str, headers: &str, body: &str| {
        format!(
            "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let text = "content-type: text/plain\r\n";
    let answer = match path.split('?').next().unwrap_or_default() {
        "/recbfake/drop" => return,
        "/recbfake/half" => format!("HTTP/1.1 200 OK\r\n{text}content-length: 100\r\n\r\nhalf"),
        "/recbfake/chunkcut" => {
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n".to_owned()
        }
        "/recbfake/garbage" => "hello this is no HTTP\r\n\r\n".to_owned(),
        "/recbfake/redirect" => whole("302 Found", "location: http://127.0.0.1:1/x\r\n", ""),
        "/recbfake/st500" => whole("500 X", "content-type: text/html\r\n", "<html>x</html>"),
        "/recbfake/st503" => whole("503 X", &format!("{text}retry-after: 7\r\n"), "busy"),
        "/recbfake/st429" => whole(
            "429 X",
            "content-type: application/json\r\nretry-after: 3\r\n",
            "{\"m\":1}",
        ),
        "/recbfake/st418" => whole("418 X", "", "x"),
        "/recbfake/st204" => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
        "/recbfake/nobody" => whole("200 OK", "", ""),
        "/recbfake/close" => format!("HTTP/1.1 200 OK\r\n{text}connection: close\r\n\r\nx"),
        slow if slow.starts_with("/recbfake/slow") => {
            // Not the 20 and 70 seconds of the recording: that a slow module is waited for.
            tokio::time::sleep(Duration::from_millis(400)).await;
            whole("200 OK", text, "slow")
        }
        _ => {
            let (head, body) = asked.split_once("\r\n\r\n").unwrap_or((&asked, ""));
            let body = body.split("\r\n").nth(1).unwrap_or_default();
            let head = head.replace(" HTTP/1.1\r\n", "\n").replace("\r\n", "\n");
            whole("200 OK", text, &format!("{head}\n\n{body}"))
        }
    };
    let _ = socket.write_all(answer.as_bytes()).await;
}

/// What a module got: the headers that Okapi adds, without their values where these differ from run
/// to run.
fn module_headers(row: &Value, reply: &Reply) -> Option<String> {
    let recorded = text(row, "text");
    if !recorded.contains("X-Okapi-Request-Id") {
        return None;
    }
    let shown = |text: &str| -> Vec<String> {
        let mut lines: Vec<String> = text
            .lines()
            .map(|line| match line.split_once(": ") {
                Some((name, _))
                    if name.ends_with("timestamp") || name == "X-Okapi-Url" || name == "Host" =>
                {
                    name.to_lowercase()
                }
                Some((name, value)) if name == "X-Okapi-Request-Id" => {
                    let digits = |c: char| if c.is_ascii_digit() { 'N' } else { c };
                    format!(
                        "{}: {}",
                        name.to_lowercase(),
                        value.chars().map(digits).collect::<String>()
                    )
                }
                Some(("x-okapi-tenant", _)) => "x-okapi-tenant".to_owned(),
                Some((name, value)) => format!("{}: {value}", name.to_lowercase()),
                None => masked(line),
            })
            .collect();
        lines.sort();
        lines
    };
    let (own, recorded) = (shown(&reply.text()), shown(recorded));
    (own != recorded).then(|| format!("headers: {own:?}, recorded {recorded:?}"))
}

/// Bytes that are sent as they are: the statuses of what comes back, and whether the server closes.
async fn unhttp(session: &Session, row: &Value) -> Vec<String> {
    let name = text(row, "name");
    let mut sent = text(row, "body").replace("<jwt>", &session.token);
    if name.starts_with("keep-alive") {
        // What was sent after the first answer is not in the row.
        let next = sent.replace("/nosuch", "/groups?limit=0");
        sent = format!("{sent}{next}");
    }
    if name.contains("414") {
        // The row does not have all of it.
        let start = sent.split("&x=").next().unwrap_or_default();
        sent = format!("{start}&x={} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(5000));
    }
    if name.contains("body after one second") {
        let body = format!("{{\"group\":\"{}\"}}", "e".repeat(72));
        sent = format!("{sent}{body}");
    }
    if name.contains("100-continue, bad token") {
        sent.push_str("0123456789");
    }
    let (replies, closed) = raw(&session.address, sent.as_bytes()).await;
    let own: Vec<u64> = replies
        .iter()
        .map(|reply| u64::from(reply.status))
        .collect();
    let recorded: Vec<u64> = row["status"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_u64)
        .collect();
    let mut different = Vec::new();
    if own != recorded {
        different.push(format!("status: {own:?}, recorded {recorded:?}"));
    } else if closed != (row["server_closed"] == true) {
        different.push(format!(
            "closed: {closed}, recorded {}",
            row["server_closed"]
        ));
    }
    different
}
