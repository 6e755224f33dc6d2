"""The page on which a patient says how the days after a session go, behind a link on their phone.

Reading changes nothing. It works as a plain form; with script, an emergency tick sends itself, and what cannot be sent
for want of network is kept on the phone and sent when it is back.
"""

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from clinic import audit, clock
from clinic.enums import TaskState
from clinic.exceptions import DomainError, InvalidInput
from clinic.ids import new_id
from clinic.middleware import HANDED_OVER
from clinic.models import Link, Task
from clinic.services import links
from clinic.templatetags.dates import clinic_day, clinic_time, clinic_when
from clinic.views.links import by_link, page_context
from treatments.clinical_rules import Ice, RecoveryRules
from treatments.enums import Source
from treatments.forms.check_ins import SentForm, words_of
from treatments.models import CheckIn, Session
from treatments.policies import check_ins as rules
from treatments.policies.duty import Duty
from treatments.selectors import check_ins as reads
from treatments.selectors import duty as duty_reads
from treatments.services import check_ins, red_flags
from treatments.services.recovery_week import DOOR
from treatments.views import check_in_words

_ICE_DAYS = 3


@require_http_methods(["GET", "HEAD", "POST"])
@by_link(DOOR)
def check_in(request: HttpRequest, link: Link) -> HttpResponse:
    """Today's guidance, and the questions. Sent by script it answers with JSON: where to go on, or the problem in words."""
    session = _session(link)
    if session is None:
        return _over(request, link)
    if request.method != "POST":
        return _page(request, link, session)
    words = check_in_words.of(link.patient.language)
    by_script = request.headers.get("Accept") == "application/json"
    try:
        kept = _record(request, link, session)
    except DomainError as error:
        problem = (
            words["empty"] if isinstance(error, InvalidInput) and error.field == "pain" else words["bad"]
        )
        if by_script:
            return JsonResponse({"problem": problem}, status=422)
        return _page(request, link, session, problem=problem)
    done = _url(request, "check-in-done", kept.client_key)
    return JsonResponse({"done": done}) if by_script else redirect(done)


@require_safe
@by_link(DOOR)
def check_in_done(request: HttpRequest, link: Link, client_key: UUID) -> HttpResponse:
    """Thanks; after a red flag, what happens now and what to do until then."""
    session = _session(link)
    row = CheckIn.objects.filter(session=session, client_key=client_key).first() if session else None
    if session is None or row is None:
        return redirect(_url(request, "check-in"))
    words = check_in_words.of(link.patient.language)
    number = link.site.on_call_phone or link.site.phone
    context = {
        "title": words["emergency_title"] if row.emergency else words["done_title"],
        "kept": row,
        "number": number,
        "emergency_call": words["emergency_call"].format(number=link.site.emergency_phone),
        "again_words": words["done_again"].format(until=clinic_day(link.expires_at)),
        "promise": _promise(session, row, words, number),
    }
    return _render(request, link, "done", context)


def _promise(session: Session, row: CheckIn, words: Mapping[str, str], number: str) -> str:
    """By when somebody looks at it, as the task says."""
    if not row.has_red_flag:
        return ""
    kind = red_flags.EMERGENCY if row.emergency else red_flags.SAME_DAY
    task = Task.objects.filter(kind=kind, about=red_flags.about(session.pk), state=TaskState.OPEN).first()
    if task is None or row.emergency:
        return ""
    now = clock.now()
    if duty_reads.house_only(session.site, now=now).is_staffed(now):
        return words["done_same_day"].format(when=clinic_time(task.due_at))
    return words["done_same_day_closed"].format(number=number, when=clinic_when(task.due_at))


def _session(link: Link) -> Session | None:
    """The session of the link, while anything is asked about it."""
    session = reads.session_asked(UUID(link.about.split(":")[1]))
    if session is None or session.course.patient_id != link.patient_id:
        return None
    try:
        recovery = session.course.protocol_version.clinical.recovery
        rules.check_is_asked(session, recovery, day=reads.today_of(session))
    except DomainError:
        return None
    return session


def _record(request: HttpRequest, link: Link, session: Session) -> CheckIn:
    form = SentForm(request.POST)
    if not form.is_valid():
        raise InvalidInput(_("Something could not be read."), field="form")
    by = links.actor_of(link)
    with audit.because(by=by):
        return check_ins.record(
            by=by,
            session_id=session.pk,
            client_key=form.key_sent,
            data=form.said,
            source=Source.TABLET if HANDED_OVER in request.session else Source.LINK,
            waited=form.waited_for,
        )


def _page(request: HttpRequest, link: Link, session: Session, *, problem: str = "") -> HttpResponse:
    words, language = check_in_words.of(link.patient.language), link.patient.language
    recovery = session.course.protocol_version.clinical.recovery
    day, now = reads.today_of(session), clock.now()
    said = request.POST
    ordered = sorted(recovery.red_flags, key=lambda flag: not flag.emergency)
    context = {
        "title": words["title"],
        "problem": problem,
        "day_words": words["day"].format(day=day) if day else words["day_0"],
        "guidance": _guidance(recovery, day, language, words),
        "flags": [
            {
                "code": flag.code,
                "words": words_of(flag.words, language),
                "emergency": flag.emergency,
                "checked": flag.code in said.getlist("red_flags"),
            }
            for flag in ordered
        ],
        "numbers": [(str(number), said.get("pain") == str(number)) for number in range(11)],
        "choices": [
            (name, words[name], [(code, words[f"{name}_{code}"], said.get(name) == code) for code in codes])
            for name, codes in (
                ("trend", ("better", "same", "worse")),
                ("able", ("yes", "partly", "no")),
                ("medicine", ("nothing", "paracetamol", "other")),
            )
        ],
        "note": said.get("note", "")[: rules.NOTE],
        "note_length": rules.NOTE,
        "key": new_id(),
        "store": hashlib.sha256(f"check-in:{link.pk}".encode()).hexdigest()[:24],
        **_reading(link, duty_reads.house_only(session.site, now=now), words),
    }
    return _render(request, link, "form", context, status=422 if problem else 200)


def _guidance(recovery: RecoveryRules, day: int, language: str, words: Mapping[str, str]) -> dict[str, Any]:
    """What holds now, and what was and will be said on the other days."""
    now = rules.guidance(recovery, day=day)
    others = [
        {
            "from": words["from_day"].format(day=line.day) if line.day else words["on_day_0"],
            "words": words_of(line.words, language),
        }
        for line in sorted(recovery.guidance, key=lambda line: line.day)
        if line != now
    ]
    ice = (
        words[f"ice_{recovery.ice.value}"]
        if day <= _ICE_DAYS or (recovery.ice == Ice.AVOID and day < 7)
        else ""
    )
    return {"now": words_of(now.words, language) if now else "", "ice": ice, "others": others}


def _reading(link: Link, house: Duty, words: Mapping[str, str]) -> dict[str, Any]:
    """Whether somebody reads what is sent now, until when that holds, and whom to call otherwise."""
    now = clock.now()
    staffed = house.is_staffed(now)
    opens, closes = house.starts(now), house.ends(now)
    number = link.site.on_call_phone or link.site.phone
    return {
        "staffed": staffed,
        "left": int((closes - now).total_seconds()) if staffed and closes else 0,
        "number": number,
        "closed": words["closed"].format(when=clinic_when(opens)) if opens > now else words["closed_unknown"],
        "closed_call": words["closed_call"].format(number=number),
        "same_day_closed": words["same_day_closed"].format(number=number),
        "emergency_number": link.site.emergency_phone,
        "emergency_call": words["emergency_call"].format(number=link.site.emergency_phone),
    }


def _over(request: HttpRequest, link: Link) -> HttpResponse:
    words = check_in_words.of(link.patient.language)
    return _render(request, link, "over", {"title": words["over_title"]})


def _render(
    request: HttpRequest, link: Link, name: str, more: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    base = {
        "words": check_in_words.of(link.patient.language),
        "in_hand": HANDED_OVER in request.session,
        "page_url": _url(request, "check-in"),
        "emergency_number": link.site.emergency_phone,
    }
    return render(
        request, f"treatments/check_in/{name}.html", page_context(link, base | dict(more)), status=status
    )


def _url(request: HttpRequest, name: str, *args: UUID) -> str:
    """Another page of the same link."""
    token = request.resolver_match.kwargs["link_token"] if request.resolver_match else ""
    return reverse(f"treatments:{name}", args=[token, *args])
