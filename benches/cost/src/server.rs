//! The server of the calls, in a separate process, so that its cost is not counted.

use std::process::Stdio;

use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use crate::Failure;
use crate::user::USER;

/// A login and a user, over HTTP/1.1. Prints its address to standard output.
///
/// # Errors
/// There is no port.
pub async fn serve() -> Result<(), Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("http://{}", listener.local_addr()?);
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        tokio::spawn(async move {
            let service = service_fn(|request: Request<hyper::body::Incoming>| async move {
                answer(request.uri().path())
            });
            let connection = hyper::server::conn::http1::Builder::new();
            let _ = connection
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
    }
}

fn answer(path: &str) -> Result<Response<Full<Bytes>>, hyper::http::Error> {
    let answer = Response::builder().header("content-type", "application/json");
    if path == "/authn/login-with-expiry" {
        return answer
            .status(201)
            .header("set-cookie", "folioAccessToken=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl; Max-Age=3600; Path=/")
            .header("set-cookie", "folioRefreshToken=refresh; Max-Age=604800; Path=/authn")
            .body(Full::new(Bytes::from_static(b"{}")));
    }
    if path == "/authn/logout" {
        return answer.status(204).body(Full::default());
    }
    answer.body(Full::new(Bytes::from_static(USER.as_bytes())))
}

/// Starts this program once more as the server, and returns its address. It ends with the value.
///
/// # Errors
/// The program cannot be started.
pub async fn server() -> Result<(Child, String), Failure> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("server")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = child.stdout.take().ok_or("the server has no output")?;
    let url = BufReader::new(output)
        .lines()
        .next_line()
        .await?
        .ok_or("the server said nothing")?;
    Ok((child, url))
}
