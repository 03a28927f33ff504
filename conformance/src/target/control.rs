//! The control API of an emulator, as far as the suite uses it: to make things happen.
//!
//! Nothing that is judged comes from here. What it answers is written down nowhere but in messages.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::wire::{Ask, Wire, chain};
use crate::http::{HttpError, Limits};

/// A control API and the device it is asked about.
#[derive(Debug)]
pub struct Control {
    wire: Wire,
    headers: Vec<(String, String)>,
    /// The device's serial number.
    pub sn: String,
}

/// Why the control API did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The URL cannot be asked.
    #[error("the control API's URL is none")]
    Url(#[source] HttpError),
    /// No answer, or none of a control API.
    #[error("the control API did not answer: {0}")]
    Unreachable(String),
    /// It has no such event, or cannot make it: the stimulus cannot provoke it.
    #[error("the control API refused: {0}")]
    Refused(String),
    /// There is none, or more than one and none was named.
    #[error("the control API has {0} devices; name one by its serial number")]
    Devices(usize),
}

/// How long the emulator may take: a hundred thousand events are made in some seconds.
const PATIENCE: Duration = Duration::from_secs(120);

impl Control {
    /// Connects to the control API at `url` and finds the device: `sn`, or the only one.
    ///
    /// # Errors
    ///
    /// When it does not answer, or which device is meant is not clear.
    pub async fn connect(
        url: &str,
        token: Option<&str>,
        sn: Option<&str>,
        origin: Instant,
    ) -> Result<Self, ControlError> {
        let limits = Limits { answer: PATIENCE, ..Limits::default() };
        let wire = Wire::new(url, origin, limits, None).map_err(ControlError::Url)?;
        let bearer = |token| ("Authorization".to_owned(), format!("Bearer {token}"));
        let headers = token.map(bearer).into_iter().collect();
        let mut control = Self { wire, headers, sn: String::new() };
        let devices = control.send("GET", "/devices", Value::Null).await?;
        let devices = devices["devices"].as_array().cloned().unwrap_or_default();
        let mut named = devices.iter().filter_map(|device| device["sn"].as_str());
        let found = match sn {
            Some(sn) => named.find(|one| *one == sn),
            None if devices.len() == 1 => named.next(),
            None => None,
        };
        control.sn = found.ok_or(ControlError::Devices(devices.len()))?.to_owned();
        Ok(control)
    }

    /// What it tells of the device.
    ///
    /// # Errors
    ///
    /// When it does not answer.
    pub async fn status(&mut self) -> Result<Value, ControlError> {
        let path = self.path("");
        self.send("GET", &path, Value::Null).await
    }

    /// Makes events happen; what it tells of them.
    ///
    /// # Errors
    ///
    /// When it does not, or cannot.
    pub async fn emit(&mut self, wish: Value) -> Result<Value, ControlError> {
        let path = self.path("/events");
        self.send("POST", &path, wish).await
    }

    /// Plugs the network cable in or out: `online`, `offline`.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub async fn network(&mut self, state: &str) -> Result<(), ControlError> {
        let path = self.path("/network");
        self.send("POST", &path, json!({ "state": state })).await.map(drop)
    }

    /// Restarts the device.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub async fn restart(&mut self) -> Result<(), ControlError> {
        let path = self.path("/restart");
        self.send("POST", &path, Value::Null).await.map(drop)
    }

    fn path(&self, what: &str) -> String {
        format!("/devices/{}{what}", self.sn)
    }

    async fn send(&mut self, method: &str, path: &str, body: Value) -> Result<Value, ControlError> {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let headers = self.headers.clone();
        let ask = Ask { method: method.to_owned(), path: path.to_owned(), headers, body };
        let exchange = self.wire.ask(ask, "").await;
        let Some(answer) = exchange.answer else {
            return Err(ControlError::Unreachable(exchange.failure.unwrap_or_default()));
        };
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match answer.status {
            200..=299 => Ok(body),
            status => {
                let detail = body["detail"].as_str().map(str::to_owned);
                Err(ControlError::Refused(detail.unwrap_or_else(|| format!("HTTP {status}"))))
            }
        }
    }
}

impl ControlError {
    /// It and its causes in one line.
    #[must_use]
    pub fn line(&self) -> String {
        chain(self)
    }
}
