"""The consent to a course: the text that was read, who signed it and how, and its withdrawal. All of it is kept."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clinic.ids import new_id
from clinic.models import Contact, Site
from treatments.enums import ConsentMethod
from treatments.models.course import Course
from treatments.models.screening import append_only


class ConsentText(models.Model):
    """One version of a site's consent text in one language; the highest number is read out, all are kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    language = models.CharField(_("language"), max_length=8)
    number = models.PositiveSmallIntegerField()
    title = models.CharField(_("title"), max_length=120)
    body = models.TextField(_("text"), max_length=6000)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    written_at = models.DateTimeField()

    is_ledger = True

    class Meta:
        ordering = ["language", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["site", "language", "number"], name="one_consent_text_per_number")
        ]
        triggers = [append_only()]

    def __str__(self) -> str:
        return f"{self.language} v{self.number}"


class Consent(models.Model):
    """A patient, or a contact who may sign for them, agreed to a course after reading one version of the text.

    `strokes`: what was drawn, as lists of points in a field of 1000 × 300 (`policies.consents`). It is not changed;
    a withdrawal is a row beside it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="consents")
    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="consents")
    contact = models.ForeignKey(Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    signer = models.CharField(_("signed by"), max_length=160)
    signer_role = models.CharField(_("as"), max_length=60, blank=True)
    method = models.CharField(_("how"), max_length=8, choices=ConsentMethod)
    strokes = models.JSONField(null=True, blank=True)
    witness = models.CharField(_("witness"), max_length=160, blank=True)
    interpreter = models.CharField(_("interpreter"), max_length=160, blank=True)
    given_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    is_ledger = True

    class Meta:
        ordering = ["given_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(method__in=ConsentMethod.values), name="consent_method_in_table"
            ),
            models.CheckConstraint(
                condition=Q(method="drawn", strokes__isnull=False)
                | (~Q(method="drawn") & Q(strokes__isnull=True)),
                name="drawn_consent_has_its_strokes",
            ),
            models.CheckConstraint(
                condition=~Q(method="typed") | ~Q(witness=""), name="typed_consent_has_a_witness"
            ),
            models.CheckConstraint(condition=~Q(signer=""), name="consent_has_a_signer"),
        ]
        triggers = [append_only()]

    def __str__(self) -> str:
        return str(self.pk)


class ConsentPage(models.Model):
    """The signed page on paper, scanned. Apart from the consent, so that nobody reads 5 MB to see a date."""

    consent = models.OneToOneField(Consent, primary_key=True, on_delete=models.PROTECT, related_name="page")
    content = models.BinaryField()
    content_type = models.CharField(max_length=20)

    is_ledger = True

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(content_type__in=["application/pdf", "image/jpeg"]),
                name="consent_page_type_known",
            )
        ]
        triggers = [append_only()]

    def __str__(self) -> str:
        return str(self.pk)


class ConsentWithdrawal(models.Model):
    """The consent ended: from here on nothing is done under it. What was done stays done."""

    consent = models.OneToOneField(
        Consent, primary_key=True, on_delete=models.PROTECT, related_name="withdrawal"
    )
    reason = models.CharField(_("what was said"), max_length=300)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField()

    is_ledger = True

    class Meta:
        triggers = [append_only()]

    def __str__(self) -> str:
        return str(self.pk)
