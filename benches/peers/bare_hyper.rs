//! The least that could answer `event-fetch`: hyper alone, which for each request reads the same request and
//! writes the same ten events. No token, no journal, no lock, no limits: what the device's answers are compared
//! with. Prints where it listens.

#![expect(clippy::print_stdout, reason = "what is started by a script tells it where it is")]

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use vestibule_core::calls::control::{Command, Playing};
use vestibule_core::calls::v3::{Call, Credentials, Fetch, Pass, Refusal, Reply};
use vestibule_core::clock::{Mono, Now, UnixMillis};
use vestibule_core::device::{Device, Effects};
use vestibule_core::wire::View;
use vestibule_core::wire::v3::{self, Service};
use vestibule_core::world::{EventName, Wish};
use vestibule_emulator::config::Config;

/// Ten faces, ready to be written.
struct Page {
    view: Arc<View>,
    reply: Result<Reply, Refusal>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let page = Arc::new(page());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{{\"url\": \"http://{}\"}}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve(stream, Arc::clone(&page)));
    }
}

async fn serve(stream: TcpStream, page: Arc<Page>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&page)));
    // Whoever measures goes away in the middle.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

async fn answer(
    request: Request<Incoming>,
    page: Arc<Page>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let v3::Request { reqid, call } = v3::decode(&body, Service::Event, &page.view.behaviour.v3);
    assert!(matches!(call, Ok(Call::EventFetch(_))), "another request: {call:?}");
    let bytes = v3::encode(&page.reply, reqid.as_deref(), &page.view).unwrap_or_default();
    let mut response = Response::new(Full::new(Bytes::from(bytes)));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}

/// As a device has it.
fn page() -> Page {
    let mono = Mono::new(Duration::ZERO);
    let now = Now { mono, wall: UnixMillis::new(1_772_409_600_000) };
    let mut plan = Config::default().plan(7).expect("the default configuration can be run");
    let only = plan.devices.pop().expect("it is that of one device");
    let mut device = Device::new(Arc::new(only.device), now);
    let faces = Wish { count: 10, ..Wish::new(EventName::Face) };
    let emit = Command::Emit(Box::new(faces), Playing::Exactly);
    let mut effects = Effects::default();
    device.handle_control(emit, mono, &mut effects).expect("faces can be emitted");
    let view = device.view();
    let (user, digest) = ("admin".to_owned(), "9990BC737DD5B17E7A5F01B48B2C08AE".to_owned());
    let login = Ok(Call::Login(Credentials { user, digest }));
    let token = match device.handle_v3(&view, login, Pass::Nothing, mono, &mut effects) {
        Ok(Reply::Token { token, .. }) => token,
        other => panic!("the factory account logs in: {other:?}"),
    };
    let fetch = Ok(Call::EventFetch(Fetch { seqnum: None, offset: None, limit: Some(10) }));
    let reply = device.handle_v3(&view, fetch, Pass::Token(&token), mono, &mut effects);
    assert!(reply.is_ok(), "{reply:?}");
    Page { view, reply }
}
