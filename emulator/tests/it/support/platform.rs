//! A platform that takes what devices push and report, and answers by script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::bounded;

/// How to answer one message.
#[derive(Clone, Debug)]
pub(crate) enum Response {
    /// As the documents say.
    Good,
    /// That status and body.
    With(u16, String),
    /// Not at all: the connection is closed.
    Close,
}

/// One message that came.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Message {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a message is JSON")
    }
}

/// A platform on a free port.
pub(crate) struct Platform {
    /// Where it takes messages.
    pub(crate) url: String,
    state: Arc<State>,
    _tasks: JoinSet<()>,
}

struct State {
    script: Mutex<VecDeque<Response>>,
    messages: watch::Sender<Vec<Message>>,
}

impl Platform {
    /// Answers as the script says, one message each, and well once that is over.
    pub(crate) async fn start(script: impl IntoIterator<Item = Response>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State {
            script: Mutex::new(script.into_iter().collect()),
            messages: watch::Sender::new(Vec::new()),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&state)));
        Self { url: format!("http://{address}/Record"), state, _tasks: tasks }
    }

    /// Waits until `count` messages came; all there are.
    pub(crate) async fn messages(&self, count: usize) -> Vec<Message> {
        let mut messages = self.state.messages.subscribe();
        let enough = messages.wait_for(|messages| messages.len() >= count);
        let enough = bounded(&format!("message {count}"), enough).await;
        enough.expect("the platform lives").clone()
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let state = Arc::clone(&state);
        let service = service_fn(move |request| answer(Arc::clone(&state), request));
        connections.spawn(async move {
            // A connection that a device closes is no concern.
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            drop(connection.await);
        });
    }
}

async fn answer(
    state: Arc<State>,
    request: http::Request<Incoming>,
) -> Result<http::Response<Full<Bytes>>, &'static str> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| "broken off")?.to_bytes();
    let message = Message { headers: head.headers, body };
    state.messages.send_modify(|messages| messages.push(message));
    let next = state.script.lock().expect("nobody panics").pop_front();
    let (status, body) = match next.unwrap_or(Response::Good) {
        Response::Good => {
            (200, r#"{"code":200,"msg":"success","message":"success","data":{}}"#.to_owned())
        }
        Response::With(status, body) => (status, body),
        Response::Close => return Err("by script"),
    };
    let mut answer = http::Response::new(Full::new(body.into()));
    *answer.status_mut() = StatusCode::from_u16(status).expect("a status");
    Ok(answer)
}
