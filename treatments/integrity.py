"""What must hold between courses, their sessions and the visits that serve them."""

from clinic import integrity
from clinic.integrity import Check

_HERE = "(%(site)s::uuid IS NULL OR s.site_id = %(site)s::uuid)"
_OCCUPYING = "('provisional', 'booked', 'confirmed', 'arrived', 'in_progress', 'completed')"

CHECKS = [
    Check(
        "open_booking_has_a_standing_visit",
        "A session that is booked and not yet injected is served by a visit that stands, of its patient and for it.",
        f"""SELECT s.id FROM treatments_sessionbooking b
            JOIN treatments_session s ON s.id = b.session_id
            JOIN treatments_course c ON c.id = s.course_id
            JOIN scheduling_appointment a ON a.id = b.appointment_id
            WHERE b.is_open AND {_HERE}
              AND (a.status NOT IN {_OCCUPYING} OR a.patient_id <> c.patient_id OR a.purpose <> s.id)
              AND s.injected_at IS NULL""",
    ),
    Check(
        "standing_visit_serves_its_session",
        "A visit that stands for a session is that session's booking.",
        f"""SELECT a.id FROM scheduling_appointment a JOIN treatments_session s ON s.id = a.purpose
            WHERE a.status IN {_OCCUPYING} AND {_HERE} AND NOT EXISTS (
              SELECT FROM treatments_sessionbooking b WHERE b.appointment_id = a.id AND b.is_open)
              AND s.status <> 'dropped'""",
    ),
    Check(
        "ended_course_holds_no_time",
        "A course that is over has no visit still to come.",
        f"""SELECT a.id FROM scheduling_appointment a JOIN treatments_session s ON s.id = a.purpose
            JOIN treatments_course c ON c.id = s.course_id
            WHERE c.status IN ('completed', 'discontinued', 'declined', 'cancelled') AND {_HERE}
              AND a.status IN ('provisional', 'booked', 'confirmed')""",
    ),
    Check(
        "sessions_in_order",
        "The sessions of a course were injected in the order of their numbers.",
        f"""SELECT s.id FROM (
              SELECT id, site_id, injected_at,
                     max(injected_at) OVER (PARTITION BY course_id ORDER BY number
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
              FROM treatments_session) AS s
            WHERE s.injected_at <= s.before AND {_HERE}""",
    ),
    Check(
        "undecided_repeat_is_untold",
        "A repeat before which no physician decided is provisional, not booked, unless the first.",
        f"""SELECT s.id FROM treatments_session s
            JOIN treatments_sessionbooking b ON b.session_id = s.id AND b.is_open
            JOIN scheduling_appointment a ON a.id = b.appointment_id
            WHERE s.number > 1 AND a.status IN ('booked', 'confirmed') AND {_HERE} AND NOT EXISTS (
              SELECT FROM treatments_review r WHERE r.course_id = s.course_id AND r.before_session = s.number
                AND r.decision IN ('continue', 're_evaluate', 'extend'))""",
    ),
]


def register() -> None:
    """Called once at start-up."""
    integrity.register(CHECKS)
