//! TLS: trusted roots and the client's certificate.

use std::fmt;
#[cfg(feature = "rustls")]
use std::sync::Arc;

#[cfg(any(feature = "native-tls", feature = "rustls"))]
use secrecy::ExposeSecret;
use secrecy::SecretSlice;

use crate::wire::error::{Error, Result};

/// The TLS options that differ from the system's defaults.
#[derive(Default)]
pub(crate) struct TlsOptions {
    /// Trusted roots, as PEM.
    pub(crate) roots: Vec<Vec<u8>>,
    /// Only the roots above are trusted.
    pub(crate) only_these_roots: bool,
    /// PEM: the certificates of the client, its own first, and its private key.
    pub(crate) identity: Option<SecretSlice<u8>>,
    /// Any certificate is accepted, also that of an attacker.
    pub(crate) accept_invalid: bool,
}

#[cfg(not(any(feature = "native-tls", feature = "rustls")))]
impl TlsOptions {
    fn is_default(&self) -> bool {
        self.roots.is_empty()
            && !self.only_these_roots
            && self.identity.is_none()
            && !self.accept_invalid
    }
}

impl fmt::Debug for TlsOptions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("TlsOptions")
            .field("roots", &self.roots.len())
            .field("only_these_roots", &self.only_these_roots)
            .field("has_identity", &self.identity.is_some())
            .field("accept_invalid", &self.accept_invalid)
            .finish()
    }
}

#[cfg(any(feature = "native-tls", feature = "rustls"))]
const NO_ROOT: &str = "the root certificates contain no PEM block `CERTIFICATE`";
#[cfg(any(feature = "native-tls", feature = "rustls"))]
const NO_IDENTITY: &str = "the client certificate needs two kinds of PEM blocks: `CERTIFICATE` (the client's own first) and `PRIVATE KEY`";

#[cfg(any(feature = "native-tls", feature = "rustls"))]
fn wrong(what: &str, error: impl fmt::Display) -> Error {
    Error::configuration(format!("{what}: {error}"))
}

/// A connector that uses TLS for `https` URLs.
#[cfg(feature = "rustls")]
pub(crate) type Https<C> = hyper_rustls::HttpsConnector<C>;

/// The parsed options, which several HTTP clients use.
#[cfg(feature = "rustls")]
#[derive(Debug)]
pub(crate) struct Prepared {
    config: Arc<rustls::ClientConfig>,
    /// To a proxy: without the choice of HTTP/2.
    to_proxy: Arc<rustls::ClientConfig>,
}

#[cfg(feature = "rustls")]
impl Prepared {
    /// `needed` states whether connections will use TLS at all.
    pub(crate) fn new(options: &TlsOptions, needed: bool) -> Result<Self> {
        let config = rustls_backend::config(options, needed)?;
        let mut to_proxy = config.clone();
        to_proxy.alpn_protocols.clear();
        Ok(Self {
            config: Arc::new(config),
            to_proxy: Arc::new(to_proxy),
        })
    }

    /// Adds TLS to the connections to a gateway.
    pub(crate) fn https<C>(&self, connector: C) -> Https<C> {
        (connector, Arc::clone(&self.config)).into()
    }

    /// Adds TLS to the connections to a proxy.
    pub(crate) fn https_to_proxy<C>(&self, connector: C) -> Https<C> {
        (connector, Arc::clone(&self.to_proxy)).into()
    }
}

#[cfg(feature = "rustls")]
mod rustls_backend {
    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::crypto::CryptoProvider;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
    use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
    use rustls_platform_verifier::Verifier;

    use super::*;

    pub(super) fn config(options: &TlsOptions, needed: bool) -> Result<ClientConfig> {
        // The provider is passed explicitly, not installed: another part of the program may have
        // chosen its own.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong("TLS cannot be set up", error))?;
        let mut roots = Vec::new();
        for pem in &options.roots {
            let read = certificates(pem)?;
            if read.is_empty() {
                return Err(Error::configuration(NO_ROOT));
            }
            roots.extend(read);
        }
        let builder = if options.accept_invalid {
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        } else if options.only_these_roots {
            builder.with_root_certificates(store(&roots)?)
        } else {
            // Unreadable roots are reported as such, not as a fault of the system.
            store(&roots)?;
            match Verifier::new_with_extra_roots(roots, provider) {
                Ok(verifier) => builder
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(verifier)),
                Err(error) if needed => {
                    return Err(wrong(
                        "the trusted certificates of this system cannot be read",
                        error,
                    ));
                }
                // A container without certificates can still use http://.
                Err(_) => builder.with_root_certificates(RootCertStore::empty()),
            }
        };
        let mut config = match &options.identity {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let pem = pem.expose_secret();
                let chain = certificates(pem)?;
                let key = PrivateKeyDer::from_pem_slice(pem)
                    .map_err(|_| Error::configuration(NO_IDENTITY))?;
                if chain.is_empty() {
                    return Err(Error::configuration(NO_IDENTITY));
                }
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| wrong("the client certificate cannot be used", error))?
            }
        };
        if cfg!(feature = "http2") {
            // The server chooses: a proxy in front of FOLIO may support HTTP/2, Okapi itself does
            // not.
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        }
        Ok(config)
    }

    fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
        CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|error| wrong("a certificate is not valid PEM", error))
    }

    fn store(roots: &[CertificateDer<'static>]) -> Result<RootCertStore> {
        let mut store = RootCertStore::empty();
        for root in roots {
            store
                .add(root.clone())
                .map_err(|error| wrong("a root certificate cannot be used", error))?;
        }
        Ok(store)
    }

    /// Accepts any certificate. It still verifies that the server has the matching key.
    #[derive(Debug)]
    struct Anybody(Arc<CryptoProvider>);

    impl ServerCertVerifier for Anybody {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, rustls::Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            let algorithms = &self.0.signature_verification_algorithms;
            rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            let algorithms = &self.0.signature_verification_algorithms;
            rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.signature_verification_algorithms.supported_schemes()
        }
    }
}

/// A connector that uses TLS for `https` URLs.
#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
pub(crate) type Https<C> = hyper_tls::HttpsConnector<C>;

#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
pub(crate) struct Prepared {
    connector: native_tls::TlsConnector,
    /// To a proxy: without the choice of HTTP/2.
    to_proxy: native_tls::TlsConnector,
}

#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
impl fmt::Debug for Prepared {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Prepared").finish_non_exhaustive()
    }
}

#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
impl Prepared {
    pub(crate) fn new(options: &TlsOptions, _needed: bool) -> Result<Self> {
        let mut builder = native_tls::TlsConnector::builder();
        for pem in &options.roots {
            let read = native_tls::Certificate::stack_from_pem(pem)
                .map_err(|error| wrong("a root certificate cannot be used", error))?;
            if read.is_empty() {
                return Err(Error::configuration(NO_ROOT));
            }
            for root in read {
                builder.add_root_certificate(root);
            }
        }
        if let Some(pem) = &options.identity {
            let pem = pem.expose_secret();
            let identity = native_tls::Identity::from_pkcs8(pem, pem)
                .map_err(|_| Error::configuration(NO_IDENTITY))?;
            builder.identity(identity);
        }
        builder
            .disable_built_in_roots(options.only_these_roots)
            .danger_accept_invalid_certs(options.accept_invalid);
        let build = |builder: &native_tls::TlsConnectorBuilder| {
            let built = builder.build();
            built.map_err(|error| wrong("TLS cannot be set up", error))
        };
        let to_proxy = build(&builder)?;
        // As with rustls, the server chooses.
        let protocols: &[&str] = match cfg!(feature = "http2") {
            true => &["h2", "http/1.1"],
            false => &["http/1.1"],
        };
        builder.request_alpns(protocols);
        Ok(Self {
            connector: build(&builder)?,
            to_proxy,
        })
    }

    /// Adds TLS to the connections to a gateway.
    pub(crate) fn https<C>(&self, connector: C) -> Https<C> {
        (connector, self.connector.clone().into()).into()
    }

    /// Adds TLS to the connections to a proxy.
    pub(crate) fn https_to_proxy<C>(&self, connector: C) -> Https<C> {
        (connector, self.to_proxy.clone().into()).into()
    }
}

/// A connector without TLS.
#[cfg(not(any(feature = "native-tls", feature = "rustls")))]
pub(crate) type Https<C> = C;

#[cfg(not(any(feature = "native-tls", feature = "rustls")))]
#[derive(Debug)]
pub(crate) struct Prepared;

#[cfg(not(any(feature = "native-tls", feature = "rustls")))]
impl Prepared {
    pub(crate) fn new(options: &TlsOptions, needed: bool) -> Result<Self> {
        if needed || !options.is_default() {
            return Err(Error::configuration(
                "https:// URLs and certificates need TLS, and folio-sdk was built without TLS support: enable its feature `rustls` or `native-tls`",
            ));
        }
        Ok(Self)
    }

    pub(crate) fn https<C>(&self, connector: C) -> Https<C> {
        connector
    }

    pub(crate) fn https_to_proxy<C>(&self, connector: C) -> Https<C> {
        connector
    }
}
