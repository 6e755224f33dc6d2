"""The people around a patient."""

import pytest

from clinic.exceptions import IllegalMove, InvalidInput, NotFound
from clinic.ids import new_id
from clinic.models import AuditEvent, Contact
from clinic.services import contacts, erasure
from clinic.services.contacts import ContactData
from tests.clinic.people import SEED, patient

pytestmark = pytest.mark.django_db

BERTA = ContactData(
    name="Berta Müller",
    relationship="Daughter",
    phone="+14155550123",
    email="berta@example.org",
    gets_mails=True,
)


def test_add_change_and_end() -> None:
    one = patient()
    contact = contacts.add(by=SEED, patient_id=one.pk, data=BERTA)
    contacts.update(by=SEED, contact_id=contact.pk, data=ContactData(name="Berta Hahn", may_sign=True))
    contact.refresh_from_db()
    assert (contact.name, contact.may_sign, contact.gets_mails) == ("Berta Hahn", True, False)
    contacts.end(by=SEED, contact_id=contact.pk)
    with pytest.raises(IllegalMove):
        contacts.update(by=SEED, contact_id=contact.pk, data=BERTA)
    actions = AuditEvent.objects.filter(patient_id=one.pk).order_by("pk").values_list("action", flat=True)
    assert list(actions)[1:] == ["clinic.contact.added", "clinic.contact.updated", "clinic.contact.ended"]


@pytest.mark.parametrize(
    "data",
    [
        ContactData(name=" "),
        ContactData(name="Berta\nBcc: x@example.org"),
        ContactData(name="Berta", gets_mails=True),
        ContactData(name="Berta", phone="12"),
        ContactData(name="x" * 161),
    ],
)
def test_bad_contact_is_refused(data: ContactData) -> None:
    one = patient()
    with pytest.raises(InvalidInput):
        contacts.add(by=SEED, patient_id=one.pk, data=data)
    assert Contact.objects.count() == 0


def test_no_contact_of_nobody_or_of_the_erased() -> None:
    with pytest.raises(NotFound):
        contacts.add(by=SEED, patient_id=new_id(), data=BERTA)
    with pytest.raises(NotFound):
        contacts.end(by=SEED, contact_id=new_id())
    one = patient()
    erasure.erase(by=SEED, patient_id=one.pk)
    with pytest.raises(IllegalMove):
        contacts.add(by=SEED, patient_id=one.pk, data=BERTA)
