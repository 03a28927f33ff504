//! Whose certificates are believed: the system's roots', those of a file, or anyone's.
//!
//! A device's certificate is often signed by nobody but itself, names no address and was made before
//! its clock was set: one that is given in the file is believed as it is, whatever it says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Whose certificates are believed.
#[derive(Clone)]
pub struct Trust(Arc<ClientConfig>);

/// Why a file's certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// It cannot be read.
    #[error("cannot read certificates from {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: rustls::pki_types::pem::Error,
    },
    /// It has none.
    #[error("{} holds no certificate; it must be PEM with BEGIN CERTIFICATE", .0.display())]
    NoCertificate(PathBuf),
    /// TLS cannot be set up.
    #[error("cannot set up TLS")]
    Setup(#[source] Error),
}

impl Trust {
    /// The system's roots.
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up.
    pub fn system() -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        let system = rustls_native_certs::load_native_certs();
        for error in &system.errors {
            tracing::warn!(%error, "a root certificate of the system cannot be read");
        }
        // A system's store may hold roots of a form that is not supported; the others still count.
        roots.add_parsable_certificates(system.certs);
        Self::new(roots, Vec::new())
    }

    /// The certificates of a PEM file, be they roots or devices' own, and no others.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or holds none.
    pub fn file(path: &Path) -> Result<Self, TrustError> {
        let bad_file = |source| TrustError::File { path: path.to_owned(), source };
        let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
        let certificates: Vec<CertificateDer<'static>> = certificates.map_err(bad_file)?;
        if certificates.is_empty() {
            return Err(TrustError::NoCertificate(path.to_owned()));
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates.iter().cloned());
        Self::new(roots, certificates)
    }

    /// Anyone.
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up.
    pub fn anyone() -> Result<Self, TrustError> {
        Self::config(Verifier { usual: None, given: None, provider: provider() })
    }

    fn new(roots: RootCertStore, given: Vec<CertificateDer<'static>>) -> Result<Self, TrustError> {
        let usual = if roots.is_empty() {
            None
        } else {
            let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
            Some(builder.build().expect("there are roots, and no revocation lists"))
        };
        Self::config(Verifier { usual, given: Some(given), provider: provider() })
    }

    fn config(verifier: Verifier) -> Result<Self, TrustError> {
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(TrustError::Setup)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0)
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust").finish_non_exhaustive()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Believes what `given` and `usual` allow.
#[derive(Debug)]
struct Verifier {
    usual: Option<Arc<WebPkiServerVerifier>>,
    /// None: anyone is believed.
    given: Option<Vec<CertificateDer<'static>>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match (&self.given, &self.usual) {
            (None, _) => Ok(ServerCertVerified::assertion()),
            (Some(given), _) if given.iter().any(|one| one == end_entity) => {
                Ok(ServerCertVerified::assertion())
            }
            (_, Some(usual)) => {
                usual.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
            _ => Err(rustls::CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
