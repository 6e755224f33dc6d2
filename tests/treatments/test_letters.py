"""Letters as PDF: what they say, and that no name can break or rewrite one."""

import io
import re

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from clinic.models import User
from tests.factories import clinic
from tests.factories import treatments as factory
from treatments import letters
from treatments.letters import Letter, Part, Table
from treatments.selectors.record_fields import FIELDS


def letter(name: str = "Ada Beispiel", words: str = "Nothing.") -> Letter:
    return Letter(
        lang="en",
        title="Summary of the course",
        site="Recura",
        contact=["1 Alder Court", "+1 617 555 0100"],
        address=[name, "Main Street 1"],
        day="24 November 2026",
        patient=name,
        salutation=f"Dear {name},",
        parts=[Part("Course", [words], [("Diagnosis", words)], Table(["What", "Grade"], [[words, "1"]]))],
        closing="With kind regards",
        signed=["Dr. Okafor"],
        foot=name,
    )


def read(pdf: bytes) -> tuple[PdfReader, str]:
    reader = PdfReader(io.BytesIO(pdf))
    return reader, "\n".join(page.extract_text() for page in reader.pages)


@pytest.mark.parametrize(
    "name",
    ['O\'Brien "Bob"', "#let x = 1", "*a* _b_ `c` $d$", "] }) //", "\\u{41} @ref <tag>", "Ωμέγα Иван Łukasz"],
)
def test_name_stands_in_the_letter_as_it_was_typed(name: str) -> None:
    _reader, text = read(letters.pdf(letter(name)))
    assert text.count(name) >= 3


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=60), st.text(max_size=200))
def test_no_words_break_a_letter(name: str, words: str) -> None:
    reader, text = read(letters.pdf(letter(name, words)))
    assert (len(reader.pages), "With kind regards" in text) == (1, True)


def test_letter_names_its_title_and_language_and_carries_its_fonts() -> None:
    reader, _text = read(letters.pdf(letter("שלום עמר 😀")))
    fonts = [font.get_object() for font in reader.pages[0]["/Resources"]["/Font"].values()]  # type: ignore[index]
    files = [font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object() for font in fonts]
    assert (reader.metadata.title, reader.trailer["/Root"]["/Lang"]) == ("Summary of the course", "en")  # type: ignore[union-attr, index]
    assert all({"/FontFile2", "/FontFile3"} & set(file) for file in files)


@pytest.mark.django_db
def test_letters_say_what_was_done_and_promise_nothing() -> None:
    ward = factory.ward()
    order, _visits = factory.booked(ward, placed=factory.order(ward, clinic.patient(family_name='Q"#uote')))
    session = factory.inject(ward, order.course)
    client = Client()
    client.force_login(
        User.objects.get(pk=ward.physician.user_id),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    data = {"recipient": "Dr. Łucja O'Neill", "address": "Main Street 1", "remark": "Half the pain is left."}
    said = {}
    for name, key in (("course-letter", order.course_id), ("session-letter", session.pk)):
        url = reverse(f"treatments:{name}", args=[key])
        assert client.get(url).status_code == 200
        assert client.post(url, {"recipient": ""}).status_code == 422
        answer = client.post(url, data)
        assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/pdf", "no-store")
        said[name] = re.sub(r"\s+", " ", read(answer.content)[1])
    for words in (
        'Q"#uote',
        "Dr. Łucja O'Neill",
        "Half the pain is left.",
        "Facet joint L4–L5 left, 2.0 mL",
        "4.8 × 10⁹",
    ):
        assert [words in text for text in said.values()] == [True, True]
    assert "1 of 4" in said["course-letter"]
    assert "This record is not signed yet." in said["session-letter"]
    lacking = [
        field.code for field in FIELDS if str(field.words).lower() not in said["session-letter"].lower()
    ]
    assert lacking == ["delivery.targets"]  # they stand with their volumes
    assert "Platelets in blood 240 × 10³/µL" in said["session-letter"]
    assert "Lot of the kit K-2231" in said["session-letter"]
    assert "Skin preparation not recorded" in said["session-letter"]
    assert not [word for word in ("heal", "cure", "guarantee") if word in " ".join(said.values()).lower()]
