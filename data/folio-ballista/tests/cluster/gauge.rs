//! A gateway between executors and a sandbox, which counts concurrent requests and can hold them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Counts the requests of all gateways that share it.
#[derive(Default)]
pub(crate) struct Gauge {
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    now: usize,
    most: usize,
    all: usize,
}

impl Gauge {
    /// The maximum number of concurrent requests so far.
    pub(crate) fn most(&self) -> usize {
        self.counts.lock().unwrap().most
    }

    /// The number of requests so far.
    pub(crate) fn all(&self) -> usize {
        self.counts.lock().unwrap().all
    }
}

/// Counts a request until it is dropped.
struct Counted(Vec<Arc<Gauge>>);

impl Counted {
    fn new(gauges: Vec<Arc<Gauge>>) -> Self {
        for gauge in &gauges {
            let mut counts = gauge.counts.lock().unwrap();
            counts.now += 1;
            counts.all += 1;
            counts.most = counts.most.max(counts.now);
        }
        Self(gauges)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        for gauge in &self.0 {
            gauge.counts.lock().unwrap().now -= 1;
        }
    }
}

/// A gateway in front of a sandbox. One connection carries one request, so that it knows when a
/// response ends.
pub(crate) struct Gateway {
    pub(crate) url: String,
    /// The requests through this gateway, without logins.
    pub(crate) gauge: Arc<Gauge>,
    /// From this number of requests on, requests wait.
    hold: watch::Sender<usize>,
    tokens: Arc<Mutex<BTreeSet<String>>>,
}

impl Gateway {
    /// A gateway to the sandbox with this URL, whose requests all these gauges count.
    pub(crate) async fn start(sandbox: &str, shared: &Arc<Gauge>) -> Self {
        let target = sandbox.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let gauge = Arc::new(Gauge::default());
        let (hold, held) = watch::channel(usize::MAX);
        let gauges = vec![Arc::clone(shared), Arc::clone(&gauge)];
        let tokens = Arc::new(Mutex::new(BTreeSet::new()));
        let seen = Arc::clone(&tokens);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (target, gauges, held) = (target.clone(), gauges.clone(), held.clone());
                let seen = Arc::clone(&seen);
                tokio::spawn(async move {
                    // A client that goes away is no failure of the gateway.
                    let _ = relay(client, &target, gauges, held, &seen).await;
                });
            }
        });
        Self {
            url,
            gauge,
            hold,
            tokens,
        }
    }

    /// The access tokens of the requests.
    pub(crate) fn tokens(&self) -> Vec<String> {
        self.tokens.lock().unwrap().iter().cloned().collect()
    }

    /// Requests after so many wait until this is called with a higher number.
    pub(crate) fn hold_after(&self, requests: usize) {
        self.hold.send_replace(requests);
    }

    /// Returns once it has got so many requests.
    pub(crate) async fn got(&self, requests: usize) {
        folio_test_support::patience::within("requests at the gateway", async {
            while self.gauge.all() < requests {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        })
        .await;
    }
}

async fn relay(
    mut client: TcpStream,
    target: &str,
    gauges: Vec<Arc<Gauge>>,
    mut held: watch::Receiver<usize>,
    seen: &Mutex<BTreeSet<String>>,
) -> std::io::Result<()> {
    let Some((head, body)) = request(&mut client).await? else {
        return Ok(());
    };
    for line in head.lines() {
        let token = line
            .split_once(':')
            .filter(|(name, _)| name.eq_ignore_ascii_case("x-okapi-token"));
        seen.lock()
            .unwrap()
            .extend(token.map(|(_, token)| token.trim().to_owned()));
    }
    let is_login = head.contains("/authn/");
    let own = Arc::clone(&gauges[1]);
    let counted = (!is_login).then(|| Counted::new(gauges));
    let number = own.all();
    let (mut incoming, mut outgoing) = client.split();
    let exchange = async {
        if !is_login {
            let _ = held.wait_for(|hold| number <= *hold).await;
        }
        let mut server = TcpStream::connect(target).await?;
        let head = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
        server.write_all(head.as_bytes()).await?;
        server.write_all(&body).await?;
        let mut response = Vec::new();
        server.read_to_end(&mut response).await?;
        // The server has done its part, and the client knows nothing of it yet.
        drop(counted);
        outgoing.write_all(&response).await?;
        outgoing.shutdown().await
    };
    // A client that goes away no longer waits: its request is over.
    let mut nothing = [0; 1];
    tokio::select! {
        ended = exchange => ended?,
        _ = incoming.read(&mut nothing) => {}
    }
    Ok(())
}

/// The head and the body of the only request of a connection.
async fn request(client: &mut TcpStream) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    loop {
        let head = bytes.windows(4).position(|end| end == b"\r\n\r\n");
        if let Some(head) = head.map(|at| at + 4) {
            let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
            let mut lengths = text.lines().filter_map(|line| {
                let (name, value) = line.split_once(':')?;
                let is_length = name.eq_ignore_ascii_case("content-length");
                is_length.then(|| value.trim().parse::<usize>().unwrap())
            });
            let length = lengths.next().unwrap_or_default();
            while bytes.len() < head + length {
                if client.read_buf(&mut bytes).await? == 0 {
                    return Ok(None);
                }
            }
            let body = bytes.split_off(head);
            return Ok(Some((text, body)));
        }
        if client.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
}
