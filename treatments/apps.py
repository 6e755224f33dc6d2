"""App configuration: registries are filled here, once, at start-up."""

from django.apps import AppConfig


class TreatmentsConfig(AppConfig):
    name = "treatments"

    def ready(self) -> None:
        from clinic import locks  # noqa: PLC0415 - models are ready only now
        from treatments import integrity, messages, receivers, rules  # noqa: PLC0415
        from treatments.models import Course, Session  # noqa: PLC0415
        from treatments.selectors import readiness  # noqa: PLC0415

        locks.register("course", Course)
        locks.register("session", Session)
        rules.register()
        messages.register()
        integrity.register()
        receivers.connect()
        readiness.register()
