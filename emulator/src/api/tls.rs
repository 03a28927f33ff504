//! TLS of the device APIs (R-V1-32): the certificate that a device shows, given or its own, and the handshake.
//!
//! A device's own certificate is made when it first needs one. Kept with the device it is the same ever after;
//! its key is for the eyes of whoever runs the device alone.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Where in a data directory certificates are.
const DIRECTORY: &str = "tls";

/// Whoever may read the key could be the device.
const KEY_MODE: u32 = 0o600;
const CERTIFICATE_MODE: u32 = 0o644;

/// What a device shows to those who connect.
#[derive(Clone)]
pub(crate) struct ServerTls(TlsAcceptor);

impl std::fmt::Debug for ServerTls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ServerTls(..)")
    }
}

/// Why a device has no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be used.
    #[error("cannot read a {what} from {}", path.display())]
    Read {
        /// `certificate` or `private key`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: rustls::pki_types::pem::Error,
    },
    /// A file has none.
    #[error("{} holds no certificate; it must be PEM with BEGIN CERTIFICATE", .0.display())]
    NoCertificate(PathBuf),
    /// Certificate and key do not belong together, or are of a kind that TLS does not use.
    #[error("the certificate {} cannot be used with its key", path.display())]
    Use {
        /// The certificate's file.
        path: PathBuf,
        /// Why not.
        source: rustls::Error,
    },
    /// A certificate cannot be made.
    #[error("a certificate for {name} cannot be made")]
    Make {
        /// The device's serial number.
        name: String,
        /// Why not.
        source: rcgen::Error,
    },
    /// A certificate that was made cannot be kept.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl ServerTls {
    /// What the files hold: a chain that begins with the device's own certificate, and its key.
    ///
    /// # Errors
    /// When a file cannot be read, or they do not belong together.
    pub(crate) fn from_files(certificate: &Path, key: &Path) -> Result<Self, CertificateError> {
        let bad_file = |what, path: &Path| {
            let path = path.to_owned();
            move |source| CertificateError::Read { what, path, source }
        };
        let chain: Result<Vec<_>, _> =
            CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
        let chain = chain.map_err(bad_file("certificate", certificate))?;
        if chain.is_empty() {
            return Err(CertificateError::NoCertificate(certificate.to_owned()));
        }
        let private = PrivateKeyDer::from_pem_file(key).map_err(bad_file("private key", key))?;
        Self::new(chain, private)
            .map_err(|source| CertificateError::Use { path: certificate.to_owned(), source })
    }

    /// A device's own: that of the data directory, if there is one; made, and kept there, where it has none.
    ///
    /// # Errors
    /// When it cannot be made, read or kept.
    pub(crate) fn own(
        name: &str,
        address: IpAddr,
        data: Option<&Path>,
    ) -> Result<Self, CertificateError> {
        let Some(data) = data else {
            let (certificate, key) = made(name, address)?;
            let private = PrivateKeyDer::try_from(key.serialize_der());
            let private = private.expect("the key is of a form that the library itself wrote");
            return Self::new(vec![certificate.der().clone()], private)
                .map_err(|source| CertificateError::Use { path: name.into(), source });
        };
        let directory = data.join(DIRECTORY);
        let file = |kind: &str| directory.join(format!("{}.{kind}", file_name(name)));
        let (certificate, key) = (file("crt"), file("key"));
        // The certificate comes last: where it is, its key is too.
        if !certificate.exists() {
            let (made, private) = made(name, address)?;
            fs::create_dir_all(&directory)
                .map_err(|source| CertificateError::Write { path: directory.clone(), source })?;
            keep(&key, &private.serialize_pem(), KEY_MODE)?;
            keep(&certificate, &made.pem(), CERTIFICATE_MODE)?;
        }
        Self::from_files(&certificate, &key)
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, rustls::Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    pub(super) const fn acceptor(&self) -> &TlsAcceptor {
        &self.0
    }
}

/// A certificate that a device signs for itself, for where it can be found from this machine and the address
/// that it listens on.
fn made(name: &str, address: IpAddr) -> Result<(rcgen::Certificate, KeyPair), CertificateError> {
    let failed = |source| CertificateError::Make { name: name.to_owned(), source };
    let mut hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let address = address.to_string();
    if !hosts.contains(&address) {
        hosts.push(address);
    }
    let mut params = CertificateParams::new(hosts).map_err(failed)?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.self_signed(&key).map_err(failed)?;
    Ok((certificate, key))
}

/// A name that is one file's on any system, and no other device's.
fn file_name(name: &str) -> String {
    let mut file = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            file.push(char::from(byte));
        } else {
            file.push_str(&format!("_{byte:02x}"));
        }
    }
    file
}

/// Writes a file that appears whole, and never with other rights than these.
fn keep(path: &Path, text: &str, mode: u32) -> Result<(), CertificateError> {
    let new = path.with_extension("new");
    let written = || {
        // One that a crash left behind could have other rights.
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    written().map_err(|source| CertificateError::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn r_v1_32_a_certificate_is_kept_and_its_key_is_private() {
        let data = tempfile::tempdir().expect("a directory");
        ServerTls::own("VSB/7", HERE, Some(data.path())).expect("made");
        let file = |name: &str| data.path().join("tls").join(name);
        let read = |name| fs::read(file(name)).expect("it is there");
        let (certificate, key) = (read("VSB_2f7.crt"), read("VSB_2f7.key"));
        let mode = fs::metadata(file("VSB_2f7.key")).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        ServerTls::own("VSB/7", HERE, Some(data.path())).expect("read");
        assert_eq!((read("VSB_2f7.crt"), read("VSB_2f7.key")), (certificate, key));
        ServerTls::own("VSB-8", HERE, Some(data.path())).expect("another one");
        assert_ne!(read("VSB-8.crt"), read("VSB_2f7.crt"));
    }

    #[test]
    fn r_v1_32_what_is_half_written_is_made_anew() {
        let data = tempfile::tempdir().expect("a directory");
        let directory = data.path().join("tls");
        fs::create_dir(&directory).expect("writable");
        for name in ["D.key", "D.new"] {
            fs::write(directory.join(name), "half").expect("writable");
        }
        ServerTls::own("D", HERE, Some(data.path())).expect("made");
        let mode = fs::metadata(directory.join("D.key")).expect("it is there").permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }

    #[test]
    fn r_v1_32_what_cannot_be_used_is_named() {
        let data = tempfile::tempdir().expect("a directory");
        let directory = data.path().join("tls");
        fs::create_dir(&directory).expect("writable");
        let (certificate, key) = (directory.join("D.crt"), directory.join("D.key"));
        let error = |what: &str| {
            let error = ServerTls::own("D", HERE, Some(data.path())).expect_err(what);
            error.to_string()
        };
        fs::write(&certificate, "no PEM").expect("writable");
        assert!(error("no certificate").contains("D.crt holds no certificate"));
        let (own, _) = made("D", HERE).expect("a certificate");
        fs::write(&certificate, own.pem()).expect("writable");
        assert!(error("no key").contains("private key from"));
        let (_, others) = made("E", HERE).expect("a certificate");
        fs::write(&key, others.serialize_pem()).expect("writable");
        assert!(error("another's key").contains("cannot be used with its key"));
    }
}
