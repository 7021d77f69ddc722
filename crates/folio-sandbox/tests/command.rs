//! The command as a process: its output, its persistence when it is killed, and its errors.

#![cfg(all(feature = "command", unix))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

struct Process {
    child: Child,
    said: String,
}

impl Process {
    fn start(arguments: &[&str]) -> Self {
        let mut child = command(arguments).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        let mut said = String::new();
        while !said.contains("export FOLIO_PASSWORD") {
            let Some(line) = lines.next() else {
                panic!("it ended: {said}")
            };
            said.push_str(&line.unwrap());
            said.push('\n');
        }
        Self { child, said }
    }

    fn url(&self) -> &str {
        let line = self
            .said
            .lines()
            .find_map(|line| line.strip_prefix("export FOLIO_URL="));
        line.unwrap()
    }

    /// Kills it, as `kill -9` does.
    fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let mut log = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        log
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_folio-sandbox"));
    command
        .args(["--port", "0"])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[derive(Clone)]
struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Client {
    async fn login(url: &str, tenant: &str, user: &str, password: &str) -> Option<Self> {
        let http = reqwest::Client::builder()
            .default_headers(
                [
                    ("x-okapi-tenant".parse().unwrap(), tenant.parse().unwrap()),
                    ("accept".parse().unwrap(), "*/*".parse().unwrap()),
                ]
                .into_iter()
                .collect(),
            )
            .build()
            .unwrap();
        let answer = http
            .post(format!("{url}/authn/login"))
            .json(&json!({"username": user, "password": password}))
            .send()
            .await
            .unwrap();
        let token = answer
            .headers()
            .get("x-okapi-token")?
            .to_str()
            .unwrap()
            .to_owned();
        Some(Self {
            http,
            url: url.to_owned(),
            token,
        })
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<(u16, String), reqwest::Error> {
        let mut request = self
            .http
            .request(method.parse().unwrap(), format!("{}{path}", self.url))
            .header("x-okapi-token", &self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    async fn list(&self, path: &str) -> Value {
        let (status, text) = self.send("GET", path, None).await.unwrap();
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap()
    }
}

fn folder() -> tempfile::TempDir {
    let _ = rustls::crypto::ring::default_provider().install_default();
    tempfile::tempdir().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn user(number: usize) -> Value {
    json!({
        "id": format!("{number:08x}-0000-4000-8000-000000000000"), "username": format!("reader{number}"), "active": true,
        "personal": {"lastName": "Ito"},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_kill_9() {
    let folder = folder();
    let data = folder.path().join("data");
    let start = || {
        Process::start(&[
            "--data",
            text(&data),
            "--records",
            "300",
            "--tenant",
            "t1",
            "--user",
            "me",
            "--password",
            "p w",
        ])
    };
    let mut acknowledged = BTreeSet::new();
    let mut deleted = BTreeSet::new();
    for round in 0..4 {
        let process = start();
        assert!(
            process.said.contains("export FOLIO_PASSWORD='p w'"),
            "{}",
            process.said
        );
        let client = Client::login(process.url(), "t1", "me", "p w")
            .await
            .unwrap();
        // All that was acknowledged before is there, and what was deleted is not.
        let users = client.list("/users?limit=100000").await;
        let there: BTreeSet<String> = users["users"]
            .as_array()
            .unwrap()
            .iter()
            .map(|user| user["id"].as_str().unwrap().to_owned())
            .collect();
        let lost: Vec<_> = acknowledged.difference(&there).collect();
        assert!(lost.is_empty(), "round {round}: lost {lost:?}");
        let instances = client
            .list("/instance-storage/instances?limit=1000&query=cql.allRecords=1%20sortby%20id")
            .await;
        let there: Vec<&str> = instances["instances"]
            .as_array()
            .unwrap()
            .iter()
            .map(|instance| instance["id"].as_str().unwrap())
            .collect();
        assert_eq!(there.len(), 300 - deleted.len());
        assert!(
            deleted
                .iter()
                .all(|id: &String| !there.contains(&id.as_str()))
        );
        // An instance without holdings can be deleted, and is not made again.
        for id in there.iter().take(60) {
            if client
                .send("DELETE", &format!("/instance-storage/instances/{id}"), None)
                .await
                .unwrap()
                .0
                == 204
            {
                deleted.insert((*id).to_owned());
            }
        }
        // It is killed in the midst of writes of four writers.
        let known = Arc::new(Mutex::new(Vec::new()));
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (client, known) = (client.clone(), Arc::clone(&known));
                tokio::spawn(async move {
                    for number in 0.. {
                        let user = user(round * 1_000_000 + writer * 100_000 + number);
                        match client.send("POST", "/users", Some(user.clone())).await {
                            Ok((201, _)) => known
                                .lock()
                                .unwrap()
                                .push(user["id"].as_str().unwrap().to_owned()),
                            Ok(other) => panic!("{other:?}"),
                            Err(_) => return,
                        }
                    }
                })
            })
            .collect();
        // Real time: another process is killed in the middle of whatever it then does.
        tokio::time::sleep(Duration::from_millis(150)).await;
        process.kill();
        for writer in writers {
            writer.await.unwrap();
        }
        let known = known.lock().unwrap();
        assert!(known.len() > 10, "{} writes", known.len());
        acknowledged.extend(known.iter().cloned());
    }
    assert!(!deleted.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn users_and_numbers_survive_and_reference_data_stay_changed() {
    let folder = folder();
    let arguments = ["--data", text(folder.path()), "--demo"];
    let process = Process::start(&arguments);
    let client = Client::login(process.url(), "diku", "diku_admin", "admin")
        .await
        .unwrap();
    let person = user(7);
    assert_eq!(
        client
            .send("POST", "/users", Some(person.clone()))
            .await
            .unwrap()
            .0,
        201
    );
    let credentials = json!({"userId": person["id"], "username": "reader7", "password": "secret"});
    assert_eq!(
        client
            .send("POST", "/authn/credentials", Some(credentials))
            .await
            .unwrap()
            .0,
        201
    );
    let numbers = client.list("/orders-storage/po-number").await;
    let codes = client.list("/statistical-codes?limit=100").await;
    let code = codes["statisticalCodes"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        client
            .send("DELETE", &format!("/statistical-codes/{code}"), None)
            .await
            .unwrap()
            .0,
        204
    );
    let new = json!({"newPassword": "changed", "password": "admin", "username": "diku_admin"});
    assert_eq!(
        client
            .send("POST", "/authn/update", Some(new))
            .await
            .unwrap()
            .0,
        204
    );
    process.kill();

    let process = Process::start(&arguments);
    assert!(
        Client::login(process.url(), "diku", "diku_admin", "admin")
            .await
            .is_none()
    );
    assert!(
        Client::login(process.url(), "diku", "reader7", "secret")
            .await
            .is_some()
    );
    let client = Client::login(process.url(), "diku", "diku_admin", "changed")
        .await
        .unwrap();
    assert_ne!(client.list("/orders-storage/po-number").await, numbers);
    let codes = client.list("/statistical-codes?limit=100").await;
    assert!(!codes.to_string().contains(&code));
    // The folder is in use.
    let second = command(&arguments).output().unwrap();
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("another sandbox uses the folder"));
    // A password that is given anew counts.
    process.kill();
    let process = Process::start(&["--data", text(folder.path()), "--password", "new"]);
    assert!(
        Client::login(process.url(), "diku", "diku_admin", "new")
            .await
            .is_some()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_changes_where_it_is_read_only_and_the_log_says_what_came() {
    folder();
    let process = Process::start(&[
        "--demo",
        "--read-only",
        "--fault",
        "status=503 path=/users retry-after=4 every=2",
    ]);
    let client = Client::login(process.url(), "diku", "diku_admin", "admin")
        .await
        .unwrap();
    let before = client.list("/groups").await;
    let group = before["usergroups"][0]["id"].as_str().unwrap().to_owned();
    for (method, path, body) in [
        ("POST", "/groups", Some(json!({"group": "new"}))),
        (
            "PUT",
            &*format!("/groups/{group}"),
            Some(json!({"group": "new"})),
        ),
        ("DELETE", &*format!("/groups/{group}"), None),
        ("DELETE", "/groups?query=cql.allRecords=1", None),
    ] {
        let (status, text) = client.send(method, path, body).await.unwrap();
        assert_eq!(
            (status, text.contains("read-only")),
            (403, true),
            "{method} {path}"
        );
    }
    assert_eq!(client.list("/groups").await, before);
    assert_eq!(
        client.send("GET", "/users?limit=1", None).await.unwrap().0,
        200
    );
    assert_eq!(
        client
            .send("GET", "/users?limit=1&query=username=%22a%0Ab%22", None)
            .await
            .unwrap()
            .0,
        503
    );
    let log = process.kill();
    let lines: Vec<&str> = log
        .lines()
        .map(|line| line.split_once(' ').unwrap().1)
        .collect();
    assert!(lines[0].starts_with("POST   /authn/login → 201, "), "{log}");
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("GET    /users?limit=1 → 200, ")),
        "{log}"
    );
    assert!(
        lines.iter().any(
            |line| line.contains("query=username=\"a\u{fffd}b\" → 503, ")
                && line.ends_with("by a fault")
        ),
        "{log}"
    );
    assert!(!log.contains("admin"), "{log}");
}

#[test]
fn wrong_arguments_say_what_is_accepted() {
    for (arguments, said) in [
        (
            &["--fault", "status=503 reset=after"][..],
            "is a second effect",
        ),
        (&["--fault", "path=/users"], "has no effect"),
        (&["--fault", "status=503 colour=red"], "is unknown"),
        (&["--flavor", "kong"], "okapi, eureka"),
        (&["--latency", "soon"], "--latency"),
    ] {
        let output = command(arguments).output().unwrap();
        assert!(!output.status.success());
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains(said), "{error}");
    }
}
