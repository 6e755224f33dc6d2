"""App configuration: registries are filled here, once, at start-up."""

from django.apps import AppConfig


class TreatmentsConfig(AppConfig):
    name = "treatments"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _  # noqa: PLC0415

        from clinic import doors, locks  # noqa: PLC0415 - models are ready only now
        from treatments import (  # noqa: PLC0415
            course_mail,
            integrity,
            messages,
            question_mail,
            receivers,
            rules,
            screening_guard,
        )
        from treatments.models import Course, Session  # noqa: PLC0415
        from treatments.selectors import readiness, seals  # noqa: PLC0415
        from treatments.services import asking, recovery_tasks, recovery_week  # noqa: PLC0415

        locks.register("course", Course)
        locks.register("session", Session)
        rules.register()
        messages.register()
        question_mail.register()
        course_mail.register()
        doors.register(doors.Door(asking.DOOR, _("Answer questions"), "treatments:answers"))
        doors.register(doors.Door(recovery_week.DOOR, _("The days after a visit"), "treatments:check-in"))
        recovery_tasks.register()
        integrity.register()
        seals.register()
        receivers.connect()
        readiness.register()
        screening_guard.register()
