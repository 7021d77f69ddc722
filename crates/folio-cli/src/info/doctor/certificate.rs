//! TLS with the gateway, and its certificate.
//!
//! The handshake accepts any certificate, so that the dates of an invalid one can be shown. Nothing
//! is sent on this connection; the requests of the SDK verify the certificate by themselves.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use super::check::{Check, Report};

/// A certificate that ends sooner is a warning.
const SOON: Duration = Duration::from_secs(14 * DAY);
const DAY: u64 = 24 * 60 * 60;

/// Whether the handshake succeeds and the certificate is valid.
pub(super) async fn examine(
    stream: TcpStream,
    host: &str,
    longest: Duration,
    report: &mut Report,
) -> bool {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let witness = Arc::new(Witness {
        verifier: Verifier::new(Arc::clone(&provider)).map_err(|error| error.to_string()),
        provider: Arc::clone(&provider),
        seen: Mutex::default(),
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map(|builder| {
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::clone(&witness) as _)
                .with_no_client_auth()
        });
    let (config, name) = match (config, ServerName::try_from(host.to_owned())) {
        (Ok(config), Ok(name)) => (config, name),
        (Err(error), _) => {
            report.add(Check::failed("tls", error.to_string()));
            return false;
        }
        (_, Err(error)) => {
            report.add(Check::failed("tls", format!("{host}: {error}")));
            return false;
        }
    };
    let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let connection = match tokio::time::timeout(longest, handshake).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => {
            report.add(Check::failed("tls", format!("no TLS connection: {error}")).advice(
                "check scheme and port of the URL: the port may speak http, or require a client certificate",
            ));
            return false;
        }
        Err(_) => {
            let seen = format!("no TLS connection in {} s", longest.as_secs());
            report.add(Check::failed("tls", seen).advice("check scheme and port of the URL"));
            return false;
        }
    };
    let version = connection.get_ref().1.protocol_version();
    let version = version
        .and_then(|version| version.as_str())
        .unwrap_or("TLS")
        .to_owned();
    let seen = witness.seen.lock().ok().and_then(|mut seen| seen.take());
    let Some(seen) = seen else {
        report.add(Check::warning(
            "tls",
            format!("{version}, without a certificate"),
        ));
        return true;
    };
    let check = judged(&version, &seen, SystemTime::now());
    let is_valid = seen.problem.is_none();
    report.add(check);
    is_valid
}

fn judged(version: &str, seen: &Seen, now: SystemTime) -> Check {
    let (text, ends) = match Certificate::from_der(&seen.certificate) {
        Err(error) => (
            format!("{version}; the certificate cannot be read: {error}"),
            None,
        ),
        Ok(certificate) => {
            let own = certificate.tbs_certificate();
            let validity = own.validity();
            let (from, to) = (
                validity.not_before.to_system_time(),
                validity.not_after.to_system_time(),
            );
            let text = format!(
                "{version}, certificate {} by {}, valid from {} to {}",
                own.subject(),
                own.issuer(),
                httpdate::fmt_http_date(from),
                httpdate::fmt_http_date(to)
            );
            (text, Some((from, to)))
        }
    };
    let days = |time: SystemTime| match time.duration_since(now) {
        Ok(left) => left.as_secs() / DAY,
        Err(past) => past.duration().as_secs() / DAY,
    };
    if let Some((from, to)) = ends {
        if to < now {
            return Check::failed("tls", format!("{text}: expired {} days ago", days(to)))
                .advice("renew the certificate of the gateway; if it is valid, correct the clock of this machine");
        }
        if from > now {
            return Check::failed("tls", format!("{text}: not valid yet"))
                .advice("correct the clock of this machine, or the certificate of the gateway");
        }
    }
    if let Some(problem) = &seen.problem {
        return Check::failed("tls", format!("{text}: {problem}")).advice(
            "the certificate must be issued for this host by an authority that this machine trusts: install the authority's certificate, or name its file in SSL_CERT_FILE",
        );
    }
    match ends {
        Some((_, to)) if to < now + SOON => {
            Check::warning("tls", format!("{text}: {} days left", days(to)))
                .advice("renew the certificate of the gateway")
        }
        Some((_, to)) => Check::ok("tls", format!("{text} ({} days left)", days(to))),
        None => Check::ok("tls", text),
    }
}

/// The certificate of the gateway, and why it is not accepted.
#[derive(Debug)]
struct Seen {
    certificate: Vec<u8>,
    problem: Option<String>,
}

/// Verifies a certificate as the SDK does, and accepts any.
#[derive(Debug)]
struct Witness {
    verifier: Result<Verifier, String>,
    provider: Arc<CryptoProvider>,
    seen: Mutex<Option<Seen>>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let problem = match &self.verifier {
            Err(error) => Some(error.clone()),
            Ok(verifier) => verifier
                .verify_server_cert(own, others, name, ocsp, now)
                .err()
                .map(|error| error.to_string()),
        };
        if let Ok(mut seen) = self.seen.lock() {
            *seen = Some(Seen {
                certificate: own.to_vec(),
                problem,
            });
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
