"""App configuration: registries are filled here, once, at start-up."""

from django.apps import AppConfig


class ClinicConfig(AppConfig):
    name = "clinic"

    def ready(self) -> None:
        from clinic import celery, locks  # noqa: F401,PLC0415 - models and settings are ready only now
        from clinic.models import Message, Patient, Site  # noqa: PLC0415

        locks.register("site", Site)
        locks.register("patient", Patient)
        locks.register("message", Message)
