"""App configuration: registries are filled here, once, at start-up."""

from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    name = "scheduling"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _  # noqa: PLC0415

        from clinic import doors, locks  # noqa: PLC0415 - models are ready only now
        from scheduling import delay_mail, group_mail, integrity, messages, offer_mail, receivers  # noqa: PLC0415
        from scheduling.models import Appointment, Resource  # noqa: PLC0415
        from scheduling.services import away  # noqa: PLC0415
        from scheduling.services.knowledge import DOOR  # noqa: PLC0415

        locks.register("resource", Resource)
        locks.register("appointment", Appointment)
        messages.register()
        offer_mail.register()
        delay_mail.register()
        group_mail.register()
        integrity.register()
        away.register()
        receivers.connect()
        doors.register(doors.Door(DOOR, _("See and change a visit"), "scheduling:my-visit"))
