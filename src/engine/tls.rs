//! TLS: trusted roots and the client's certificate.

use std::fmt;

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

#[cfg(not(feature = "rustls"))]
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

/// The parsed options, which several HTTP clients use.
#[cfg(feature = "rustls")]
#[derive(Debug)]
pub(crate) struct Prepared(rustls::ClientConfig);

#[cfg(feature = "rustls")]
impl Prepared {
    /// `needed` states whether connections will use TLS at all.
    pub(crate) fn new(options: &TlsOptions, needed: bool) -> Result<Self> {
        rustls_backend::config(options, needed).map(Self)
    }

    pub(crate) fn apply(&self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        builder.tls_backend_preconfigured(self.0.clone())
    }
}

#[cfg(feature = "rustls")]
mod rustls_backend {
    use std::sync::Arc;

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

#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
#[derive(Debug)]
pub(crate) struct Prepared {
    roots: Vec<reqwest::Certificate>,
    only_these_roots: bool,
    identity: Option<reqwest::Identity>,
    accept_invalid: bool,
    is_default: bool,
}

#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
impl Prepared {
    pub(crate) fn new(options: &TlsOptions, _needed: bool) -> Result<Self> {
        let mut roots = Vec::new();
        for pem in &options.roots {
            let read = reqwest::Certificate::from_pem_bundle(pem)
                .map_err(|error| wrong("a root certificate cannot be used", error))?;
            if read.is_empty() {
                return Err(Error::configuration(NO_ROOT));
            }
            roots.extend(read);
        }
        let identity = options.identity.as_ref().map(|pem| {
            let pem = pem.expose_secret();
            reqwest::Identity::from_pkcs8_pem(pem, pem)
                .map_err(|_| Error::configuration(NO_IDENTITY))
        });
        Ok(Self {
            roots,
            only_these_roots: options.only_these_roots,
            identity: identity.transpose()?,
            accept_invalid: options.accept_invalid,
            is_default: options.is_default(),
        })
    }

    pub(crate) fn apply(&self, mut builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        if self.is_default {
            return builder;
        }
        builder = if self.only_these_roots {
            builder.tls_certs_only(self.roots.clone())
        } else {
            builder.tls_certs_merge(self.roots.clone())
        };
        if let Some(identity) = self.identity.clone() {
            builder = builder.identity(identity);
        }
        builder.tls_danger_accept_invalid_certs(self.accept_invalid)
    }
}

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

    pub(crate) fn apply(&self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        builder
    }
}
