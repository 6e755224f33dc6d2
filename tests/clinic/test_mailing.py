"""From words to MIME."""

import datetime as dt
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID

import pytest
from django.utils import translation

from clinic import mailing
from clinic.days import long_day
from clinic.mailing import Words
from clinic.messaging import Attachment
from clinic.models import Site

KEY = UUID("01936c5e-0000-7000-8000-000000000001")
SITE = Site(
    name="Spine", sender_name="Lindenhof Práctice", phone="+49 30 5550100", reply_to="desk@clinic.example"
)
VALUES = {"clinic_name": SITE.sender_name, "phone": SITE.phone}


def _mail(words: Words, *attachments: Attachment, recipient: str = "ada@mail.example") -> EmailMessage:
    rendered = mailing.render(words, site=VALUES, attachments=attachments)
    envelope = mailing.envelope(rendered, key=KEY, site=SITE, recipient=recipient)
    assert b"\n" not in envelope.content.replace(b"\r\n", b"")
    return message_from_bytes(envelope.content, policy=policy.default)


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_headers_are_neutral_and_stable() -> None:
    mail = _mail(Words("en", "Your appointment", "Hello Ada"))
    assert mail["From"] == "Lindenhof Práctice <appointments@localhost>"
    assert mail["Reply-To"] == "desk@clinic.example"
    assert mail["Message-ID"] == f"<{KEY}@localhost>"
    assert mail["X-Correlation-Id"] == str(KEY)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert "Spine" not in mail.as_string()


def test_text_and_html_say_the_same_and_styles_are_inlined() -> None:
    mail = _mail(
        Words(
            "en", "Your appointment", "Hello <Ada> & Bo,\n\n\nplease come.", "https://x.example/a", "Confirm"
        )
    )
    text, html = _part(mail, "plain"), _part(mail, "html")
    assert "Hello <Ada> & Bo,\n\nplease come." in text
    assert "https://x.example/a" in text
    assert "Hello &lt;Ada&gt; &amp; Bo," in html
    assert 'href="https://x.example/a"' in html
    assert "style=" in html
    assert "<style" not in html


def test_subject_takes_no_line_break() -> None:
    mail = _mail(Words("en", "Your\r\nBcc: eve@mail.example", "Hello"))
    assert mail["Subject"] == "Your Bcc: eve@mail.example"
    assert mail["Bcc"] is None


@pytest.mark.parametrize(
    "mimetype", ["text/calendar; method=REQUEST", "text/calendar; method=REQUEST; charset=utf-8"]
)
def test_calendar_is_an_alternative_and_a_file(mimetype: str) -> None:
    mail = _mail(
        Words("en", "Your appointment", "Hello"),
        Attachment("invite.ics", b"BEGIN:VCALENDAR\r\n", mimetype, alternative=True),
    )
    calendars = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    assert [part.get_param("method") for part in calendars] == ["REQUEST", "REQUEST"]
    assert [part.get_filename() for part in calendars] == [None, "invite.ics"]


@pytest.mark.parametrize(
    "address", ["", "no address", "ada@mail.example\r\nRCPT TO:<eve@mail.example>", "adä"]
)
def test_envelope_refuses_what_is_no_address(address: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        _mail(Words("en", "Your appointment", "Hello"), recipient=address)


@pytest.mark.parametrize(
    ("language", "line"),
    [("en", "Questions? Call us:"), ("es", "¿Preguntas? Llámenos:"), ("fr", "Questions? Call us:")],
)
def test_the_last_line_is_in_the_language_of_the_mail(language: str, line: str) -> None:
    mail = _mail(Words(language, "Su cita", "Hola Ada"))
    assert _part(mail, "plain").splitlines()[-1] == f"{line} {SITE.phone}"
    assert _part(mail, "html").count(line) == 1


def test_a_text_that_ends_with_the_name_is_not_signed_twice() -> None:
    mail = _mail(Words("en", "Your appointment", f"Hello Ada,\n\nplease call.\n\n{SITE.sender_name}"))
    assert _part(mail, "plain").count(SITE.sender_name) == 1


def test_a_day_is_said_in_full_in_the_language_of_the_reader() -> None:
    day = dt.date(2026, 11, 24)
    said = {}
    for language in ("en", "es"):
        with translation.override(language):
            said[language] = [long_day(day), long_day(day, year=False, comma=True)]
    assert said == {
        "en": ["Tuesday 24 November 2026", "Tuesday, 24 November"],
        "es": ["martes 24 de noviembre de 2026", "martes, 24 de noviembre"],
    }
