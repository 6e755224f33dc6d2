"""Caught mail is kept whole and shown harmlessly."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from clinic.local import mailpages
from clinic.local.mailbox import Mail, Mailbox


@pytest.fixture
def mail(tmp_path: Path) -> Mail:
    message = EmailMessage()
    message["Subject"] = "Your visit <b>"
    message["To"] = "ana@example.org"
    message.set_content("Confirm: https://clinic.example/l/abc?x=1&y=2\n<script>alert(1)</script>")
    message.add_alternative("<p>Confirm</p><script>alert(1)</script>", subtype="html")
    message.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename='"><x.ics')
    mailbox = Mailbox(tmp_path)
    mailbox.keep(message.as_bytes())
    (kept,) = mailbox.newest()
    return kept


def test_inbox_escapes_the_subject(mail: Mail) -> None:
    assert "<strong>Your visit &lt;b&gt;</strong>" in mailpages.inbox([mail])


def test_inbox_without_mail_says_what_will_appear() -> None:
    assert "Nothing has been sent yet" in mailpages.inbox([])


def test_letter_shows_text_escaped_with_its_links(mail: Mail) -> None:
    page = mailpages.letter(mail)
    address = "https://clinic.example/l/abc?x=1&amp;y=2"
    assert f'<a href="{address}" rel="noreferrer">{address}</a>' in page
    assert "<script>" not in page
    assert "<x.ics" not in page


def test_letter_shows_html_only_in_a_sandbox(mail: Mail) -> None:
    assert f'<iframe sandbox title="The mail as a page" src="/{mail.key}/html">' in mailpages.letter(mail)


@pytest.mark.parametrize("key", ["", "..", "../secrets", "1" * 19, f"{'1' * 19}-{'g' * 8}", "style.css"])
def test_key_of_another_shape_finds_nothing(tmp_path: Path, key: str) -> None:
    assert Mailbox(tmp_path).get(key) is None
