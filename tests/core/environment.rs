//! The environment variables of a client.

use std::process::Command;
use std::time::Duration;

use folio_sdk::{Body, Environment, Error, FolioClient, FolioClientBuilder, Method, RetryPolicy};
use folio_test_support::clock::Clock;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use folio_test_support::server::{Folio, PASSWORD, Reply};

/// A client as its variables make it.
fn builder<const N: usize>(server: &Folio, variables: [(&str, &str); N]) -> FolioClientBuilder {
    FolioClient::builder(&server.url)
        .tenant("diku")
        .credentials("ann", PASSWORD)
        .environment(Environment::from_iter(variables))
}

async fn failing(reply: Reply) -> Folio {
    Folio::start(move |asked, _| (asked.path() == "/x").then(|| reply.clone())).await
}

async fn get(folio: &FolioClient) -> Error {
    folio.folio_get::<Value>("/x", None).await.unwrap_err()
}

#[tokio::test]
async fn retries_of_server_errors_are_counted_by_the_environment_under_both_names() {
    let server = failing(Reply::text(503, "busy")).await;
    for (name, delay, attempts) in [
        (
            "FOLIOCLIENT_MAX_SERVER_ERROR_RETRIES",
            "FOLIOCLIENT_SERVER_ERROR_RETRY_DELAY",
            7,
        ),
        ("SERVER_ERROR_RETRIES_MAX", "SERVER_ERROR_RETRY_DELAY", 3),
        ("SERVER_ERROR_RETRIES_MAX", "SERVER_ERROR_RETRY_DELAY", 1),
    ] {
        let retries = (attempts - 1).to_string();
        let folio = builder(&server, [(name, retries.as_str()), (delay, "0.001")])
            .build()
            .unwrap();
        assert_eq!(get(&folio).await.attempts(), attempts);
    }
    let both = [
        ("FOLIOCLIENT_MAX_SERVER_ERROR_RETRIES", "1"),
        ("SERVER_ERROR_RETRIES_MAX", "6"),
        ("FOLIOCLIENT_SERVER_ERROR_RETRY_DELAY", "0.001"),
        ("FOLIOCLIENT_SERVER_ERROR_RETRY_FACTOR", "1.5"),
        ("FOLIOCLIENT_SERVER_ERROR_MAX_WAIT", "unlimited"),
    ];
    let folio = builder(&server, both).build().unwrap();
    assert_eq!(get(&folio).await.attempts(), 2, "the newer name wins");
    let folio = builder(&server, both)
        .retry(folio_sdk::RetryPolicy::none())
        .build()
        .unwrap();
    assert_eq!(get(&folio).await.attempts(), 1, "the program wins");
}

#[tokio::test]
async fn retries_of_refusals_are_counted_by_the_environment_under_both_names() {
    let server = failing(Reply::text(403, "no")).await;
    for (name, delay) in [
        (
            "FOLIOCLIENT_MAX_AUTH_ERROR_RETRIES",
            "FOLIOCLIENT_AUTH_ERROR_RETRY_DELAY",
        ),
        ("AUTH_ERROR_RETRIES_MAX", "AUTH_ERROR_RETRY_DELAY"),
    ] {
        let folio = builder(
            &server,
            [
                (name, "2"),
                (delay, "0.001"),
                ("FOLIOCLIENT_AUTH_ERROR_MAX_WAIT", "0.01"),
            ],
        )
        .build()
        .unwrap();
        assert_eq!(get(&folio).await.attempts(), 3);
    }
    let folio = builder(&server, []).build().unwrap();
    assert_eq!(get(&folio).await.attempts(), 1);
    let server = failing(Reply::text(403, "no").with("via", "1.1 kong/3.9")).await;
    let folio = builder(&server, [("FOLIOCLIENT_FORBIDDEN_RETRY_DELAY", "0")])
        .build()
        .unwrap();
    assert_eq!(get(&folio).await.attempts(), 2);
}

#[tokio::test]
async fn a_delay_of_the_environment_is_the_longest_wait_before_the_first_repetition() {
    let server = failing(Reply::text(503, "busy")).await;
    let folio = builder(
        &server,
        [
            ("FOLIOCLIENT_MAX_SERVER_ERROR_RETRIES", "3"),
            ("FOLIOCLIENT_SERVER_ERROR_RETRY_DELAY", "600"),
            ("FOLIOCLIENT_SERVER_ERROR_MAX_WAIT", "0.01"),
        ],
    )
    .build()
    .unwrap();
    let clock = Clock::stop();
    let (error, waited) = clock.time(Duration::from_millis(1), get(&folio)).await;
    assert_eq!(error.attempts(), 4);
    assert!(waited < Duration::from_millis(100), "{waited:?}");
}

#[tokio::test]
async fn timeouts_come_from_the_environment_unless_the_program_says_them() {
    let server = failing(Reply::Stall).await;
    let clock = Clock::stop();
    for name in ["FOLIOCLIENT_HTTP_TIMEOUT", "FOLIOCLIENT_READ_TIMEOUT"] {
        let folio = builder(
            &server,
            [
                (name, "0.05"),
                ("FOLIOCLIENT_MAX_SERVER_ERROR_RETRIES", "0"),
            ],
        )
        .build()
        .unwrap();
        let (error, waited) = clock.time(Duration::from_millis(1), get(&folio)).await;
        assert!(error.is_timeout());
        assert!(
            (50..100).contains(&waited.as_millis()),
            "{name}: {waited:?}"
        );
    }
    let slow = failing(Reply::json(json!({"late": true})).after(Duration::from_millis(150))).await;
    let folio = builder(&slow, [("FOLIOCLIENT_HTTP_TIMEOUT", "0.05")])
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap();
    let late = async |folio: FolioClient| {
        let call = folio.folio_get::<Value>("/x", None).into_future();
        let (outcome, took) = clock.time(Duration::from_millis(1), call).await;
        outcome.unwrap();
        assert!(took >= Duration::from_millis(150), "{took:?}");
    };
    late(folio).await;
    let folio = builder(&slow, [("FOLIOCLIENT_HTTP_TIMEOUT", "none")])
        .build()
        .unwrap();
    late(folio).await;
}

#[tokio::test]
async fn a_bad_value_of_the_environment_names_variable_value_and_what_is_accepted() {
    let server = failing(Reply::Drop).await;
    let mut problems = Vec::new();
    for (name, value) in [
        ("FOLIOCLIENT_HTTP_TIMEOUT", "soon"),
        ("FOLIOCLIENT_READ_TIMEOUT", "-1"),
        ("FOLIOCLIENT_WRITE_TIMEOUT", "NaN"),
        ("FOLIOCLIENT_MAX_SERVER_ERROR_RETRIES", "2.5"),
        ("FOLIOCLIENT_SERVER_ERROR_RETRY_FACTOR", "0.5"),
        ("FOLIOCLIENT_AUTH_ERROR_MAX_WAIT", "1 minute"),
        ("AUTH_ERROR_RETRIES_MAX", "-3"),
    ] {
        let error = builder(&server, [(name, value)]).build().unwrap_err();
        problems.push(error.to_string());
    }
    insta::assert_snapshot!(problems.join("\n"));
    builder(
        &server,
        [
            ("FOLIOCLIENT_HTTP_TIMEOUT", " "),
            ("FOLIOCLIENT_CONNECT_TIMEOUT", "1e300"),
        ],
    )
    .build()
    .unwrap();
}

/// Not a test of its own: the next one runs it in a process with an environment of its own.
#[tokio::test]
async fn child_process_of_the_environment() {
    let Ok(task) = std::env::var("FOLIO_SDK_TEST_TASK") else {
        return;
    };
    match task.as_str() {
        "connect" => {
            let folio = FolioClient::from_env().unwrap().connect().await.unwrap();
            println!(
                "tenant {} timed out: {}",
                folio.tenant(),
                get(&folio).await.is_timeout()
            );
        }
        _ => println!("{}", FolioClient::from_env().map(drop).unwrap_err()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_of_the_process_makes_a_client() {
    let server = failing(Reply::Stall).await;
    let run = |variables: Vec<(&str, String)>| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([
            "--exact",
            "core::environment::child_process_of_the_environment",
            "--nocapture",
        ]);
        for name in [
            "FOLIO_URL",
            "FOLIO_TENANT",
            "FOLIO_USERNAME",
            "FOLIO_PASSWORD",
        ] {
            command.env_remove(name);
        }
        command.envs(variables);
        tokio::task::block_in_place(|| {
            let output = command.output().unwrap();
            String::from_utf8_lossy(&output.stdout).into_owned()
        })
    };
    let shown = run(vec![
        ("FOLIO_SDK_TEST_TASK", "connect".to_owned()),
        ("FOLIO_URL", server.url.clone()),
        ("FOLIO_TENANT", "diku".to_owned()),
        ("FOLIO_USERNAME", "ann".to_owned()),
        ("FOLIO_PASSWORD", PASSWORD.to_owned()),
        ("FOLIOCLIENT_HTTP_TIMEOUT", "0.3".to_owned()),
        ("FOLIOCLIENT_MAX_SERVER_ERROR_RETRIES", "0".to_owned()),
    ]);
    assert!(shown.contains("tenant diku timed out: true"), "{shown}");
    let shown = run(vec![
        ("FOLIO_SDK_TEST_TASK", "fail".to_owned()),
        ("FOLIO_URL", server.url.clone()),
    ]);
    assert!(shown.contains("FOLIO_TENANT is not set"), "{shown}");
}

#[tokio::test]
async fn the_write_timeout_of_the_environment_ends_what_nobody_takes_and_nothing_else() {
    // What it does with a body: takes nothing of it, or all and answers late.
    async fn post(is_taken: bool, body: Body) -> Result<folio_sdk::Response, Error> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 1 << 20];
            let mut quiet = Duration::from_secs(60);
            if is_taken {
                quiet = Duration::from_millis(400);
                let pause = Duration::from_millis(100);
                while let Ok(Ok(1..)) = tokio::time::timeout(pause, stream.read(&mut buffer)).await
                {
                }
            } else {
                let _ = stream.read(&mut buffer[..100]).await;
            }
            tokio::time::sleep(quiet).await;
            let _ = stream
                .write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n")
                .await;
        });
        let folio = FolioClient::builder(address)
            .tenant("diku")
            .token("own")
            .environment(Environment::from_iter([(
                "FOLIOCLIENT_WRITE_TIMEOUT",
                "0.15",
            )]))
            .retry(RetryPolicy::none())
            .build()
            .unwrap();
        folio
            .request(Method::POST, "/x")
            .body(body, "application/octet-stream")
            .send()
            .await
    }
    let clock = Clock::stop();
    let post = async |is_taken: bool, body: Body| {
        let step = Duration::from_millis(1);
        clock.run(step, post(is_taken, body)).await
    };
    let large = || vec![7_u8; 32 << 20];
    let streamed = |length| Body::reader(tokio::io::repeat(7).take(length)).length(length);
    for body in [Body::from(large()), streamed(32 << 20)] {
        let error = post(false, body).await.unwrap_err();
        assert!(error.is_timeout(), "{error:#}");
        assert!(error.to_string().contains("for 0.15 s after"), "{error}");
    }
    for body in [Body::from(large()), Body::from("small"), streamed(1 << 20)] {
        post(true, body).await.unwrap();
    }
}
