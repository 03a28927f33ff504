//! One connection to the platform: reads requests, records them, answers by the script.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::{Answer, Request, Shared};

/// Accepts until it is aborted; then every connection is reset.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.expect("a test opens few connections");
        let number = shared.change(|state| {
            state.connections += 1;
            state.connections
        });
        connections.spawn(serve(stream, number, Ended(Arc::clone(&shared))));
        while connections.try_join_next().is_some() {}
    }
}

/// Notes the end of a connection however it ends, also when its task is aborted.
struct Ended(Arc<Shared>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.change(|state| state.ended += 1);
    }
}

async fn serve(stream: TcpStream, number: u64, ended: Ended) {
    // An aborted connection, too, is reset: what was cut is told from what was closed.
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("settable");
    stream.set_nodelay(true).expect("settable");
    let acceptor = ended.0.lock().tls.clone();
    match acceptor {
        None => exchange(stream, number, &ended.0, |stream| stream).await,
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                exchange(stream, number, &ended.0, |stream| stream.get_ref().0).await;
            }
        }
    }
}

async fn exchange<S>(mut stream: S, number: u64, shared: &Shared, tcp: fn(&S) -> &TcpStream)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut buffer = Vec::new();
    while let Some(mut request) = read_request(&mut stream, &mut buffer).await {
        request.connection = number;
        let mut answer = shared.change(|state| {
            let answer = state.script.take();
            request.answer = answer;
            state.requests.push(request);
            answer
        });
        if answer == Answer::Hold {
            tokio::select! {
                () = shared.until("the script went on", |state| !state.script.holds()) => {}
                () = until_gone(&mut stream) => return,
            }
            answer = shared.lock().script.take();
        }
        if stream.write_all(&answer.bytes()).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        match answer {
            Answer::Hang => return until_gone(&mut stream).await,
            Answer::Endless => return endless(&mut stream).await,
            Answer::ResetBefore | Answer::ResetInHead | Answer::ResetInBody => return,
            Answer::OkAndClose | Answer::OkThenSilentClose | Answer::Garbage => {
                SockRef::from(tcp(&stream)).set_linger(None).expect("settable");
                drop(stream.shutdown().await);
                return until_gone(&mut stream).await;
            }
            _ => {}
        }
    }
}

async fn until_gone<S: AsyncRead + Unpin>(stream: &mut S) {
    let mut rest = [0; 1024];
    while matches!(stream.read(&mut rest).await, Ok(1..)) {}
}

async fn endless<S: AsyncWrite + Unpin>(stream: &mut S) {
    let mut chunk = b"1000\r\n".to_vec();
    chunk.resize(chunk.len() + 0x1000, b' ');
    chunk.extend_from_slice(b"\r\n");
    while stream.write_all(&chunk).await.is_ok() {}
}

async fn read_request<S>(stream: &mut S, buffer: &mut Vec<u8>) -> Option<Request>
where
    S: AsyncRead + Unpin,
{
    let head = loop {
        if let Some(end) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break buffer.drain(..end + 4).collect::<Vec<u8>>();
        }
        more(stream, buffer).await?;
    };
    let head = String::from_utf8(head).expect("a device's head is text");
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").expect("a delivery has a length");
    let length: usize = length.parse().expect("a length is a number");
    while buffer.len() < length {
        more(stream, buffer).await?;
    }
    let body = buffer.drain(..length).collect();
    Some(Request { connection: 0, method, path, headers, body, answer: Answer::Ok })
}

async fn more<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut Vec<u8>) -> Option<()> {
    match stream.read_buf(buffer).await {
        Ok(1..) => Some(()),
        _ => None,
    }
}
