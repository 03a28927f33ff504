"""HTTP/1.1 for the stand-in: a listener that can leave the network, and a caller with one deadline.

Both sides read with the same few lines. Leaving the network resets every connection and keeps the
port number, so that the device comes back under the address it had. What a message means is said
elsewhere.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

# A longer body is not read: the largest that either document asks for has some 1,100 bytes.
BODY_BYTES_MAX = 1 << 20

Json = dict[str, Any]
# What can go wrong between two ends; a caller treats all of it as "no answer".
TROUBLE = (OSError, ValueError, EOFError, asyncio.LimitOverrunError, TimeoutError)


class TooLarge(ValueError):
    """A body has more than BODY_BYTES_MAX bytes."""


@dataclass(frozen=True)
class Message:
    """A request or an answer: the words of its first line, its headers in lower case, its body."""

    start: list[str]
    headers: dict[str, str]
    body: bytes
    oversize: bool = False

    @property
    def method(self) -> str:
        """A request's method."""
        return self.start[0]

    @property
    def path(self) -> str:
        """A request's path, without the query."""
        return self.start[1].partition("?")[0]

    @property
    def status(self) -> int:
        """An answer's status."""
        return int(self.start[1])

    @property
    def keeps_open(self) -> bool:
        """Whether the sender wants to go on with the connection."""
        closes = self.oversize or self.headers.get("connection", "").lower() == "close"
        return "HTTP/1.1" in self.start and not closes

    def json(self) -> Json:
        """The body as a JSON object; ValueError if it is anything else."""
        try:
            value = json.loads(self.body, parse_constant=_no_constant)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        if not isinstance(value, dict):
            raise ValueError("not an object")
        return value


@dataclass(frozen=True)
class Reply:
    """What a handler answers; `then` runs once the answer is out and its connection closed."""

    status: int
    body: bytes
    then: Callable[[], None] | None = None


Handler = Callable[[Message], Reply | None]


class Listener:
    """Serves one port. A handler's None closes the connection without an answer."""

    def __init__(self, host: str, port: int, handler: Handler) -> None:
        self._host, self._port, self._handler = host, port, handler
        self._socket: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """The address, known from the first `listen` on and the same ever after."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def listen(self) -> None:
        """Starts to accept connections; does nothing when it does already."""
        if self._socket is None:
            family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
            self._socket = socket.create_server((self._host, self._port), family=family)
            self._socket.setblocking(False)
            self._port = self._socket.getsockname()[1]
            self._accepting = asyncio.create_task(self._accept(self._socket))

    def leave(self) -> None:
        """Closes the port and resets every connection."""
        if self._socket is not None and self._accepting is not None:
            self._accepting.cancel()
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        for writer in self._open:
            reset(writer)

    async def _accept(self, listening: socket.socket) -> None:
        """Python 3.11's own server forgets, open, what it accepts in the moment it is closed."""
        loop = asyncio.get_running_loop()

        def conversation() -> asyncio.StreamReaderProtocol:
            return asyncio.StreamReaderProtocol(asyncio.StreamReader(), self._serve)

        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
                await loop.connect_accepted_socket(conversation, connection)
            except OSError:  # the peer has gone again, or there are too many
                await asyncio.sleep(0.05)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._socket is None:  # accepted in the moment the port was closed
            reset(writer)
            return
        self._open.add(writer)
        then = None
        try:
            goes_on = True
            while goes_on:
                goes_on, then = await self._exchange(reader, writer)
            writer.close()
            await writer.wait_closed()
        except TROUBLE:
            writer.close()
        finally:
            self._open.discard(writer)
        if then is not None:
            then()

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[bool, Callable[[], None] | None]:
        request = await read_message(reader)
        reply = self._handler(request)
        if reply is None:
            return False, None
        goes_on = request.keeps_open and reply.then is None
        writer.write(_head(reply, goes_on) + reply.body)
        await writer.drain()
        if request.oversize:  # closing on unread bytes would reset, and take the answer with it
            async with asyncio.timeout(2):
                while await reader.read(1 << 16):
                    pass
        return goes_on, reply.then


class Caller:
    """Posts JSON, with `timeout_s` for all of an exchange; keeps the connection while it can."""

    def __init__(self, timeout_s: float, tls: ssl.SSLContext) -> None:
        self._timeout_s, self._tls = timeout_s, tls
        self._base = ""
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def post(self, url: str, body: bytes) -> Message:
        """The answer; one of TROUBLE if there is none in time. Cancelling resets the connection."""
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._post(destination(url), body)
        except BaseException:
            self.hang_up()
            raise
        if not answer.keeps_open:
            self.hang_up()
        return answer

    def hang_up(self) -> None:
        """Resets the connection, if there is one."""
        if self._writer is not None:
            reset(self._writer)
        self._reader = self._writer = None

    async def _post(self, url: SplitResult, body: bytes) -> Message:
        reader, writer = await self._connection(url)
        target = quote(url.path or "/", safe="/%:@!$&'()*+,;=~")
        if url.query:
            target += "?" + quote(url.query, safe="/?%:@!$&'()*+,;=~")
        head = (
            f"POST {target} HTTP/1.1\r\nHost: {url.netloc.rpartition('@')[2]}\r\n"
            f"Content-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode("ascii") + body)
        await writer.drain()
        while True:
            answer = await read_message(reader, is_answer=True)
            if not 100 <= answer.status < 200:
                return answer

    async def _connection(self, url: SplitResult) -> tuple[asyncio.StreamReader, Any]:
        base = f"{url.scheme}://{url.netloc}"
        if self._reader is None or self._reader.at_eof() or self._base != base:
            self.hang_up()
            secure = url.scheme == "https"
            self._reader, self._writer = await asyncio.open_connection(
                url.hostname, url.port or (443 if secure else 80), ssl=self._tls if secure else None
            )
            self._base = base
        return self._reader, self._writer


def destination(url: str) -> SplitResult:
    """The parts of an http or https address; ValueError for what nothing can be sent to."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError("neither http nor https")
    if not parts.hostname or not parts.netloc.isascii():
        raise ValueError("no host")
    if any(sign <= " " or sign == "\x7f" for sign in url) or parts.port == 0:
        raise ValueError("no address")
    return parts


def reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection at once, with a reset in place of a farewell."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def read_message(reader: asyncio.StreamReader, *, is_answer: bool = False) -> Message:
    """The next message; EOFError if the peer has gone, ValueError if it is not HTTP."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    start = first.split(" ", 2)
    if len(start) < 2 or not is_answer and len(start) < 3:
        raise ValueError("no HTTP message")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    try:
        empty = is_answer and start[1] in ("204", "304")
        body = b"" if empty else await _body(reader, headers, is_answer)
    except TooLarge:
        return Message(start, headers, b"", oversize=True)
    return Message(start, headers, body)


async def _body(reader: asyncio.StreamReader, headers: dict[str, str], is_answer: bool) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _chunks(reader)
    if "content-length" in headers:
        return await reader.readexactly(_allowed(int(headers["content-length"])))
    body = b""
    while is_answer and (piece := await reader.read(1 << 16)):
        body += piece
        _allowed(len(body))
    return body


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).partition(b";")[0], 16):
        _allowed(len(body) + size)
        body += (await reader.readexactly(size + 2))[:-2]
    while (await reader.readline()).strip():
        pass  # trailers
    return body


def _allowed(size: int) -> int:
    if not 0 <= size <= BODY_BYTES_MAX:
        raise TooLarge(size)
    return size


def _head(reply: Reply, goes_on: bool) -> bytes:
    return (
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(reply.body)}\r\n"
        f"Connection: {'keep-alive' if goes_on else 'close'}\r\n\r\n"
    ).encode("ascii")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
