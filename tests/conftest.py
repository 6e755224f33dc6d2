"""Fixtures for every test: the database as the web role, a database of one's own, a mail server."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.template.base import Template
from pytest_django.plugin import DjangoDbBlocker

from tests import database, mail
from tests.database import Database
from tests.mail import MailServer


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """In place of pytest-django's: a clone of the migrated template, entered as the web role."""
    with database.cloned() as clone, database.pointed_at(clone):
        yield
        with django_db_blocker.unblock():
            connection.close()


@pytest.fixture(scope="module")
def own_database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Database]:
    """A database for one module whose tests commit: threads and child processes see what they write.

    Do not mark such tests with `django_db`. What one test leaves, the next one of the module finds.
    """
    with database.cloned() as clone, django_db_blocker.unblock(), database.pointed_at(clone):
        yield clone


@pytest.fixture(scope="module")
def plain_templates() -> Iterator[None]:
    """Templates as they are in production, without the copy of every context that the test client keeps.

    For walks of thousands of pages that look at the pages only: half of their time went into those copies.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Template, "_render", lambda self, context: self.nodelist.render(context))
        yield


@pytest.fixture(scope="module")
def _mail_server() -> Iterator[MailServer]:
    with mail.running() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMAIL_URL", server.url)
        yield server


@pytest.fixture
def smtp_server(_mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> MailServer:
    """An empty mail server that this process and its children send to."""
    _mail_server.clear()
    address = urlsplit(_mail_server.url)
    monkeypatch.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
    monkeypatch.setattr(settings, "EMAIL_HOST", address.hostname)
    monkeypatch.setattr(settings, "EMAIL_PORT", address.port)
    return _mail_server
