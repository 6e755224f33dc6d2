"""The real command in a process of its own, after the test kinds became known to it."""

import django

if __name__ == "__main__":
    django.setup()
    from django.core.management import call_command

    from tests.faults import kinds

    with kinds.known(*kinds.ALL):
        call_command("dispatch_messages", loop=True)
