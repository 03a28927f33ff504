//! Who may drive the devices: no web page from elsewhere, and with a token only who has it.
//!
//! Without a token only loopback names are answered, so that a name that a stranger's DNS points here does
//! not open the door; an `Origin` must be this very server. With a token any name may stand in `Host`, since
//! the server may be behind a name of its own.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use subtle::ConstantTimeEq;

use super::app::App;
use super::problem::Problem;

/// Answered without a token: an orchestrator asks it, and it says nothing.
pub(super) const HEALTH_PATH: &str = "/healthz";

/// Lets a request pass, or answers it.
pub(super) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match check(&app, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check(app: &App, request: &Request) -> Result<(), Problem> {
    let host = host(request)?;
    if app.token.is_none() && !is_loopback(host.host()) {
        return Err(forbidden(format!(
            "the Host {host:?} is not this machine's own; use 127.0.0.1 or localhost, or start with \
             --control-token"
        )));
    }
    check_origin(request.headers(), &host)?;
    match &app.token {
        Some(token) if request.uri().path() != HEALTH_PATH => check_token(request.headers(), token),
        _ => Ok(()),
    }
}

fn forbidden(detail: String) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, detail)
}

/// The one value of a header; several are an attempt to be read in two ways.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(|value| value.to_str());
    match (first, values.next()) {
        (None, _) => Ok(None),
        (Some(Ok(value)), None) => Ok(Some(value)),
        _ => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            format!("the header {name} is there twice, or is not ASCII"),
        )),
    }
}

/// Whom the request is meant for.
fn host(request: &Request) -> Result<Authority, Problem> {
    if let Some(authority) = request.uri().authority() {
        return Ok(authority.clone());
    }
    let host = only(request.headers(), &header::HOST)?;
    host.and_then(|host| host.parse().ok())
        .filter(|host: &Authority| !host.as_str().contains('@'))
        .ok_or_else(|| {
            Problem::new(StatusCode::BAD_REQUEST, "the header Host is missing or malformed")
        })
}

fn is_loopback(host: &str) -> bool {
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(v6) => v6.parse() == Ok(Ipv6Addr::LOCALHOST),
        None => host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback()),
    }
}

fn check_origin(headers: &HeaderMap, host: &Authority) -> Result<(), Problem> {
    let Some(origin) = only(headers, &header::ORIGIN)? else {
        return Ok(());
    };
    let same = origin.parse::<Uri>().is_ok_and(|origin| is_same_origin(&origin, host));
    if same {
        return Ok(());
    }
    Err(forbidden(format!(
        "a page of {origin:?} may not drive the devices; only one of {host} may"
    )))
}

fn is_same_origin(origin: &Uri, host: &Authority) -> bool {
    let default_port = match origin.scheme() {
        Some(scheme) if *scheme == Scheme::HTTP => 80,
        // Behind a proxy that speaks TLS the page's scheme is another than ours.
        Some(scheme) if *scheme == Scheme::HTTPS => 443,
        _ => return false,
    };
    let port = |authority: &Authority| authority.port_u16().unwrap_or(default_port);
    origin.authority().is_some_and(|authority| {
        authority.host().eq_ignore_ascii_case(host.host()) && port(authority) == port(host)
    })
}

fn check_token(headers: &HeaderMap, token: &str) -> Result<(), Problem> {
    let given = only(headers, &header::AUTHORIZATION)?.and_then(|value| {
        let (scheme, given) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| given.trim_start())
    });
    let good = given.is_some_and(|given| given.as_bytes().ct_eq(token.as_bytes()).into());
    if good {
        return Ok(());
    }
    let detail = match given {
        Some(_) => "this is not the control token",
        None => "the control token is missing: send Authorization: Bearer TOKEN",
    };
    Err(Problem::new(StatusCode::UNAUTHORIZED, detail)
        .header(header::WWW_AUTHENTICATE, "Bearer realm=\"vestibule control\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_what_no_dns_answers() {
        for good in ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.10", "[::1]"] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in [
            "localhost.example.com",
            "127.0.0.1.nip.io",
            "127.1",
            "0.0.0.0",
            "192.168.1.1",
            "[::]",
            "[::ffff:127.0.0.1]",
            "::1",
            "",
        ] {
            assert!(!is_loopback(bad), "{bad}");
        }
    }

    #[test]
    fn an_origin_is_the_same_with_its_usual_port_left_out() {
        let same = |origin: &str, host: &str| {
            is_same_origin(&origin.parse().expect("a uri"), &host.parse().expect("a host"))
        };
        assert!(same("http://127.0.0.1:7900", "127.0.0.1:7900"));
        assert!(same("http://localhost", "LOCALHOST:80"));
        assert!(same("https://door.example", "door.example:443"));
        assert!(!same("http://127.0.0.1:7901", "127.0.0.1:7900"));
        assert!(!same("http://localhost:7900", "127.0.0.1:7900"));
        assert!(!same("ftp://127.0.0.1:7900", "127.0.0.1:7900"));
    }
}
