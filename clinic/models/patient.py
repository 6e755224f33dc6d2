"""Patients of the clinic (not of a site), the people around them, and the words by which they are found."""

import datetime as dt

import pghistory
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from clinic.enums import Channel, Sex
from clinic.ids import new_id


class Household(models.Model):
    """People who share a phone or a mailbox on purpose; among them a shared contact is no sign of a duplicate."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.pk)


@pghistory.track()
class Patient(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    record_number = models.CharField(_("record number"), max_length=20, unique=True)
    given_name = models.CharField(_("given name"), max_length=80)
    family_name = models.CharField(_("family name"), max_length=80)
    birth_date = models.DateField(_("date of birth"))
    sex = models.CharField(_("sex"), max_length=10, choices=Sex, default=Sex.UNKNOWN)
    email = models.EmailField(_("e-mail"), blank=True)
    preferred_channel = models.CharField(
        _("preferred channel"), max_length=10, choices=Channel, default=Channel.EMAIL
    )
    reminders_consent = models.BooleanField(_("agrees to reminders"), default=False)
    reminders_consent_at = models.DateTimeField(null=True, blank=True)
    language = models.CharField(_("language"), max_length=8, default="en")
    notes = models.TextField(_("notes for the desk"), blank=True, max_length=2000)
    household = models.ForeignKey(
        Household, null=True, blank=True, on_delete=models.SET_NULL, related_name="members"
    )
    deceased_on = models.DateField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["family_name", "given_name", "birth_date"]
        indexes = [
            models.Index(fields=["birth_date"]),
            models.Index(Lower("email"), name="patient_email_folded"),
            models.Index(OpClass("record_number", name="varchar_pattern_ops"), name="patient_record_prefix"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(sex__in=Sex.values), name="patient_sex_in_table"),
            models.CheckConstraint(
                condition=models.Q(birth_date__gte=dt.date(1900, 1, 1)), name="patient_birth_date_plausible"
            ),
        ]

    def __str__(self) -> str:
        return self.record_number

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}"

    @property
    def is_active(self) -> bool:
        """Whether anything may still be booked for, ordered for or sent to this patient."""
        return self.erased_at is None and self.deceased_on is None


@pghistory.track()
class PatientPhone(models.Model):
    """One phone number of a patient; `national` is its digits without country code and leading zero, for search."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="phones")
    position = models.PositiveSmallIntegerField(default=0)
    e164 = models.CharField(max_length=16)
    national = models.CharField(max_length=16)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["patient", "e164"], name="one_row_per_patient_and_number")
        ]
        indexes = [
            models.Index(OpClass("national", name="varchar_pattern_ops"), name="phone_national_prefix"),
            models.Index(OpClass("e164", name="varchar_pattern_ops"), name="phone_e164_prefix"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class NameWord(models.Model):
    """A distinct word of any patient's name: lower case, accents folded.

    Trigrams over this small table and a B-tree join to the patients answer a misspelt name 20 to 100
    times faster than trigrams over a million full names.
    """

    word = models.CharField(max_length=80, unique=True)

    class Meta:
        indexes = [
            GinIndex(OpClass("word", name="gin_trgm_ops"), name="name_word_trigrams"),
            # Those that begin with some letters, without a look at the table.
            models.Index(
                OpClass("word", name="varchar_pattern_ops"), include=["id"], name="name_word_begins"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class PatientNameWord(models.Model):
    """A patient bears a word. `sort` is the patient's place in the order of names (`policies.names.sort_key`), the same
    in all their rows: with it the bearers of a word that tens of thousands bear are read in order, a few at a time."""

    word = models.ForeignKey(NameWord, on_delete=models.CASCADE, related_name="patients", db_index=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="name_words", db_index=False)
    sort = models.CharField(max_length=200, default="")

    class Meta:
        indexes = [
            models.Index(fields=["word", "sort", "patient"], name="bearers_in_order"),
            models.Index(fields=["patient", "word"], name="words_of_patient"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["word", "patient"], name="one_row_per_word_and_patient")
        ]

    def __str__(self) -> str:
        return str(self.pk)


@pghistory.track()
class Contact(models.Model):
    """Someone with rights for a patient, such as the daughter who books."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="contacts")
    name = models.CharField(_("name"), max_length=160)
    relationship = models.CharField(_("relationship"), max_length=60, blank=True)
    phone = models.CharField(_("phone"), max_length=16, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    may_book = models.BooleanField(_("may book and move visits"), default=True)
    may_hear_details = models.BooleanField(_("may hear details"), default=False)
    gets_mails = models.BooleanField(_("gets the mails"), default=False)
    may_sign = models.BooleanField(_("may sign"), default=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return str(self.pk)
