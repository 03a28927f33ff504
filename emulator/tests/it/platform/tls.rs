//! The platform's certificate: made for the test, its own root.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, SupportedProtocolVersion, version};
use tempfile::NamedTempFile;
use tokio_rustls::TlsAcceptor;

/// Which versions of TLS a platform speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsVersions {
    Only12,
    Only13,
    Both,
}

const BOTH: [&SupportedProtocolVersion; 2] = [&version::TLS12, &version::TLS13];

/// A certificate for 127.0.0.1 that is its own root.
pub(crate) struct Certificate {
    made: rcgen::CertifiedKey<rcgen::KeyPair>,
    pem: NamedTempFile,
}

impl Certificate {
    pub(crate) fn new() -> Self {
        let names = ["127.0.0.1".to_owned()];
        Self::made(rcgen::generate_simple_self_signed(names).expect("a certificate"))
    }

    /// One for that address that is marked as an authority's, and ends with that year.
    pub(crate) fn of_an_authority(address: &str, last_year: i32) -> Self {
        let mut params =
            rcgen::CertificateParams::new([address.to_owned()]).expect("an address is a name");
        params.not_after = rcgen::date_time_ymd(last_year, 12, 31);
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let signing_key = rcgen::KeyPair::generate().expect("a key");
        let cert = params.self_signed(&signing_key).expect("a certificate");
        Self::made(rcgen::CertifiedKey { cert, signing_key })
    }

    fn made(made: rcgen::CertifiedKey<rcgen::KeyPair>) -> Self {
        let pem = NamedTempFile::new().expect("a file");
        std::fs::write(pem.path(), made.cert.pem()).expect("writable");
        Self { made, pem }
    }

    /// Its private key, as PEM.
    pub(crate) fn key_pem(&self) -> String {
        self.made.signing_key.serialize_pem()
    }

    /// The file for `--push-ca`.
    pub(crate) fn path(&self) -> &Path {
        self.pem.path()
    }

    pub(crate) fn acceptor(&self, versions: TlsVersions) -> TlsAcceptor {
        let versions = match versions {
            TlsVersions::Only12 => &BOTH[..1],
            TlsVersions::Only13 => &BOTH[1..],
            TlsVersions::Both => &BOTH[..],
        };
        let key = PrivateKeyDer::try_from(self.made.signing_key.serialize_der()).expect("PKCS#8");
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .expect("the provider has both versions")
            .with_no_client_auth()
            .with_single_cert(vec![self.made.cert.der().clone()], key)
            .expect("the key is the certificate's");
        TlsAcceptor::from(Arc::new(config))
    }
}
