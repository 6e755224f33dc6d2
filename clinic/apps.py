"""App configuration: registries are filled here, once, at start-up."""

from django.apps import AppConfig


class ClinicConfig(AppConfig):
    name = "clinic"

    def ready(self) -> None:
        from django.db.backends.signals import connection_created  # noqa: PLC0415
        from django.utils.translation import gettext_lazy as _  # noqa: PLC0415

        from clinic import celery, doors, locks, timestamps  # noqa: F401,PLC0415 - models and settings are ready only now
        from clinic.models import Message, Patient, Site  # noqa: PLC0415
        from clinic.services.preferences import PREFERENCES  # noqa: PLC0415

        connection_created.connect(timestamps.read_quickly, dispatch_uid="clinic.read_timestamps")
        locks.register("site", Site)
        locks.register("patient", Patient)
        locks.register("message", Message)
        doors.register(doors.Door(PREFERENCES, _("Say what to write about"), "clinic:preferences"))
