"""The parts of a record as the page shows them: the form, who saved it, what to look at, what stands before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import QueryDict

from clinic.actors import Staff
from clinic.exceptions import DomainError, StaleVersion, TryAgain
from treatments.data import AnaestheticData, DrawData, InjectionData, PreparationData, TargetData
from treatments.enums import IdentityStep, RecordSection
from treatments.forms.section_base import SectionForm
from treatments.forms.sections import DischargeForm, ReadyingForm, RecipientForm
from treatments.forms.sections_blood import DrawForm, PreparationForm
from treatments.forms.sections_needle import InjectionsForm
from treatments.models import SectionVersion
from treatments.policies import merging, plausible, targets
from treatments.selectors import records, reviews
from treatments.selectors.records import RecordView
from treatments.services import bedside, blood, injecting
from treatments.views import spine_entry
from treatments.views.common import refuse, session_for
from treatments.views.reviews import used_up_words

FORMS: dict[RecordSection, type[SectionForm]] = {
    form.section: form
    for form in (RecipientForm, DrawForm, PreparationForm, ReadyingForm, InjectionsForm, DischargeForm)
}
_ATTEMPTS = 3


@dataclass
class SectionPage:
    """One part of the page."""

    section: RecordSection
    number: int
    form: SectionForm
    record: RecordView
    theirs: dict[str, str] = field(default_factory=dict)
    """What somebody else saved into a field that was changed here too, by field."""

    @property
    def template(self) -> str:
        return f"treatments/session/_{self.section.value}.html"

    @property
    def version(self) -> int:
        return self.record.version(self.section)

    @property
    def saved(self) -> SectionVersion | None:
        return self.record.versions.get(self.section)

    @property
    def unchecked(self) -> list[IdentityStep]:
        return self.record.unchecked(self.section)

    @property
    def checked(self) -> list[Any]:
        steps = records.STEPS.get(self.section, ())
        return [row for row in self.record.rows.identity_checks if row.step in steps]

    @property
    def warnings(self) -> list[str]:
        return warnings(self.section, self.record)

    @property
    def spine(self) -> spine_entry.Entry:
        """The drawing to enter injections on."""
        record = self.record
        given = records.given_before(record.session) if record.earlier else {}
        return spine_entry.for_session(
            targets=record.targets, given=given, rules=record.rules, usual=record.usual
        )

    @property
    def conflicts(self) -> list[dict[str, Any]]:
        """Each field that two people changed: both values, as their widgets show them."""
        return [
            {
                "field": self.form[name],
                "theirs": value,
                "theirs_words": _words(self.form, name, value),
                "mine_words": _words(self.form, name, self.form[name].data),
            }
            for name, value in self.theirs.items()
        ]

    @property
    def failed(self) -> list[Any]:
        """Draws or preparations that failed before the one in hand."""
        rows: Any = {
            RecordSection.DRAW: self.record.rows.draws,
            RecordSection.PREPARATION: self.record.rows.preparations,
        }.get(self.section, [])
        return [row for row in rows if row.failed]


def pages(record: RecordView) -> list[SectionPage]:
    """All parts, unbound, in the order of the procedure."""
    return [SectionPage(code, at, FORMS[code](record), record) for at, code in enumerate(RecordSection, 1)]


def page(record: RecordView, section: RecordSection, form: SectionForm | None = None) -> SectionPage:
    return SectionPage(
        section, list(RecordSection).index(section) + 1, form or FORMS[section](record), record
    )


def save(by: Staff, session_id: UUID, section: RecordSection, data: QueryDict) -> SectionPage:
    """Bring what was sent together with what is saved, and save it; the part as it stands afterwards.

    With a conflict or an error nothing is saved and the part carries what was typed. A save that lost a race is
    brought together anew.
    """
    for attempt in range(_ATTEMPTS):
        record = records.record_view(session_for(by, session_id))
        blank = FORMS[section](record)
        base, mine = blank.sent(data)
        stored = blank.shown()
        merged = merging.three_way(base, mine, stored)
        form = FORMS[section](record, blank.filled({**stored, **merged.values}, data))
        found = page(record, section, form)
        if merged.theirs:
            found.theirs = dict(merged.theirs)
            form.is_valid()
            return found
        if not form.is_valid():
            return found
        scanned = any(data.get(name) for name in form.transient)
        changed = [name for name, value in merged.values.items() if not merging.same(value, stored[name])]
        if not changed and not scanned:
            return page(record, section)
        try:
            write(form, by=by, version=record.version(section))
        except (StaleVersion, TryAgain):
            if attempt + 1 == _ATTEMPTS:
                raise
            continue
        except DomainError as error:
            refuse(form, error)
            return found
        return page(records.record_view(session_for(by, session_id)), section)
    raise AssertionError("unreachable")


def write(form: SectionForm, *, by: Staff, version: int) -> None:
    """One service call for each part."""
    session_id = form.record.session.pk
    match form:
        case RecipientForm():
            data, pain = form.data_row()
            bedside.record_recipient(
                by=by, session_id=session_id, version=version, data=data, pain_before=pain
            )
        case DrawForm():
            blood.record_draw(by=by, session_id=session_id, version=version, data=form.data_row())
        case PreparationForm():
            made, spins = form.data_row()
            blood.record_preparation(by=by, session_id=session_id, version=version, data=made, spins=spins)
        case ReadyingForm():
            ready, lines = form.data_row()
            bedside.record_readying(
                by=by, session_id=session_id, version=version, data=ready, anaesthetics=lines
            )
        case InjectionsForm():
            injecting.record_injections(
                by=by,
                session_id=session_id,
                version=version,
                injections=form.data_row(),
                injected_at=form.injected_moment(),
            )
        case DischargeForm():
            left, findings = form.data_row()
            bedside.record_discharge(
                by=by, session_id=session_id, version=version, data=left, findings=findings
            )


def warnings(section: RecordSection, record: RecordView) -> list[str]:
    """What is unusual in what is saved of this part."""
    limits, drawn, made = record.rules.limits, record.draw_in_hand, record.preparation_in_hand
    blood_data = _as(DrawData, drawn) if drawn else None
    match section:
        case RecordSection.DRAW if blood_data:
            return plausible.draw(blood_data, limits=limits)
        case RecordSection.PREPARATION if made:
            return plausible.preparation(_as(PreparationData, made), drawn=blood_data, limits=limits)
        case RecordSection.READYING:
            return plausible.anaesthetics([_as(AnaestheticData, row) for row in record.rows.anaesthetics])
        case RecordSection.INJECTIONS:
            rows = [
                InjectionData(TargetData(row.structure, row.level, row.side), row.volume_ml, row.guidance)
                for row in record.rows.injections
            ]
            ages = [row.product_minutes for row in record.rows.injections if row.product_stale]
            return [
                *plausible.product_age(max(filter(None, ages), default=None), limits=limits),
                *plausible.injections(rows, rules=record.rules),
                *_again(rows, record),
            ]
    return []


def _again(rows: Sequence[InjectionData], record: RecordView) -> list[str]:
    """Levels that the protocol allows fewer times in a course. No query where it says so of none of these."""
    places = {(row.target.structure, row.target.level) for row in rows}
    counted = {rule.structure for rule in record.rules.targets if rule.most_per_course is not None}
    if not any(structure in counted for structure, _level in places):
        return []
    before = reviews.injected_besides(record.session)
    return [used_up_words(each) for each in targets.again(record.rules.targets, before, places)]


def _as(shape: type[Any], row: Any) -> Any:
    return shape(**{name: getattr(row, name) for name in shape.__slots__})


def _words(form: SectionForm, name: str, value: Any) -> str:
    choices: Mapping[str, Any] = dict(getattr(form.fields[name], "choices", ()))
    return str(choices.get(value, value) or "—")
