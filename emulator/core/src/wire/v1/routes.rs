//! The paths of the v1 API, as a table: which methods each takes, what they ask for, and who may.
//!
//! A path is matched as it stands: no slash is added or taken away, and no escape is resolved.

use http::Method;

use crate::calls::v1::{Access, Operation};
use crate::faults::Site;

/// One path.
#[derive(Debug)]
pub struct Route {
    /// The path.
    pub path: &'static str,
    /// What GET asks for, if it may be used.
    get: Option<Operation>,
    /// What POST asks for, if it may be used.
    post: Option<Operation>,
    /// Who may ask.
    pub access: Access,
}

/// The path that the third-party push page describes; the vendor's manual has the others.
pub const SUBSCRIBE_PATH: &str = "/v1/event/subscribe";

const fn get(path: &'static str, get: Operation, access: Access) -> Route {
    Route { path, get: Some(get), post: None, access }
}

const fn post(path: &'static str, post: Operation, access: Access) -> Route {
    Route { path, get: None, post: Some(post), access }
}

/// Every path (R-V1-25).
pub static ROUTES: [Route; 9] = [
    Route {
        path: SUBSCRIBE_PATH,
        get: Some(Operation::GetSubscription),
        post: Some(Operation::Subscribe),
        access: Access::AsConfigured,
    },
    post("/v1/auth/login", Operation::Login, Access::Open),
    get("/v1/auth/errors", Operation::ListCodes, Access::Open),
    get("/v1/event", Operation::Watch, Access::Account),
    post("/v1/event/records", Operation::Records, Access::Account),
    get("/v1/device/info", Operation::DeviceInfo, Access::Account),
    post("/v1/device/door", Operation::Door, Access::Account),
    get("/v1/device/reboot", Operation::Reboot, Access::Account),
    get("/v2/datasync/ping", Operation::Ping, Access::Open),
];

/// Why a request leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unrouted {
    /// There is no such path.
    Path,
    /// The path takes other methods: these, as the header `Allow` lists them.
    Method(&'static str),
}

/// Where a request leads.
///
/// # Errors
/// When there is no such path, or it takes other methods.
pub fn route(method: &Method, path: &str) -> Result<(Operation, Access), Unrouted> {
    let route = ROUTES.iter().find(|route| route.path == path).ok_or(Unrouted::Path)?;
    let operation = match *method {
        Method::GET => route.get,
        Method::POST => route.post,
        _ => None,
    };
    let operation = operation.ok_or_else(|| Unrouted::Method(route.allowed()))?;
    Ok((operation, route.access))
}

/// Which exchange a request is.
#[must_use]
pub const fn site(operation: Operation) -> Site {
    match operation {
        Operation::GetSubscription => Site::ReadSubscription,
        Operation::Subscribe => Site::Subscribe,
        Operation::Login => Site::LoginV1,
        Operation::Records => Site::Records,
        Operation::ListCodes
        | Operation::DeviceInfo
        | Operation::Ping
        | Operation::Door
        | Operation::Reboot
        | Operation::Watch => Site::OtherV1,
    }
}

/// Whether a path is one of this API's, there or not.
#[must_use]
pub fn is_own(path: &str) -> bool {
    path.starts_with("/v1/") || path.starts_with("/v2/")
}

impl Route {
    /// What it takes: each method with what that asks for.
    pub(super) fn methods(&self) -> impl Iterator<Item = (&'static str, Operation)> {
        [("get", self.get), ("post", self.post)]
            .into_iter()
            .filter_map(|(method, operation)| Some((method, operation?)))
    }

    const fn allowed(&self) -> &'static str {
        match (self.get, self.post) {
            (Some(_), Some(_)) => "GET, POST",
            (Some(_), None) => "GET",
            (None, _) => "POST",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_there_once_and_is_this_apis() {
        for (at, route) in ROUTES.iter().enumerate() {
            assert!(is_own(route.path), "{}", route.path);
            assert!(route.get.or(route.post).is_some(), "{} takes nothing", route.path);
            assert!(ROUTES[..at].iter().all(|other| other.path != route.path), "{}", route.path);
        }
    }

    #[test]
    fn what_is_not_in_the_table_leads_nowhere() {
        for path in ["", "/", "/v1", "/v1/event/", "/v1/event/subscribe/", "/V1/event/subscribe"] {
            assert_eq!(route(&Method::GET, path), Err(Unrouted::Path), "{path}");
        }
        for (method, path, allowed) in [
            (Method::PUT, SUBSCRIBE_PATH, "GET, POST"),
            (Method::HEAD, SUBSCRIBE_PATH, "GET, POST"),
            (Method::GET, "/v1/auth/login", "POST"),
            (Method::POST, "/v1/auth/errors", "GET"),
        ] {
            assert_eq!(route(&method, path), Err(Unrouted::Method(allowed)), "{method} {path}");
        }
    }
}
