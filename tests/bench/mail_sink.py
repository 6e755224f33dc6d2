"""A mail server that costs little: it accepts everything and notes each Message-ID with its time in a file."""

import asyncio
import multiprocessing
import re
import socket
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO
from uuid import UUID

from clinic import clock

_ID = re.compile(rb"(?im)^message-id:\s*<([0-9a-f-]{36})@")
_END = b"\r\n.\r\n"


class Sink:
    """Where it listens, and what it was given."""

    def __init__(self, port: int, log: Path) -> None:
        self.port, self._log = port, log

    def lines(self) -> list[tuple[UUID, float]]:
        """Each accepted mail's key, and when it came (seconds since 1970)."""
        rows = (line.split() for line in self._log.read_text().splitlines())
        return [(UUID(key), float(at)) for key, at in rows]

    def counts(self) -> Counter[UUID]:
        return Counter(key for key, _at in self.lines())

    def clear(self) -> None:
        self._log.write_text("")


@contextmanager
def running() -> Iterator[Sink]:
    """In a process of its own, as a mail server is."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "accepted"
        log.touch()
        child = multiprocessing.get_context("fork").Process(target=_serve, args=(listener, log), daemon=True)
        child.start()
        try:
            yield Sink(listener.getsockname()[1], log)
        finally:
            child.kill()
            child.join()
            listener.close()


def _serve(listener: socket.socket, log: Path) -> None:
    with log.open("a", buffering=1) as file:

        async def serve() -> None:
            loop = asyncio.get_running_loop()
            server = await loop.create_server(lambda: _Session(file), sock=listener)
            await server.serve_forever()

        asyncio.run(serve())


class _Session(asyncio.Protocol):
    def __init__(self, log: TextIO) -> None:
        self.log, self.buffer, self.in_data = log, b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._say(b"220 bench")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while self._step():
            pass

    def _step(self) -> bool:
        if self.in_data:
            mail, end, rest = self.buffer.partition(_END)
            if not end:
                return False
            self.in_data, self.buffer = False, rest
            found = _ID.search(mail)
            if found is not None:
                self.log.write(f"{found[1].decode()} {clock.now().timestamp()}\n")
            self._say(b"250 accepted")
            return True
        line, end, rest = self.buffer.partition(b"\r\n")
        if not end:
            return False
        self.buffer = rest
        word = line[:4].upper()
        if word == b"EHLO":
            self._say(b"250-bench\r\n250 8BITMIME")
        elif word == b"DATA":
            self.in_data = True
            self._say(b"354 go on")
        elif word == b"QUIT":
            self._say(b"221 bye")
            self.transport.close()
        else:
            self._say(b"250 ok")
        return True

    def _say(self, line: bytes) -> None:
        assert isinstance(self.transport, asyncio.Transport)
        self.transport.write(line + b"\r\n")
