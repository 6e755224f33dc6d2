"""The words of the mails in the manager's hands."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from clinic import clock, messaging
from clinic.actors import System
from clinic.enums import Role
from clinic.exceptions import NotAllowed, StaleVersion
from clinic.messaging import DefaultText
from clinic.models import AuditEvent, Message, MessageText, Site, User
from clinic.policies import line_changes, mail_words
from clinic.services import drafts, texts
from clinic.services.text_trials import TEST_HEADER
from tests.factories import clinic as make
from tests.faults import kinds, outgoing
from tests.mail import MailServer

pytestmark = pytest.mark.django_db

KIND = "test.plain"
SYSTEM = System("test")


@pytest.fixture(autouse=True)
def _kinds() -> Iterator[None]:
    with kinds.known(*kinds.ALL):
        texts.sync(by=SYSTEM)
        yield


@pytest.fixture
def site() -> Site:
    return outgoing.site()


@pytest.fixture
def manager(site: Site) -> User:
    return make.user(Role.MANAGER, at=site)


@pytest.fixture
def client(manager: User) -> Client:
    return _as(manager)


def _as(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def _data(**fields: Any) -> dict[str, Any]:
    return {
        "language": "en",
        "based_on": 1,
        "subject": "Your visit",
        "preheader": "When and where",
        "body": "Hello {given_name},\r\n\r\nabout {about}.",
        "sample": "",
    } | fields


def _url(name: str, kind: str = KIND) -> str:
    return reverse(f"clinic:{name}", args=[kind])


def _newest(language: str = "en") -> MessageText:
    return MessageText.objects.filter(kind=KIND, language=language).latest("version")


def test_manager_writes_a_new_version_that_waiting_mails_go_out_with(
    client: Client, manager: User, site: Site
) -> None:
    waiting = outgoing.message(at=site)
    page = client.get(_url("message-text"))
    assert "1 mail of this kind waits" in page.content.decode()
    assert client.post(_url("message-text"), _data()).status_code == 302
    row = _newest()
    assert (row.version, row.subject, row.body, row.is_default, row.written_by) == (
        2,
        "Your visit",
        "Hello {given_name},\n\nabout {about}.",
        False,
        manager,
    )
    made = drafts.make([waiting])[waiting.pk]
    assert drafts.rendered(waiting, made).subject == "Your visit"
    event = AuditEvent.objects.get(action="clinic.message_text.written")
    assert event.detail == {"kind": KIND, "language": "en", "version": 2}


def test_what_was_sent_keeps_its_words(client: Client, site: Site) -> None:
    text = texts.current([KIND])[KIND, "en"]
    sent = outgoing.message(
        at=site, state="sent", text=text, snapshot={"address": "a@b.example", "placeholders": {}}
    )
    client.post(_url("message-text"), _data())
    sent.refresh_from_db()
    assert sent.text is not None
    assert sent.text.version == 1


def test_the_same_words_make_no_version(client: Client) -> None:
    for _time in range(2):
        client.post(_url("message-text"), _data(based_on=_newest().version))
    assert _newest().version == 2


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("body", "Hello {name}", "This mail knows no {name}"),
        ("body", "Hello {given_name", "A brace is open"),
        ("body", "Hello {Given_name}", "A brace is open"),
        ("subject", "For {given_name}", "tells who or when"),
        ("subject", "Your PRP visit", "Leave out “PRP”"),
        ("subject", "Su sesión de columna", "Leave out “sesión”, “columna”"),
        ("preheader", "Your spine will thank you", "Leave out “spine”"),
        ("preheader", "For {given_name}", "takes no placeholders"),
    ],
)
def test_what_a_mail_may_not_say_is_refused_beside_the_field(
    client: Client, field: str, value: str, says: str
) -> None:
    page = client.post(_url("message-text"), _data(**{field: value}))
    assert page.status_code == 422
    (form,) = [column.form for column in page.context["columns"] if column.form.errors]
    assert list(form.errors) == [field]
    assert says in form.errors[field][0]
    assert value in page.content.decode().replace("&#x27;", "'")
    assert _newest().version == 1


def test_a_subject_names_no_physician(client: Client, site: Site) -> None:
    make.user(Role.PHYSICIAN, at=site, full_name="Dr. Zoë Łęcka")
    page = client.post(_url("message-text"), _data(subject="Your visit to Lecka"))
    assert page.status_code == 422
    client.post(_url("message-text"), _data(subject="Your visit"))
    assert _newest().subject == "Your visit"


@pytest.mark.parametrize(
    "innocent",
    ["Your appointment", "Discuss your background", "A reminder from {clinic}", "Unas preguntas para usted"],
)
def test_ordinary_subjects_pass(innocent: str) -> None:
    words = DefaultText(innocent, "Hello")
    assert list(mail_words.problems(words, known={"clinic"}, names=["Ada Li"])) == []


def test_no_default_text_says_what_is_forbidden() -> None:
    found = {
        (kind.key, language): [problem.words for problem in texts.problems(kind, text)]
        for kind in messaging.all_kinds()
        for language, text in kind.texts.items()
    }
    assert {key: words for key, words in found.items() if words} == {}


def test_two_managers_at_once_lose_nothing(client: Client, site: Site) -> None:
    other = _as(make.user(Role.MANAGER, at=site))
    assert other.post(_url("message-text"), _data(subject="Theirs")).status_code == 302
    page = client.post(_url("message-text"), _data(subject="Mine"))
    assert page.status_code == 422
    said = page.content.decode()
    assert "Somebody else saved this text" in said
    assert 'value="Mine"' in said
    assert "Theirs" in said
    assert _newest().subject == "Theirs"


def test_two_managers_in_the_same_instant_meet_the_constraint(
    manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reading before the write is a courtesy: here it sees the same version for both."""
    stale = texts._latest([KIND])
    words = texts.words_of(stale[KIND, "en"])
    texts.write(by=manager.actor(), kind=KIND, language="en", words=DefaultText("One", "One"), based_on=1)
    monkeypatch.setattr(texts, "_latest", lambda _kinds: stale)
    with pytest.raises(StaleVersion):
        texts.write(
            by=manager.actor(), kind=KIND, language="en", words=DefaultText("Two", words.body), based_on=1
        )


def test_restoring_makes_a_new_version_of_the_old_words(client: Client) -> None:
    before = _newest()
    client.post(_url("message-text"), _data())
    answer = client.post(_url("message-text-restore"), {"language": "en", "version": 1, "based_on": 2})
    assert answer.status_code == 302
    row = _newest()
    assert (row.version, row.restores, row.subject, row.body) == (3, 1, before.subject, before.body)
    said = client.get(_url("message-text")).content.decode()
    assert "the words of version 1" in said


def test_restoring_over_a_newer_version_is_refused(client: Client) -> None:
    client.post(_url("message-text"), _data())
    client.post(_url("message-text-restore"), {"language": "en", "version": 1, "based_on": 1})
    assert _newest().version == 2


def test_history_shows_line_by_line_what_changed() -> None:
    lines = line_changes.compare("a\nb\nc", "a\nB\nc\nd")
    assert [(line.change.value, line.text) for line in lines] == [
        ("kept", "a"),
        ("removed", "b"),
        ("added", "B"),
        ("kept", "c"),
        ("added", "d"),
    ]


def test_preview_fills_in_an_invented_patient(client: Client) -> None:
    letter = client.post(_url("message-text-preview"), _data())
    assert "Hello Ada," in letter.content.decode()
    policy = letter["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert letter["X-Frame-Options"] == "SAMEORIGIN"
    said = client.post(_url("message-text-preview"), _data(), headers={"HX-Request": "true"}).content.decode()
    assert "When and where" in said
    assert not AuditEvent.objects.filter(action="clinic.message.viewed").exists()


def test_preview_with_a_patients_data_notes_who_looked_once(client: Client, site: Site) -> None:
    patient = make.patient(given_name="<Zoë>")
    outgoing.message(at=site, patient=patient)
    for _key in range(3):
        letter = client.post(_url("message-text-preview"), _data(sample=patient.record_number.lower()))
    assert "Hello &lt;Zoë&gt;," in letter.content.decode()
    event = AuditEvent.objects.get(action="clinic.message.viewed")
    assert event.patient_id == patient.pk


def test_preview_of_a_patient_elsewhere_is_refused(client: Client) -> None:
    patient = make.patient()
    outgoing.message(at=make.site(name="Elsewhere"), patient=patient)
    said = client.post(
        _url("message-text-preview"),
        _data(sample=patient.record_number),
        headers={"HX-Request": "true"},
    ).content.decode()
    assert "No patient with this record number" in said


def test_preview_says_what_cannot_be_filled_in(client: Client) -> None:
    said = client.post(
        _url("message-text-preview"), _data(body="{nonsense}"), headers={"HX-Request": "true"}
    ).content.decode()
    assert "This mail knows no {nonsense}" in said


def test_test_mail_goes_to_the_writer_alone_and_says_that_it_is_one(
    client: Client, manager: User, site: Site, smtp_server: MailServer
) -> None:
    patient = make.patient()
    outgoing.message(at=site, patient=patient)
    before = Message.objects.count()
    page = client.post(_url("message-text-test"), _data(sample=patient.record_number))
    assert page.status_code == 200
    assert f"Test mail sent to {manager.email}" in page.content.decode()
    assert 'value="Your visit"' in page.content.decode()
    (mail,) = smtp_server.messages
    assert mail["To"] == manager.email
    assert mail["Subject"] == "[Test] Your visit"
    assert mail[TEST_HEADER] == "test.plain en"
    assert Message.objects.count() == before
    assert _newest().version == 1
    assert AuditEvent.objects.filter(action="clinic.message_text.test_sent").count() == 1


def test_test_mail_that_nobody_takes_says_so(client: Client, smtp_server: MailServer) -> None:
    smtp_server.answer = "550 No"
    page = client.post(_url("message-text-test"), _data())
    assert page.status_code == 422
    assert "did not take the test mail" in page.content.decode()


def test_words_that_may_not_be_saved_are_not_sent_either(client: Client, smtp_server: MailServer) -> None:
    assert client.post(_url("message-text-test"), _data(subject="PRP")).status_code == 422
    assert smtp_server.messages == []


def test_another_language_needs_no_code(client: Client, site: Site, settings: Any) -> None:
    settings.LANGUAGES = [*settings.LANGUAGES, ("de", "German")]
    patient = make.patient(language="de")
    waiting = outgoing.message(at=site, patient=patient)
    listed = client.get(reverse("clinic:message-text-list")).content.decode()
    assert "Missing: German" in listed
    assert drafts.make([waiting])[waiting.pk].text.language == "en"
    texts.write(
        by=SYSTEM,
        kind=KIND,
        language="de",
        words=DefaultText("Ihr Termin", "Guten Tag {given_name}"),
        based_on=0,
    )
    assert drafts.make([waiting])[waiting.pk].text.language == "de"


def test_what_falls_back_falls_back_whole(site: Site) -> None:
    """A mail in English for a reader of another language says its days in English too."""
    seen: list[str] = []

    def values(messages: Any) -> dict[Any, dict[str, str]]:
        seen.extend(message.patient.language for message in messages)
        return {message.pk: {"about": "x"} for message in messages}

    with kinds.known(kinds.kind("test.reader", placeholders=values)):
        message = outgoing.message(at=site, kind="test.reader", patient=make.patient(language="fr"))
        drafts.make([message])
    assert seen == ["en"]
    assert message.patient.language == "fr"


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.NURSE, Role.PHYSICIAN])
def test_nobody_else_writes_texts(site: Site, role: Role) -> None:
    user = make.user(role, at=site)
    assert _as(user).post(_url("message-text"), _data()).status_code == 403
    with pytest.raises(NotAllowed):
        texts.write(by=user.actor(), kind=KIND, language="en", words=DefaultText("A", "B"), based_on=1)


def test_an_unknown_kind_looks_like_none(client: Client) -> None:
    for name in ("message-text", "message-text-preview", "message-text-test", "message-text-restore"):
        assert client.post(_url(name, "no.such"), _data()).status_code == 404


@pytest.mark.parametrize("versions", [1, 30])
def test_pages_need_the_same_queries_however_long_the_history(
    client: Client,
    site: Site,
    versions: int,
    django_assert_num_queries: DjangoAssertNumQueries,
    settings: Any,
) -> None:
    settings.CLOCK_OFFSET_ALLOWED = False
    for number in range(2, versions + 1):
        MessageText.objects.create(
            kind=KIND,
            language="en",
            version=number,
            subject="S",
            body="B",
            is_default=False,
            created_at=clock.now(),
        )
        outgoing.message(at=site, about=f"fact:{number}")
    client.get(_url("message-text"))
    with django_assert_num_queries(_PAGE):
        client.get(_url("message-text"))
    with django_assert_num_queries(_LIST):
        client.get(reverse("clinic:message-text-list"))


_PAGE, _LIST = 7, 6


def test_every_kind_says_what_it_is_for_and_shows_an_example_of_each_placeholder() -> None:
    ours = [kind for kind in messaging.all_kinds() if not kind.key.startswith("test.")]
    assert [kind.key for kind in ours if not (kind.purpose and kind.timing)] == []
    shown = {
        name: messaging.example(name).value("es")
        for kind in ours
        for name in messaging.known_placeholders(kind)
    }
    assert [name for name, value in shown.items() if re.fullmatch(r"‹.*›", value)] == []
