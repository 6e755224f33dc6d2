"""Message texts as versions."""

import pytest
from django.db import DatabaseError, transaction

from clinic import clock
from clinic.actors import System
from clinic.messaging import DefaultText
from clinic.models import MessageText
from clinic.services import texts
from tests.faults import kinds

pytestmark = pytest.mark.django_db

BY = System("test")
CHANGED = {**kinds.TEXTS, "en": DefaultText("Your visit", "Hello {given_name}")}


@pytest.fixture(autouse=True)
def _quiet_start() -> None:
    """The kinds of the house are in order before the test's own appear."""
    texts.sync(by=BY)


def test_sync_writes_each_default_once() -> None:
    with kinds.known(kinds.PLAIN):
        new = texts.sync(by=BY)
        assert {(row.kind, row.language, row.version) for row in new} == {
            ("test.plain", "en", 1),
            ("test.plain", "es", 1),
        }
        assert texts.sync(by=BY) == []


def test_sync_writes_a_new_version_of_a_changed_default() -> None:
    with kinds.known(kinds.PLAIN):
        texts.sync(by=BY)
    with kinds.known(kinds.kind(texts=CHANGED)):
        (row,) = texts.sync(by=BY)
        assert (row.language, row.version, row.subject) == ("en", 2, "Your visit")
        assert texts.current(["test.plain"])["test.plain", "en"].version == 2


def test_sync_leaves_a_text_that_was_edited_here() -> None:
    with kinds.known(kinds.PLAIN):
        texts.sync(by=BY)
    MessageText.objects.create(
        kind="test.plain",
        language="en",
        version=2,
        subject="Ours",
        body="Ours",
        is_default=False,
        created_at=clock.now(),
    )
    with kinds.known(kinds.kind(texts=CHANGED)):
        assert texts.sync(by=BY) == []
        assert texts.current(["test.plain"])["test.plain", "en"].subject == "Ours"


def test_current_writes_a_default_that_has_no_row_yet() -> None:
    with kinds.known(kinds.PLAIN):
        assert texts.current(["test.plain"])["test.plain", "es"].subject == "Su cita"


def test_a_version_never_changes() -> None:
    with kinds.known(kinds.PLAIN):
        row = texts.current(["test.plain"])["test.plain", "en"]
    row.subject = "Other"
    with pytest.raises(DatabaseError), transaction.atomic():
        row.save()
    with pytest.raises(DatabaseError), transaction.atomic():
        row.delete()
