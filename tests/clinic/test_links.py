"""Links of patients: proved by the birth date with few tries, closed when they should be, changed by no reading."""

import datetime as dt
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from clinic import clock
from clinic.actors import Contact, Patient
from clinic.exceptions import NotAllowed, NotFound
from clinic.models import AuditEvent, Link, Site, Task
from clinic.models import Contact as ContactRow
from clinic.models.link import MOST_TRIES
from clinic.policies.links import LinkState, state
from clinic.selectors import links as reads
from clinic.services import links
from clinic.services.links import Proof
from tests import walk
from tests.factories import clinic
from tests.factories.scheduling import BY

pytestmark = pytest.mark.django_db

BORN = dt.date(1961, 3, 7)
WRONG = dt.date(1961, 7, 3)
RIGHT = {"day": "7", "month": "3", "year": "1961"}


@pytest.fixture(autouse=True)
def _no_rates_left_over() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def site() -> Site:
    return clinic.site()


@pytest.fixture
def link(site: Site) -> Link:
    return issued(site)


def issued(site: Site, *, about: str = "answers:a", days: float = 7, **patient: object) -> Link:
    person = clinic.patient(birth_date=BORN, **patient)
    return links.issue(
        by=BY,
        purpose="answers",
        about=about,
        site_id=site.pk,
        patient_id=person.pk,
        until=clock.now() + dt.timedelta(days=days),
    )[0]


def page_of(link: Link) -> str:
    return reverse("clinic:link", args=[links.token_of(link)])


def test_link_is_found_by_its_secret_and_by_nothing_else(link: Link) -> None:
    token = links.token_of(link)
    assert reads.opened_by(token) == link
    for place in range(0, len(token), 7):
        other = "0" if token[place] != "0" else "1"
        assert reads.opened_by(token[:place] + other + token[place + 1 :]) is None
    assert token not in (link.token_hash, str(link.pk))


def test_issuing_again_gives_the_same_link_until_the_later_hour(link: Link, site: Site) -> None:
    until = clock.now() + dt.timedelta(days=30)
    again = links.issue(
        by=BY,
        purpose="answers",
        about=link.about,
        site_id=site.pk,
        patient_id=link.patient_id,
        until=until,
    )
    assert [(row.pk, row.expires_at) for row in again] == [(link.pk, until)]


def test_each_contact_has_a_link_of_their_own(site: Site) -> None:
    person = clinic.patient()
    daughter = ContactRow.objects.create(patient=person, name="Grete", email="grete@mail.example")
    both = links.issue(
        by=BY,
        purpose="answers",
        about="answers:a",
        site_id=site.pk,
        patient_id=person.pk,
        until=clock.now() + dt.timedelta(days=1),
        contact_ids=[None, daughter.pk],
    )
    assert {links.actor_of(row) for row in both} == {
        Patient(person.pk, next(row.pk for row in both if row.contact_id is None)),
        Contact(daughter.pk, next(row.pk for row in both if row.contact_id)),
    }


def test_only_staff_and_jobs_issue_links(link: Link, site: Site) -> None:
    with pytest.raises(NotAllowed):
        links.issue(
            by=links.actor_of(link),
            purpose="answers",
            about="answers:b",
            site_id=site.pk,
            patient_id=link.patient_id,
            until=clock.now() + dt.timedelta(days=1),
        )


def test_purpose_that_nobody_registered_is_a_mistake(site: Site) -> None:
    with pytest.raises(KeyError):
        links.issue(
            by=BY,
            purpose="nothing",
            about="a",
            site_id=site.pk,
            patient_id=clinic.patient().pk,
            until=clock.now() + dt.timedelta(days=1),
        )


def test_states_of_a_link(link: Link) -> None:
    now = clock.now()
    assert state(link, now=now) == LinkState.OPEN
    assert state(link, now=link.expires_at - dt.timedelta(microseconds=1)) == LinkState.OPEN
    assert state(link, now=link.expires_at) == LinkState.EXPIRED
    link.tries = MOST_TRIES
    assert state(link, now=now) == LinkState.LOCKED
    link.patient.deceased_on = now.date()
    assert state(link, now=now) == LinkState.REVOKED


def test_wrong_birth_dates_lock_and_make_one_task(link: Link) -> None:
    by = links.actor_of(link)
    found = [links.prove(by=by, link_id=link.pk, birth_date=WRONG) for _ in range(MOST_TRIES + 1)]
    assert found == [Proof.WRONG] * (MOST_TRIES - 1) + [Proof.LOCKED] * 2
    assert links.prove(by=by, link_id=link.pk, birth_date=BORN) == Proof.LOCKED
    assert Task.objects.filter(kind=links.LOCKED_TASK, patient=link.patient_id).count() == 1
    assert AuditEvent.objects.filter(action="clinic.link.wrong_birth_date").count() == MOST_TRIES


def test_right_birth_date_gives_all_tries_back(link: Link) -> None:
    by = links.actor_of(link)
    for _round in range(3):
        for _try in range(MOST_TRIES - 1):
            assert links.prove(by=by, link_id=link.pk, birth_date=WRONG) == Proof.WRONG
        assert links.prove(by=by, link_id=link.pk, birth_date=BORN) == Proof.RIGHT


def test_staff_unlock_and_the_task_is_done(link: Link, site: Site) -> None:
    by, desk = links.actor_of(link), clinic.staff(at=site)
    for _try in range(MOST_TRIES):
        links.prove(by=by, link_id=link.pk, birth_date=WRONG)
    links.unlock(by=desk, link_id=link.pk)
    assert links.prove(by=by, link_id=link.pk, birth_date=BORN) == Proof.RIGHT
    assert list(Task.objects.values_list("state", flat=True)) == ["done"]
    with pytest.raises(NotFound):
        links.unlock(by=clinic.staff(at=clinic.site(name="Elsewhere")), link_id=link.pk)


def test_revoked_link_opens_nothing_for_ever(link: Link) -> None:
    assert links.revoke(by=BY, purpose="answers", about=[link.about], reason="done") == 1
    assert links.revoke(by=BY, purpose="answers", about=[link.about], reason="done") == 0
    assert links.prove(by=links.actor_of(link), link_id=link.pk, birth_date=BORN) == Proof.LOCKED
    assert Client().get(page_of(link)).status_code == 410


def test_reading_changes_nothing_however_often(link: Link, client: Client) -> None:
    tables = walk.business_tables()
    before = walk.fingerprint(tables)
    url = page_of(link)
    for _number in range(10):
        assert client.get(url).status_code == client.head(url).status_code == 200
    assert walk.fingerprint(tables) == before


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"expires_at": dt.datetime(2020, 1, 2, tzinfo=dt.UTC)}, 410, "This link has ended"),
        ({"revoked_at": dt.datetime(2020, 1, 2, tzinfo=dt.UTC)}, 410, "no longer needed"),
        ({"tries": MOST_TRIES}, 403, "This page is locked"),
    ],
)
def test_closed_link_says_what_to_do_and_shows_the_phone(
    change: dict[str, object], status: int, words: str, link: Link, client: Client
) -> None:
    Link.objects.filter(pk=link.pk).update(created_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC), **change)
    for response in (client.get(page_of(link)), client.post(page_of(link), RIGHT)):
        page = response.content.decode()
        assert response.status_code == status
        assert words in page
        assert 'href="tel:+49305550100"' in page


def test_forged_link_says_what_to_do(client: Client) -> None:
    response = client.get(reverse("clinic:link", args=["f" * 64]))
    assert response.status_code == 404
    assert "This link does not work" in response.content.decode()


def test_page_before_the_birth_date_names_nobody(site: Site, client: Client) -> None:
    link = issued(site, given_name="Wilhelmine", family_name="Sonderbar")
    page = client.get(page_of(link)).content.decode()
    assert "Wilhelmine" not in page
    assert "Sonderbar" not in page


def test_page_speaks_the_patients_language(site: Site, client: Client) -> None:
    page = client.get(page_of(issued(site, language="es"))).content.decode()
    assert "Díganos su fecha de nacimiento" in page
    assert ">marzo<" in page
    assert '<html lang="es"' in page


def test_a_slip_of_the_finger_costs_no_try(link: Link, client: Client) -> None:
    for data in ({}, RIGHT | {"day": "31", "month": "2"}, RIGHT | {"year": "\x00"}, RIGHT | {"day": "x"}):
        assert client.post(page_of(link), data).status_code == 422
    link.refresh_from_db()
    assert link.tries == 0


def test_proof_is_kept_in_this_browser_and_for_this_person_alone(
    link: Link, site: Site, client: Client
) -> None:
    other = issued(site, about="answers:b")
    assert client.post(page_of(link), RIGHT).status_code == 302
    assert client.get(page_of(link)).status_code == 302
    assert client.get(page_of(other)).status_code == 200
    assert Client().get(page_of(link)).status_code == 200
    door = reverse("treatments:answers", args=[links.token_of(link)])
    assert client.get(door).status_code == 200
    assert Client().get(door)["Location"] == page_of(link)


def test_the_birth_date_is_asked_once_for_all_links_of_a_person(
    link: Link, site: Site, client: Client
) -> None:
    daughter = ContactRow.objects.create(patient=link.patient, name="Grete", email="grete@mail.example")
    second, hers = (
        links.issue(
            by=BY,
            purpose="clinic.preferences",
            about=f"patient:{link.patient_id}",
            site_id=site.pk,
            patient_id=link.patient_id,
            until=link.expires_at,
            contact_ids=[contact],
        )
        for contact in (None, daughter.pk)
    )
    client.post(page_of(link), RIGHT)
    own, others = (row for row in (second[0], next(row for row in hers if row.contact_id)))
    assert client.get(page_of(own)).status_code == 302
    assert client.get(page_of(others)).status_code == 200


def test_proof_ends_with_the_link(link: Link, client: Client) -> None:
    client.post(page_of(link), RIGHT)
    links.revoke(by=BY, purpose="answers", about=[link.about], reason="done")
    assert client.get(reverse("treatments:answers", args=[links.token_of(link)])).status_code == 410


def test_many_attempts_from_one_place_are_slowed_down(site: Site, client: Client) -> None:
    found = [issued(site, about=f"answers:{number}") for number in range(16)]
    answers = [
        client.post(page_of(each), RIGHT | {"day": "8"}, REMOTE_ADDR="203.0.113.9").status_code
        for each in found
        for _try in range(4)
    ]
    assert answers == [422] * 60 + [429] * 4


def test_unlock_button_works_for_the_own_site_alone(link: Link, site: Site) -> None:
    Link.objects.update(tries=MOST_TRIES)
    url = reverse("clinic:link-unlock", args=[link.patient_id])
    stranger = clinic.user(at=clinic.site(name="Elsewhere"))
    walk.signed_in(stranger).post(url)
    assert Link.objects.get().tries == MOST_TRIES
    walk.signed_in(clinic.user(at=site)).post(url)
    assert Link.objects.get().tries == 0
