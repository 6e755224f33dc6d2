"""The house that tests live in: roles, clones, mail."""

import smtplib

import psycopg
import pytest
from django.core.mail import send_mail
from django.db import connection

from tests import database
from tests.mail import MailServer


@pytest.mark.django_db
def test_tests_run_as_the_web_role_which_owns_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("prp_web",)
        cursor.execute("SELECT count(*) FROM pg_class WHERE relowner = 'prp_web'::regrole")
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db
def test_web_role_cannot_make_a_table() -> None:
    with pytest.raises(Exception, match="permission denied"), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE stray (id int)")


@pytest.mark.django_db
def test_upper_case_umlauts_match_lower_case_ones() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'MÜLLER' ILIKE 'müller'")
        assert cursor.fetchone() == (True,)


@pytest.mark.usefixtures("django_db_setup")
def test_clones_do_not_see_each_other() -> None:
    with database.cloned() as one, database.cloned() as other:
        for clone, number in ((one, 1), (other, 2)):
            with psycopg.connect(clone.owner_url) as owner:
                owner.execute("CREATE TABLE mark (number int)")
                owner.execute("INSERT INTO mark VALUES (%s)", [number])
        with psycopg.connect(one.web_url) as web:
            assert web.execute("SELECT number FROM mark").fetchall() == [(1,)]


def test_mail_server_keeps_parsed_messages(smtp_server: MailServer) -> None:
    send_mail("Your visit", "Come at 9:15.", "desk@example.org", ["ana@example.org"])
    assert [str(message["Subject"]) for message in smtp_server.to("ana@example.org")] == ["Your visit"]


def test_mail_server_answers_as_told(smtp_server: MailServer) -> None:
    smtp_server.answer = "451 Try later"
    with pytest.raises(smtplib.SMTPDataError, match="Try later"):
        send_mail("Your visit", "Come at 9:15.", "desk@example.org", ["ana@example.org"])
    assert smtp_server.messages == []


def test_mail_server_starts_empty(smtp_server: MailServer) -> None:
    assert smtp_server.messages == []
