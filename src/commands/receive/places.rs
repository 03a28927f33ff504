//! Where devices reach the platform: its listener, plain or within TLS, and a broker.

use std::path::Path;

use vestibule_conformance::platform::{Authority, ServerTls, TlsError};
use vestibule_conformance::receiver::answer::Answers;
use vestibule_conformance::receiver::server::{Options, ReceiverError};
use vestibule_conformance::trust::Trust;

use crate::cli::receive::{ReceiveArgs, TlsArgs};
use crate::exit::{Exit, Failure};

/// By which names devices on this machine know it, besides the one it listens on.
const HERE: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What the arguments ask for.
pub(crate) fn options(args: &ReceiveArgs) -> Result<Options, Failure> {
    let broker = match &args.mqtt {
        Some(broker) => Some((broker.clone(), trust(args.mqtt_ca.as_deref())?)),
        None => None,
    };
    Ok(Options {
        listen: args.listen.clone(),
        answers: Answers::new(args.answer, args.fail_first),
        tls: tls(&args.listen, &args.tls)?,
        broker,
    })
}

/// What could not be listened on, or joined.
pub(crate) fn failure(args: &ReceiveArgs, error: ReceiverError) -> Failure {
    if let (ReceiverError::Broker(_), Some(broker)) = (&error, &args.mqtt) {
        let hint = "see that the broker runs there and lets this account in; --mqtt-ca FILE names \
                    whose certificates are believed";
        return Failure::new(Exit::Unreachable, format!("joining {broker}"), error).hint(hint);
    }
    Failure::new(Exit::Unreachable, format!("listening on {}", args.listen), error)
        .hint("give an address of this machine and a free port with --listen (port 0 picks one)")
}

fn trust(file: Option<&Path>) -> Result<Trust, Failure> {
    let trust = file.map_or_else(Trust::system, Trust::file);
    trust.map_err(|error| {
        Failure::new(Exit::Usage, "reading whose certificates are believed", error)
            .hint("give --mqtt-ca a PEM file with a certificate")
    })
}

fn tls(listen: &str, args: &TlsArgs) -> Result<Option<ServerTls>, Failure> {
    let failed = |error: TlsError| {
        Failure::new(Exit::Usage, "preparing TLS", error)
            .hint("give --tls-cert and --tls-key PEM files that belong together, or neither")
    };
    match (args.tls, &args.tls_cert, &args.tls_key) {
        (false, ..) => Ok(None),
        (true, Some(certificate), Some(key)) => {
            ServerTls::from_files(certificate, key).map(Some).map_err(failed)
        }
        _ => {
            let authority = Authority::new().map_err(failed)?;
            if let Some(path) = &args.ca_out {
                keep(path, &authority)?;
            }
            let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host);
            let host = host.trim_start_matches('[').trim_end_matches(']');
            let mut hosts: Vec<String> = HERE.map(str::to_owned).into();
            if !HERE.contains(&host) {
                hosts.push(host.to_owned());
            }
            authority.sign(&hosts).map(Some).map_err(failed)
        }
    }
}

fn keep(path: &Path, authority: &Authority) -> Result<(), Failure> {
    std::fs::write(path, authority.pem()).map_err(|error| {
        let tried = format!("writing what is to be trusted to {}", path.display());
        Failure::new(Exit::Usage, tried, error)
            .hint("give --ca-out a path in a directory that can be written")
    })
}
