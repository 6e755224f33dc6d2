"""What stands in a letter: what was done, how the patient fared, what went wrong, and what was corrected later.

No letter promises anything: what is known of the treatment is the protocol's own statement, with its source.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from clinic import clock
from treatments.forms.outcomes import time_points
from treatments.letters import Letter, Part, Table
from treatments.models import AdverseEvent, ProtocolVersion
from treatments.selectors import seals
from treatments.selectors.history import History
from treatments.selectors.record_rows import RecordRows, SessionView
from treatments.views import record_words, spine
from treatments.views.course_entries import score_words


@dataclass(frozen=True, slots=True)
class Addressed:
    """To whom, and what the physician adds in their own words."""

    recipient: str
    address: str = ""
    greeting: str = ""
    remark: str = ""


def course_letter(history: History, to: Addressed) -> Letter:
    """The whole course: sessions, answers, events."""
    done = [view for view in history.sessions if view.session.injected_at]
    heads = [_("Session"), _("Day"), _("Targets"), _("mL"), _("Dose, 10⁹ platelets")]
    rows = [
        [str(view.session.number), _day(view), "; ".join(_targets(view)), _volume(view), _dose(view)]
        for view in done
    ]
    parts = [
        _about(history),
        Part(_("Sessions"), table=Table(heads, rows)) if rows else Part(_("Sessions"), [_("None yet.")]),
        *_answers(history),
        _events(history.events),
        *_amendments(done),
    ]
    return _letter(history, to, _("Summary of the course"), parts)


def visit_letter(history: History, view: SessionView, rows: RecordRows, to: Addressed) -> Letter:
    """One session: what was injected where, every field of its record, and by whom it is signed."""
    facts = [
        (_("Day"), _day(view)),
        (_("Targets"), "; ".join(_targets(view)) or _("none")),
        (_("Injected"), f"{_volume(view)} mL" if view.injections else _("nothing")),
        (_("Dose"), _dose(view)),
    ]
    if view.session.complications:
        facts.append((_("Complications"), view.session.complications))
    events = [row for row in history.events if row.session_id == view.session.pk]
    record = [Part(title, facts=said) for title, said in record_words.facts(rows)]
    parts = [
        _about(history),
        Part(_("What was done"), facts=facts),
        *record,
        _events(events),
        *_amendments([view]),
    ]
    number = {"number": view.session.number}
    return _letter(history, to, _("Summary of session %(number)s") % number, [*parts, _signature(rows)])


def _letter(history: History, to: Addressed, title: str, parts: Sequence[Part]) -> Letter:
    course, site = history.course, history.course.site
    patient = course.patient
    said = (
        [Part(_("Assessment"), [line for line in to.remark.splitlines() if line.strip()])]
        if to.remark
        else []
    )
    return Letter(
        lang=(get_language() or "en").split("-")[0],
        title=title,
        site=site.sender_name or site.name,
        contact=[*site.address.splitlines(), site.phone],
        address=[to.recipient, *(line for line in to.address.splitlines() if line.strip())],
        day=date_format(localtime(clock.now()), "j F Y"),
        patient=f"{patient.full_name}, {date_format(patient.birth_date, 'j M Y')}, {patient.record_number}",
        salutation=to.greeting,
        parts=[*parts, *said, *_known(course.protocol_version)],
        closing=_("With kind regards"),
        signed=[course.physician.name],
        foot=f"{patient.full_name}, {patient.record_number}",
    )


def _about(history: History) -> Part:
    course = history.course
    targets = [spine.name(row.structure, row.level, row.side) for row in course.targets.all()]
    done = _("%(done)s of %(planned)s") % {"done": history.injected, "planned": history.planned}
    facts = [
        (_("Diagnosis"), f"{course.diagnosis} ({course.diagnosis_code})"),
        (_("Treatment"), course.protocol_version.protocol.name),
        (_("Planned targets"), "; ".join(targets)),
        (_("Sessions done"), done),
        (_("State"), str(course.get_status_display())),
    ]
    if course.end_reason:
        facts.append((_("Why it ended"), course.end_reason))
    return Part(_("The course"), facts=facts)


def _answers(history: History) -> list[Part]:
    names = dict(time_points(history.course))
    codes = list(dict.fromkeys(row.instrument for row in history.responses))
    points = list(dict.fromkeys(row.time_point for row in history.responses))
    scores = {(row.time_point, row.instrument): score_words(row.score) for row in history.responses}
    if not points:
        return [Part(_("What the patient reports"), [_("Not asked yet.")])]
    rows = [
        [names.get(point, point), *(scores.get((point, code), "–") for code in codes)] for point in points
    ]
    note = _("NRS 0–10, PEG 0–10 and RMDQ 0–24: less is better. A dash: not answered.")
    return [
        Part(
            _("What the patient reports"), [note], table=Table([_("When"), *(c.upper() for c in codes)], rows)
        )
    ]


def _events(events: Sequence[AdverseEvent]) -> Part:
    if not events:
        return Part(_("Adverse events"), [_("None on record.")])
    heads = [_("What"), _("Grade"), _("Since"), _("Until")]
    rows = [
        [
            f"{row.name} ({_('serious')})" if row.is_serious else row.name,
            str(row.grade),
            date_format(row.started_on, "j M Y"),
            date_format(row.resolved_on, "j M Y") if row.resolved_on else _("ongoing"),
        ]
        for row in events
    ]
    return Part(_("Adverse events"), table=Table(heads, rows))


def _amendments(views: Sequence[SessionView]) -> list[Part]:
    """Corrections of signed records, with who wrote and who took them over."""
    lines = []
    for view in views:
        for row in view.amendments:
            taken = getattr(row, "cosignature", None)
            by = _(" Co-signed by %(who)s.") % {"who": taken.by} if taken is not None else ""
            words = _("Session %(number)s, %(day)s, %(who)s: %(text)s (%(reason)s).") % {
                "number": view.session.number,
                "day": date_format(localtime(row.created_at), "j M Y"),
                "who": row.author,
                "text": row.text,
                "reason": row.reason,
            }
            lines.append(words + by)
    return [Part(_("Corrected later"), lines)] if lines else []


def _signature(rows: RecordRows) -> Part:
    session = rows.session
    if session.signed_at is None:
        return Part(_("Record"), [_("This record is not signed yet.")])
    words = _("Signed by %(who)s on %(day)s.") % {
        "who": session.signed_by,
        "day": date_format(localtime(session.signed_at), "j M Y"),
    }
    if seals.verify(rows):
        return Part(_("Record"), [words, _("It is unchanged since.")])
    return Part(_("Record"), [words, _("ATTENTION: it was changed since it was signed. Do not rely on it.")])


def _day(view: SessionView) -> str:
    return date_format(localtime(view.when), "j M Y") if view.when else _("no day yet")


def _targets(view: SessionView) -> list[str]:
    return [
        f"{spine.name(row.structure, row.level, row.side)}, {number_format(row.volume_ml)} mL"
        for row in view.injections
    ]


def _volume(view: SessionView) -> str:
    return number_format(view.injected_ml) if view.injected_ml is not None else "–"


def _dose(view: SessionView) -> str:
    dose = view.derived.dose.value if view.derived else None
    return f"{number_format(dose)} × 10⁹" if dose is not None else _("not measured")


def _known(version: ProtocolVersion) -> list[Part]:
    """The protocol's own statement, with level and source; nothing where it makes none."""
    if not version.evidence_note:
        return []
    basis = version.clinical.evidence
    lines = [version.evidence_note]
    lines += (
        [_("Evidence: %(level)s (%(source)s).") % {"level": basis.level, "source": basis.source}]
        if basis.level
        else []
    )
    return [Part(_("What is known"), lines)]
