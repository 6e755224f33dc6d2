"""A place of the clinic."""

from functools import cached_property
from zoneinfo import ZoneInfo, available_timezones

import pghistory
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic.ids import new_id


def validate_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(_("Not a time zone: it takes a name such as Europe/Berlin."))


@pghistory.track()
class Site(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=120)
    sender_name = models.CharField(
        _("sender name"),
        max_length=120,
        help_text=_(
            "What patients see as the sender of mails. Neutral: it names no treatment and no part of the body."
        ),
    )
    address = models.CharField(_("address"), max_length=250)
    directions = models.TextField(
        _("how to get there"),
        max_length=1000,
        blank=True,
        help_text=_(
            "For patients: bus and train, parking, the entrance, the lift. They read it on their phone."
        ),
    )
    phone = models.CharField(_("phone"), max_length=32)
    emergency_phone = models.CharField(_("emergency number"), max_length=32, default="112")
    on_call_phone = models.CharField(
        _("on-call number"),
        max_length=32,
        blank=True,
        help_text=_(
            "What patients are told to call while nobody is there. Empty: they are given the phone and the emergency number."
        ),
    )
    reply_to = models.EmailField(_("replies go to"), blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, validators=[validate_time_zone])
    quiet_from = models.TimeField(_("no mails from"), default="20:00")
    quiet_until = models.TimeField(_("no mails until"), default="08:00")
    country = models.CharField(
        _("country"), max_length=2, default="US", help_text=_("Two letters, such as DE or US.")
    )
    region = models.CharField(
        _("region"),
        max_length=8,
        blank=True,
        help_text=_("Of the country, for its public holidays: such as NY or BY. May stay empty."),
    )
    patient_notice_hours = models.PositiveSmallIntegerField(
        _("patients move their visits until (hours before)"),
        default=24,
        help_text=_("Through the link in their mail. Nearer than that they ask, and the desk calls them."),
    )
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)
