//! A connection that can be cut silently: it stays open, but carries no data any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub struct Relay {
    pub port: u16,
    /// How many connections were cut: those with a lower number.
    cut: watch::Sender<usize>,
    accepted: Arc<AtomicUsize>,
}

impl Relay {
    pub async fn start(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cut = watch::Sender::new(0);
        let accepted = Arc::new(AtomicUsize::new(0));
        let (cuts, count) = (cut.clone(), Arc::clone(&accepted));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst);
                let Ok(server) = TcpStream::connect(("127.0.0.1", target)).await else {
                    continue;
                };
                let (client_read, client_write) = client.into_split();
                let (server_read, server_write) = server.into_split();
                tokio::spawn(copy(client_read, server_write, cuts.subscribe(), number));
                tokio::spawn(copy(server_read, client_write, cuts.subscribe(), number));
            }
        });
        Self {
            port,
            cut,
            accepted,
        }
    }

    /// How many connections were made so far.
    pub fn connections(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Nothing comes through the connections of now any more. Later ones work.
    pub fn cut(&self) {
        self.cut.send_replace(self.connections());
    }
}

async fn copy(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut cut: watch::Receiver<usize>,
    number: usize,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = tokio::select! {
            () = async { drop(cut.wait_for(|cut| number < *cut).await) } => None,
            read = from.read(&mut buffer) => Some(read.unwrap_or(0)),
        };
        let Some(length) = length else {
            // Both halves are held, so that neither side sees an end.
            return std::future::pending().await;
        };
        if length == 0 || to.write_all(&buffer[..length]).await.is_err() {
            let _ = to.shutdown().await;
            return;
        }
    }
}
