"""An SMTP server that keeps every mail in a folder, and a page to read them; for one's own machine only.

Runs inside the virtual environment: `python -m clinic.local.mailcatcher --smtp HOST:PORT --http HOST:PORT --folder PATH`.
"""

import argparse
import sys
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from clinic.local import mailpages
from clinic.local.interruption import interruption
from clinic.local.mailbox import Mail, Mailbox

_PAGE_POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_MAIL_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
# A mail holds links that open a patient's pages: another site must not read it through a name of its own.
_OWN_NAMES = {"localhost", "127.0.0.1", "::1"}


class Receiver:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self._mailbox.keep(envelope.original_content or b"")
        return "250 Message caught"


class Pages(BaseHTTPRequestHandler):
    def __init__(self, mailbox: Mailbox, *arguments: object) -> None:
        self._mailbox = mailbox
        super().__init__(*arguments)  # type: ignore[arg-type]  # the three that socketserver passes on

    def do_GET(self) -> None:
        if urlsplit(f"//{self.headers.get('Host', '')}").hostname not in _OWN_NAMES:
            self._answer("Open this page as localhost.", kind="text/plain", status=HTTPStatus.FORBIDDEN)
            return
        key, _, rest = self.path.partition("?")[0].lstrip("/").partition("/")
        mail = self._mailbox.get(key)
        if not key:
            self._answer(mailpages.inbox(self._mailbox.newest()))
        elif key == "style.css":
            self._answer(mailpages.STYLE, kind="text/css")
        elif mail is None:
            self._answer(mailpages.missing(), status=HTTPStatus.NOT_FOUND)
        else:
            self._show(mail, rest)

    def _show(self, mail: Mail, rest: str) -> None:
        attachments = mail.attachments()
        number = rest.removeprefix("attachment/")
        if not rest:
            self._answer(mailpages.letter(mail))
        elif rest == "html":
            self._answer(mail.body("html"), policy=_MAIL_POLICY)
        elif rest == "source":
            self._answer(mail.source.decode(errors="replace"), kind="text/plain")
        elif number.isdecimal() and int(number) < len(attachments):
            content = attachments[int(number)].get_payload(decode=True)
            data = content if isinstance(content, bytes) else b""
            self._send(data, kind="application/octet-stream", policy=_MAIL_POLICY, attachment=True)
        else:
            self._answer(mailpages.missing(), status=HTTPStatus.NOT_FOUND)

    def _answer(
        self,
        text: str,
        *,
        kind: str = "text/html",
        policy: str = _PAGE_POLICY,
        status: HTTPStatus = HTTPStatus.OK,
    ) -> None:
        self._send(text.encode(), kind=f"{kind}; charset=utf-8", policy=policy, status=status)

    def _send(
        self,
        data: bytes,
        *,
        kind: str,
        policy: str,
        status: HTTPStatus = HTTPStatus.OK,
        attachment: bool = False,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        if attachment:
            self.send_header("Content-Disposition", "attachment")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name in the standard library)
        """Nothing: an address in a log would name a mail."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m clinic.local.mailcatcher", description=__doc__)
    parser.add_argument("--smtp", required=True, metavar="HOST:PORT")
    parser.add_argument("--http", required=True, metavar="HOST:PORT")
    parser.add_argument("--folder", required=True, type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    mailbox = Mailbox(options.folder)
    interruption.listen()
    smtp_host, _, smtp_port = options.smtp.rpartition(":")
    http_host, _, http_port = options.http.rpartition(":")
    controller = Controller(Receiver(mailbox), hostname=smtp_host, port=int(smtp_port))
    pages = ThreadingHTTPServer((http_host, int(http_port)), partial(Pages, mailbox))
    pages.daemon_threads = True
    controller.start()
    sys.stdout.write(f"Catching mail on {options.smtp}, showing it on {options.http}\n")
    sys.stdout.flush()
    try:
        pages.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        controller.stop()
        pages.server_close()


if __name__ == "__main__":
    main()
