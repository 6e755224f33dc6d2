"""The words of the mails, for the manager: what each is for, how it reads, how it read before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from csp.decorators import csp, csp_update
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinic import messaging
from clinic.actors import Staff
from clinic.enums import Permission
from clinic.exceptions import DomainError, InvalidInput
from clinic.forms.texts import RestoreForm, TextForm
from clinic.messaging import MessageKind
from clinic.models import MessageText, Site
from clinic.permissions import actor_of, requires
from clinic.policies import line_changes
from clinic.policies.line_changes import Line
from clinic.selectors import texts as selectors
from clinic.services import text_trials, texts
from clinic.services.text_trials import Trial
from clinic.services.texts import TextRefused
from clinic.views.common import at_site
from clinic.views.messages import LETTER_POLICY

MANAGE = Permission.MANAGE_MESSAGES
OLD_VERSIONS = 20


@dataclass(frozen=True)
class Version:
    """One line of the history: a version, and what it changed."""

    row: MessageText
    changes: Sequence[Line]
    is_newest: bool


@dataclass(frozen=True)
class Column:
    """One language of a kind."""

    code: str
    name: str
    form: TextForm
    newest: MessageText | None
    history: Sequence[Version]
    is_missing: bool


@requires(MANAGE)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Every kind of mail: what it is for, when it goes, in which languages it is complete, who wrote it last."""
    rows = selectors.kinds(site_ids=actor_of(request).site_ids)
    complete = all(not row.missing for row in rows)
    context = {
        "rows": rows,
        "languages": [name for _code, name in settings.LANGUAGES],
        "complete": complete,
    }
    return render(request, "clinic/text/list.html", context)


@requires(MANAGE)
@require_http_methods(["GET", "POST"])
@csp_update({"frame-src": ["'self'"]})  # type: ignore[arg-type]  # its types know only views without keys
def edit(request: HttpRequest, message_kind: str) -> HttpResponse:
    """One kind, its languages side by side. A post saves one of them as a new version."""
    by = actor_of(request)
    kind = texts.kind_named(message_kind)
    form = _posted(request) if request.method == "POST" else None
    if form is not None and form.is_valid():
        data = form.cleaned_data
        before = selectors.versions(kind.key).get(data["language"], [])
        try:
            row = texts.write(
                by=by,
                kind=kind.key,
                language=data["language"],
                words=form.words,
                based_on=data["based_on"],
            )
        except DomainError as error:
            _refuse(form, error)
        else:
            said = (
                _("Nothing was changed.")
                if before and row == before[0]
                else _("Saved. Mails that wait go out with it.")
            )
            messages.success(request, said)
            return redirect("clinic:message-text", kind.key)
    return _page(request, by, kind, form)


@requires(MANAGE)
@require_POST
@at_site
def preview(request: HttpRequest, site: Site, message_kind: str) -> HttpResponse:
    """The words of the form filled in: for htmx subject and plain text, for the frame the mail itself."""
    kind = texts.kind_named(message_kind)
    form = _posted(request)
    made: Trial | None = None
    if form.is_valid():
        try:
            made = _tried(request, site, kind, form)
        except (TextRefused, InvalidInput) as error:
            _refuse(form, error)
    if getattr(request, "htmx", False):
        context = {"trial": made, "form": form}
        return render(request, "clinic/text/_preview.html", context)
    return cast(HttpResponse, _letter(request, made.rendered.html if made else ""))


@requires(MANAGE)
@require_POST
@csp_update({"frame-src": ["'self'"]})
@at_site
def test(request: HttpRequest, site: Site, message_kind: str) -> HttpResponse:
    """Send the words of the form to the person's own address; what they wrote stays on the page, unsaved."""
    by = actor_of(request)
    kind = texts.kind_named(message_kind)
    form = _posted(request)
    sent_to = ""
    if form.is_valid():
        data = form.cleaned_data
        try:
            sent_to = text_trials.send_test(
                by=by,
                kind=kind.key,
                language=data["language"],
                words=form.words,
                site=site,
                record_number=data["sample"],
            )
        except DomainError as error:
            _refuse(form, error)
    return _page(request, by, kind, form, sent_to=sent_to)


@requires(MANAGE)
@require_POST
def restore(request: HttpRequest, message_kind: str) -> HttpResponse:
    """Make an earlier version's words the newest once more."""
    form = RestoreForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("That version could not be read. Reload the page and try again."))
        return redirect("clinic:message-text", texts.kind_named(message_kind).key)
    try:
        texts.restore(by=actor_of(request), kind=message_kind, **form.cleaned_data)
    except DomainError as error:
        if error.status in (403, 404):
            raise
        messages.error(request, error.message)
    else:
        messages.success(request, _("The earlier words stand again, as a new version."))
    return redirect("clinic:message-text", message_kind)


def _page(
    request: HttpRequest, by: Staff, kind: MessageKind, form: TextForm | None, *, sent_to: str = ""
) -> HttpResponse:
    versions = selectors.versions(kind.key)
    columns = [
        _column(kind, code, str(name), versions.get(code, []), form) for code, name in settings.LANGUAGES
    ]
    context: dict[str, Any] = {
        "kind": kind,
        "columns": columns,
        "placeholders": _placeholders(kind),
        "samples": selectors.samples(kind.key, site_ids=by.site_ids),
        "waiting": selectors.waiting_by_kind(site_ids=by.site_ids, kind=kind.key).get(kind.key, 0),
        "sent_to": sent_to,
    }
    status = 422 if form is not None and form.errors else 200
    return render(request, "clinic/text/edit.html", context, status=status)


def _placeholders(kind: MessageKind) -> Sequence[dict[str, str]]:
    """What can be put in, each meaning once: two names for one thing are both understood, and one is offered."""
    shown = {
        str(messaging.example(name).label): name
        for name in sorted(messaging.known_placeholders(kind), key=lambda name: (name in _used(kind), name))
    }
    return [{"name": name, "label": label} for label, name in sorted(shown.items())]


def _used(kind: MessageKind) -> frozenset[str]:
    return frozenset().union(*(messaging.placeholders_of(text.body) for text in kind.texts.values()))


def _column(
    kind: MessageKind, code: str, name: str, rows: Sequence[MessageText], posted: TextForm | None
) -> Column:
    newest = rows[0] if rows else None
    words = texts.words_of(newest) if newest else kind.texts.get(code) or kind.texts["en"]
    form = posted if posted is not None and posted.data.get("language") == code else None
    if form is None:
        form = TextForm(
            of=code,
            initial={
                "language": code,
                "based_on": newest.version if newest else 0,
                "subject": words.subject,
                "preheader": words.preheader,
                "body": words.body,
            },
        )
    history = [
        Version(row, _changes(rows[at + 1] if at + 1 < len(rows) else None, row), is_newest=at == 0)
        for at, row in enumerate(rows[:OLD_VERSIONS])
    ]
    return Column(code, name, form, newest, history, is_missing=newest is None and code not in kind.texts)


def _changes(before: MessageText | None, row: MessageText) -> Sequence[Line]:
    return line_changes.compare(_as_lines(before), _as_lines(row)) if before else ()


def _as_lines(row: MessageText | None) -> str:
    return "\n".join([row.subject, row.preheader, row.body]) if row else ""


def _posted(request: HttpRequest) -> TextForm:
    language = request.POST.get("language", "")
    return TextForm(request.POST, of=language if language in dict(settings.LANGUAGES) else "en")


def _tried(request: HttpRequest, site: Site, kind: MessageKind, form: TextForm) -> Trial:
    data = form.cleaned_data
    return text_trials.trial(
        by=actor_of(request),
        kind=kind.key,
        language=data["language"],
        words=form.words,
        site=site,
        record_number=data["sample"],
    )


def _refuse(form: TextForm, error: DomainError) -> None:
    """Beside the fields concerned; a newer version in the summary, with the words of the form kept."""
    if error.status in (403, 404):
        raise error
    if isinstance(error, TextRefused):
        for problem in error.problems:
            form.add_error(problem.field, problem.words)
        return
    field = getattr(error, "field", None)
    form.add_error(field if field in form.fields else None, error.message)


def _alone(_request: HttpRequest, html: str) -> HttpResponse:
    return HttpResponse(html)


_letter: Callable[..., Any] = xframe_options_sameorigin(csp(LETTER_POLICY)(_alone))  # type: ignore[arg-type]
"""A mail's HTML for the frame: nothing in it runs or loads."""
