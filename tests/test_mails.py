"""Every mail in every language, as it came with the software: its words are looked at in tests/snapshots/mails.

Write the snapshots anew after a wished-for change with `SNAPSHOTS=write pytest tests/test_mails.py`, and read the diff.
"""

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from uuid import UUID

import icalendar
import pytest
import vobject
from django.utils import translation

from clinic import mailing, messaging
from clinic.mailing import Rendered, Words
from clinic.messaging import MessageKind
from clinic.models import Site
from clinic.policies import mail_words
from clinic.services import text_trials
from scheduling.invitations import invitation_to

SNAPSHOTS = Path(__file__).parent / "snapshots" / "mails"
KEY = UUID("01936c5e-0000-7000-8000-000000000001")
SITE = Site(
    name="Spine Centre",
    sender_name="Lindenhof Practice",
    phone="+49 30 5550100",
    reply_to="desk@clinic.example",
)
EVIL = (
    'Ada "Bo" O\'Neil',
    "Zoë 👩‍⚕️",
    "محمد بن سلمان",
    "Ada\r\nBcc: eve@mail.example",
    "<script>alert(1)</script>",
    "{phone} {nonsense}",
    "BEGIN:VEVENT;,\\",
)
EVERY = [
    pytest.param(kind, language, id=f"{kind.key}-{language}")
    for kind in messaging.all_kinds()
    if not kind.key.startswith("test.")
    for language in kind.texts
]
_STYLE = re.compile(r' style="[^"]*"')


def _values(kind: MessageKind, language: str) -> dict[str, str]:
    return text_trials.invented(kind, language, SITE)


def _rendered(kind: MessageKind, language: str, values: Mapping[str, str]) -> Rendered:
    text = kind.texts[language]
    words = Words(
        language=language,
        subject=messaging.fill(text.subject, values),
        body=messaging.fill(text.body, values),
        button_url="https://clinic.example/l/token" if values.get("button_url") else "",
        button_label=values.get("button_label", ""),
        preheader=text.preheader,
    )
    return mailing.render(words, site=values)


def _mail(rendered: Rendered) -> EmailMessage:
    envelope = mailing.envelope(rendered, key=KEY, site=SITE, recipient="ada@mail.example")
    return message_from_bytes(envelope.content, policy=policy.default)


def _shown(rendered: Rendered) -> str:
    """Subject, text and the HTML without its inlined styles and the invisible padding."""
    html = _STYLE.sub("", rendered.html).replace("\u034f\u200c&nbsp;", "")
    lines = [line.strip() for line in html.splitlines() if line.strip()]
    return "\n".join([f"Subject: {rendered.subject}", "", rendered.text, "-" * 8, *lines, ""])


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_mail_reads_as_it_was_looked_at(kind: MessageKind, language: str) -> None:
    shown = _shown(_rendered(kind, language, _values(kind, language)))
    path = SNAPSHOTS / f"{kind.key}.{language}.txt"
    if os.environ.get("SNAPSHOTS") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


def test_no_snapshot_is_of_a_mail_that_is_gone() -> None:
    wanted = {f"{param.id.rsplit('-', 1)[0]}.{param.id.rsplit('-', 1)[1]}.txt" for param in EVERY if param.id}
    assert {path.name for path in SNAPSHOTS.iterdir()} == wanted


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_headers_say_what_robots_need_and_nothing_of_the_patient(kind: MessageKind, language: str) -> None:
    values = _values(kind, language)
    mail = _mail(_rendered(kind, language, values))
    assert mail["From"] == "Lindenhof Practice <appointments@localhost>"
    assert mail["To"] == "ada@mail.example"
    assert mail["Reply-To"] == "desk@clinic.example"
    assert mail["Message-ID"] == f"<{KEY}@localhost>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert "Spine" not in mail.as_string()


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_subject_and_the_line_beside_it_tell_no_patient_and_no_treatment(
    kind: MessageKind, language: str
) -> None:
    values = _values(kind, language)
    rendered = _rendered(kind, language, values)
    seen = f"{rendered.subject} {kind.texts[language].preheader or mailing.preheader_of(values)}"
    assert mail_words.said_in(seen, ["Ada Beispiel"]) == []
    private = {
        name: value
        for name, value in values.items()
        if name not in ("clinic", "clinic_name", "phone", "button_label")
    }
    assert [name for name, value in private.items() if len(value) > 1 and value in seen] == []
    assert messaging.placeholders_of(kind.texts[language].subject) <= mail_words.IN_SUBJECTS


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_text_and_html_say_the_same_without_anything_from_outside(kind: MessageKind, language: str) -> None:
    rendered = _rendered(kind, language, _values(kind, language))
    text = " ".join(rendered.text.split())
    for paragraph in re.findall(r'<p class="text"[^>]*>(.*?)</p>', rendered.html, re.DOTALL):
        words = " ".join(re.sub(r"<[^>]+>", " ", paragraph).split())
        assert unescape(words) in text
    assert "<img" not in rendered.html
    assert "<script" not in rendered.html
    assert "url(" not in rendered.html
    assert set(re.findall(r'(?:src|href)="(https?:[^"]*)"', rendered.html)) <= {
        "https://clinic.example/l/token"
    }


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_names_of_any_kind_break_nothing(kind: MessageKind, language: str, evil: str) -> None:
    values = {
        name: evil if name in ("given_name", "first_name", "address", "bring") else value
        for name, value in _values(kind, language).items()
    }
    mail = _mail(_rendered(kind, language, values))
    assert mail["Bcc"] is None
    html = mail.get_body(("html",))
    assert html is not None
    assert "<script" not in html.get_content()
    text = mail.get_body(("plain",))
    assert text is not None
    shown = text.get_content().replace("\r\n", "\n")
    if "given_name" in messaging.placeholders_of(kind.texts[language].body):
        assert evil.replace("\r\n", "\n") in shown


@pytest.mark.django_db
@pytest.mark.parametrize("evil", ["Lindenstraße 4, 10969 Berlin", *EVIL])
@pytest.mark.parametrize("is_off", [False, True])
def test_invitation_is_read_by_two_parsers(evil: str, is_off: bool) -> None:
    start, end = datetime(2026, 11, 24, 8, 30, tzinfo=UTC), datetime(2026, 11, 24, 9, 45, tzinfo=UTC)
    with translation.override("en"):
        made = invitation_to(visit=str(KEY), told_rev=3, start=start, end=end, address=evil, is_off=is_off)
    content = made.content.decode() if isinstance(made.content, bytes) else made.content
    (event,) = icalendar.Calendar.from_ical(content).walk("VEVENT")
    other = vobject.readOne(content)
    assert str(event["LOCATION"]) == str(other.vevent.location.value)
    assert event.decoded("DTSTART") == other.vevent.dtstart.value == start
    assert event.decoded("DTEND") == other.vevent.dtend.value == end
    assert str(other.method.value) == ("CANCEL" if is_off else "REQUEST")
    assert int(event["SEQUENCE"]) == int(other.vevent.sequence.value)
