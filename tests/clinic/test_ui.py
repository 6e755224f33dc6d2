"""The parts of a page: words, shapes, and what a screen reader gets."""

import datetime as dt
from types import SimpleNamespace

import pytest
from django import forms
from django.template import Context, Template
from django.utils import timezone

from clinic import clock
from clinic.enums import MessageState, TaskState
from clinic.forms import ClinicForm, DateField
from clinic.templatetags import dates, ui
from scheduling.enums import AppointmentStatus
from treatments.enums import CourseStatus, OrderStatus, SessionStatus

NOW = dt.datetime(2026, 11, 24, 8, 30, tzinfo=dt.UTC)
BERLIN = "Europe/Berlin"


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def _render(source: str, **values: object) -> str:
    return Template("{% load ui dates crispy_forms_tags %}" + source).render(Context(values))


@pytest.mark.parametrize(
    "states", [AppointmentStatus, CourseStatus, SessionStatus, OrderStatus, MessageState, TaskState]
)
def test_every_state_has_a_shape(states: type) -> None:
    assert [state.value for state in states if state.value not in ui.SHAPES] == []  # type: ignore[attr-defined]


def test_a_chip_shows_the_states_own_word_and_escapes_notes() -> None:
    chip = ui.state_chip(AppointmentStatus.BOOKED, note="<b>late</b>")
    assert "shape-dashed" in chip
    assert str(AppointmentStatus.BOOKED.label) in chip
    assert "&lt;b&gt;late&lt;/b&gt;" in chip


def test_pips_fill_up_to_the_current_stage() -> None:
    chip = ui.state_chip("in_progress", done=2, total=4)
    assert chip.count('class="pip done"') == 2
    assert chip.count('class="pip current"') == 1
    assert chip.count('class="pip ') == 4


def test_days_and_times_are_those_of_the_active_zone() -> None:
    with timezone.override(BERLIN):
        assert dates.clinic_when(NOW) == "Tue 24 Nov, 09:30"
        assert dates.clinic_when(NOW.replace(year=2027)) == "Wed 24 Nov 2027, 09:30"
        assert dates.clinic_span(NOW, NOW + dt.timedelta(minutes=75)) == "09:30\u201310:45"
        assert dates.when(NOW) == '<time datetime="2026-11-24T09:30+01:00">Tue 24 Nov, 09:30</time>'


def test_whole_days_are_told_without_midnights() -> None:
    with timezone.override(BERLIN):
        monday = dt.datetime(2026, 11, 22, 23, tzinfo=dt.UTC)
        day = dt.timedelta(days=1)
        assert dates.clinic_period(monday, monday + day) == "Mon 23 Nov"
        assert dates.clinic_period(monday, monday + 3 * day) == "Mon 23 Nov \u2013 Wed 25 Nov"
        noon = monday + dt.timedelta(hours=12)
        assert dates.clinic_period(noon, noon + dt.timedelta(hours=2)) == "Mon 23 Nov, 12:00\u201314:00"
        assert dates.clinic_period(monday, noon + day) == "Mon 23 Nov, 00:00 \u2013 Tue 24 Nov, 12:00"


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        ({"seconds": 20}, "just now"),
        ({"minutes": 12}, "in 12 min"),
        ({"minutes": -12}, "12 min ago"),
        ({"hours": 3}, "in 3 h"),
        ({"hours": -20}, "20 h ago"),
        ({"days": 1}, "tomorrow"),
        ({"days": -1}, "yesterday"),
        ({"days": 3}, "in 3 days"),
        ({"days": -28}, "4 weeks ago"),
        ({"days": 90}, "in 3 months"),
        ({"days": -800}, "2 years ago"),
    ],
)
def test_distances_take_one_unit(distance: dict[str, float], words: str) -> None:
    with timezone.override(BERLIN):
        assert dates.ago(NOW + dt.timedelta(**distance)) == words


def test_age_counts_full_years() -> None:
    assert dates.age(dt.date(1961, 11, 24)) == 65
    assert dates.age(dt.date(1961, 11, 25)) == 64


def test_a_person_is_name_age_birth_date_and_number() -> None:
    patient = SimpleNamespace(full_name="Ada <Q>", birth_date=dt.date(1961, 3, 14), record_number="P-1")
    html = _render("{% person patient warning='Blood thinner' %}", patient=patient)
    assert "Ada &lt;Q&gt;" in html
    for part in ("65 y", "14 Mar 1961", "P-1", "Blood thinner"):
        assert part in html


class _Form(ClinicForm):
    submit_label = "Save"
    day = DateField(label="Day", help_text="The first one.")
    way = forms.ChoiceField(label="Way", choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)


def test_a_refused_form_sums_up_its_errors_and_ties_them_to_the_fields() -> None:
    form = _Form({}, auto_id="id_%s")
    form.is_valid()
    html = _render("{% crispy form %}", form=form)
    assert 'role="alert"' in html
    assert 'href="#id_day"' in html
    assert 'href="#div_id_way"' in html
    assert 'aria-describedby="id_day_helptext id_day_error"' in html
    assert 'id="id_day_helptext"' in html
    assert 'id="id_day_error"' in html
    assert 'aria-hidden="true">*</span>' in html
    assert html.count("<legend>") == 1


def test_content_between_block_tags_is_escaped_once() -> None:
    html = _render("{% card title=name %}{{ name }}{% endcard %}", name="A & <B>")
    assert html.count("A &amp; &lt;B&gt;") == 2
