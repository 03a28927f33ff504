//! TLS towards platforms: 1.2 and 1.3, verified against the system's roots and any given ones (R-V1-21).
//!
//! The system's roots are loaded at the first https destination, not at the start.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use vestibule_core::behaviour::V1;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file with further roots cannot be used.
    #[error("cannot read certificates from {}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: rustls::pki_types::pem::Error,
    },
    /// The file with further roots has none.
    #[error("{} holds no certificate; it must be PEM with BEGIN CERTIFICATE", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A certificate cannot be a root.
    #[error("a certificate cannot be trusted as a root")]
    BadRoot(#[source] rustls::Error),
    /// The host's name cannot be in a certificate.
    #[error("`{0}` is no name that a certificate can carry")]
    Name(String),
    /// The handshake failed.
    #[error("the TLS handshake failed")]
    Handshake(#[source] std::io::Error),
}

/// Whether the platform's certificate is verified (R-V1-21).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verify {
    Yes,
    No,
}

/// The client side of TLS, shared by all devices.
#[derive(Debug, Default)]
pub struct Tls {
    further_roots: Vec<CertificateDer<'static>>,
    verifying: OnceLock<Arc<ClientConfig>>,
    trusting: OnceLock<Arc<ClientConfig>>,
}

impl Verify {
    /// As the knob has it.
    pub(crate) const fn of(knobs: &V1) -> Self {
        if knobs.tls_verify { Self::Yes } else { Self::No }
    }
}

impl Tls {
    /// With the roots in `ca_file` besides the system's.
    ///
    /// # Errors
    /// When the file cannot be read or holds no certificate that can be a root.
    pub fn new(ca_file: Option<&Path>) -> Result<Self, TlsError> {
        let Some(path) = ca_file else {
            return Ok(Self::default());
        };
        let bad_file = |source| TlsError::CaFile { path: path.to_owned(), source };
        let certificates = CertificateDer::pem_file_iter(path).map_err(bad_file)?;
        let further_roots: Vec<_> = certificates.collect::<Result<_, _>>().map_err(bad_file)?;
        if further_roots.is_empty() {
            return Err(TlsError::NoCertificate { path: path.to_owned() });
        }
        for root in &further_roots {
            RootCertStore::empty().add(root.clone()).map_err(TlsError::BadRoot)?;
        }
        Ok(Self { further_roots, ..Self::default() })
    }

    pub(crate) async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        host: &str,
        verify: Verify,
        stream: S,
    ) -> Result<TlsStream<S>, TlsError> {
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|_| TlsError::Name(host.to_owned()))?;
        let config = match verify {
            Verify::Yes => self.verifying.get_or_init(|| Arc::new(self.verifying_config())),
            Verify::No => self.trusting.get_or_init(|| Arc::new(config(Trust::Anyone))),
        };
        let connector = TlsConnector::from(Arc::clone(config));
        connector.connect(name, stream).await.map_err(TlsError::Handshake)
    }

    fn verifying_config(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        let system = rustls_native_certs::load_native_certs();
        for error in &system.errors {
            tracing::warn!(%error, "a root certificate of the system cannot be read");
        }
        // A system's store may hold roots of a form that is not supported; the others still count.
        roots.add_parsable_certificates(system.certs);
        roots.add_parsable_certificates(self.further_roots.iter().cloned());
        if roots.is_empty() {
            tracing::warn!("there is no root certificate: no https destination can be verified");
            return builder().with_root_certificates(roots).with_no_client_auth();
        }
        let provider = Arc::new(provider());
        let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        let usual = usual.expect("there are roots, and no revocation lists that could be bad");
        config(Trust::Roots { usual, given: self.further_roots.clone() })
    }
}

fn builder() -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider supports TLS 1.2 and 1.3")
}

fn provider() -> CryptoProvider {
    aws_lc_rs::default_provider()
}

fn config(trust: Trust) -> ClientConfig {
    let algorithms = provider().signature_verification_algorithms;
    builder()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier { trust, algorithms }))
        .with_no_client_auth()
}

/// Whose certificates are taken; that a platform has its certificate's key is checked in any case.
#[derive(Debug)]
struct Verifier {
    trust: Trust,
    algorithms: WebPkiSupportedAlgorithms,
}

#[derive(Debug)]
enum Trust {
    /// Anybody's, as by devices whose verification is off.
    Anyone,
    /// Those that the roots vouch for, and a given root itself as a platform's certificate: the self-signed
    /// one that everybody makes for a test is marked as an authority, and the usual rules take none of
    /// those at the platform's end. Its time and its name must be right all the same.
    Roots { usual: Arc<WebPkiServerVerifier>, given: Vec<CertificateDer<'static>> },
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Trust::Roots { usual, given } = &self.trust else {
            return Ok(ServerCertVerified::assertion());
        };
        let verified =
            usual.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // What has no error of its own there: an authority's. Its time was looked at before that.
            Err(rustls::Error::InvalidCertificate(CertificateError::Other(_)))
                if given.contains(end_entity) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
