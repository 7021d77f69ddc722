//! An HTTP/2 server with rare behaviour: REFUSED_STREAM, GOAWAY with streams above its last id,
//! ENHANCE_YOUR_CALM.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use folio_sdk::{FolioClient, FolioClientBuilder};
use h2::Reason;
use h2::server::SendResponse;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::server::quick;
use crate::tls::Authority;

/// The fate of a request.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// It is executed and gets a response.
    Answer(u16),
    /// RST_STREAM: it was not looked at.
    Refuse,
}

pub struct H2 {
    url: String,
    pem: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// How often each path came.
    asked: BTreeMap<String, usize>,
    /// How often each was carried out.
    done: BTreeMap<String, usize>,
    connections: usize,
}

type Script = dyn Fn(&str, usize) -> Step + Send + Sync;

impl H2 {
    /// `script` decides on a request by its path and the number of earlier requests to that path.
    /// The first connections end with GOAWAY, for these reasons, at the first request; the last id
    /// is 0, so that the request is above it.
    pub async fn start(
        goaways: &'static [Reason],
        script: impl Fn(&str, usize) -> Step + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(goaways, Arc::new(script)).await
    }

    async fn start_with(goaways: &'static [Reason], script: Arc<Script>) -> Self {
        let authority = Authority::new();
        let (certificate, key) = authority.certificate("127.0.0.1");
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, state, script) =
                    (acceptor.clone(), Arc::clone(&shared), Arc::clone(&script));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let number = {
                        let mut state = state.lock().unwrap();
                        state.connections += 1;
                        state.connections - 1
                    };
                    if let Some(reason) = goaways.get(number) {
                        let _ = go_away(stream, *reason).await;
                        return;
                    }
                    let mut connection = h2::server::handshake(stream).await.unwrap();
                    while let Some(Ok((request, mut respond))) = connection.accept().await {
                        let path = request.uri().path().to_owned();
                        let step = {
                            let mut state = state.lock().unwrap();
                            let asked = state.asked.entry(path.clone()).or_default();
                            let before = std::mem::replace(asked, *asked + 1);
                            script(&path, before)
                        };
                        match step {
                            Step::Refuse => respond.send_reset(Reason::REFUSED_STREAM),
                            Step::Answer(status) => {
                                let state = Arc::clone(&state);
                                tokio::spawn(async move {
                                    let mut body = request.into_body();
                                    while let Some(Ok(piece)) = body.data().await {
                                        let _ = body.flow_control().release_capacity(piece.len());
                                    }
                                    *state.lock().unwrap().done.entry(path).or_default() += 1;
                                    answer(&mut respond, status);
                                });
                            }
                        }
                    }
                });
            }
        });
        Self {
            url,
            pem: authority.pem,
            state,
        }
    }

    pub fn asked(&self, path: &str) -> usize {
        let state = self.state.lock().unwrap();
        state.asked.get(path).copied().unwrap_or(0)
    }

    pub fn done(&self, path: &str) -> usize {
        let state = self.state.lock().unwrap();
        state.done.get(path).copied().unwrap_or(0)
    }

    pub fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    pub fn builder(&self) -> FolioClientBuilder {
        FolioClient::builder(&self.url)
            .tenant("diku")
            .token("not.a.token")
            .no_proxy()
            .only_root_certificates(self.pem.clone())
            .retry(quick())
    }
}

fn answer(respond: &mut SendResponse<Bytes>, status: u16) {
    let response = http::Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(())
        .unwrap();
    if let Ok(mut body) = respond.send_response(response, false) {
        let _ = body.send_data(Bytes::from_static(b"{}"), true);
    }
}

/// A server that sends GOAWAY with the last id 0 at the first request, with its own frames: h2's
/// server would name the request.
async fn go_away(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    reason: Reason,
) -> std::io::Result<()> {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await?;
    stream.write_all(&SETTINGS).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        stream.read_exact(&mut payload).await?;
        if head[3] == 1 {
            break;
        }
    }
    let mut frame = vec![0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    frame.extend(u32::from(reason).to_be_bytes());
    stream.write_all(&frame).await?;
    stream.flush().await?;
    // Further data of the client, such as a body, is read and dropped.
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.map(drop)
}
