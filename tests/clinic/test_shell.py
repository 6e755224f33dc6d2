"""What surrounds every page: navigation by role, no inline code, and pages that need no sign-in."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from clinic.context_processors import navigation
from clinic.enums import Role
from tests.factories import clinic as make

pytestmark = pytest.mark.django_db

INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<style|\sstyle=|\son\w+=|javascript:", re.IGNORECASE
)


def _request(role: Role | None = None, path: str = "/") -> HttpRequest:
    request = RequestFactory().get(path)
    request.user = make.user(role, at=make.site()) if role else AnonymousUser()
    if role:
        request.actor = request.user.actor()  # type: ignore[attr-defined, union-attr]  # as ActorMiddleware does
    return request


@pytest.mark.parametrize("role", Role)
def test_the_navigation_holds_what_the_role_may_open(role: Role) -> None:
    labels = {str(entry["label"]) for entry in navigation(_request(role))}
    assert ("Set-up" in labels) <= (role == Role.MANAGER)
    assert ("Courses to review" in labels) <= (role == Role.PHYSICIAN)


def test_nobody_signed_in_gets_no_navigation() -> None:
    assert navigation(_request()) == []


@pytest.mark.parametrize(
    "template", ["400.html", "403.html", "404.html", "429.html", "500.html", "refused.html"]
)
@pytest.mark.parametrize("role", [None, Role.MANAGER])
def test_error_pages_hold_no_inline_code(template: str, role: Role | None) -> None:
    html = render_to_string(template, {"message": ""}, request=_request(role))
    assert INLINE.findall(html) == []
    assert html.count("<h1>") == 1
    assert 'lang="en"' in html


@pytest.mark.parametrize("path", ["/account/login/", "/account/password/reset/", "/account/signup/"])
def test_sign_in_pages_open_for_everybody(client: Client, path: str) -> None:
    answer = client.get(path)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert INLINE.findall(html) == []
    assert "Menu:" not in html  # allauth's own layout


def test_messages_are_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    request = _request()
    notes: list[object] = [type("Note", (), {"level_tag": "success", "__str__": lambda self: "Moved."})()]
    monkeypatch.setattr(request, "_messages", notes, raising=False)
    html = render_to_string("404.html", request=request)
    assert 'role="status" aria-live="polite"' in html
    assert "Moved." in html
