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
    Check(
        "course_summary_says_its_sessions",
        "A course is summarised for cohorts by its signed sessions in which something was injected, and by no others.",
        f"""SELECT coalesce(s.course_id, b.course_id) FROM (
              SELECT s.course_id, s.site_id, count(*) AS sessions,
                     min((s.injected_at AT TIME ZONE site.time_zone)::date) AS started_on,
                     max((s.injected_at AT TIME ZONE site.time_zone)::date) AS last_on
              FROM treatments_session s JOIN clinic_site site ON site.id = s.site_id
              WHERE s.status = 'signed' AND s.injected_at IS NOT NULL AND {_HERE}
              GROUP BY s.course_id, s.site_id) AS s
            FULL JOIN (SELECT * FROM treatments_coursesummary s WHERE {_HERE}) AS b
              ON b.course_id = s.course_id AND b.site_id = s.site_id
            WHERE (s.sessions, s.started_on, s.last_on) IS DISTINCT FROM (b.sessions, b.started_on, b.last_on)""",
    ),
    Check(
        "score_summary_says_the_answers",
        "Every score of a course has its summary, with its distance from the patient’s own baseline, and there is no other.",
        f"""WITH given AS (
              SELECT s.course_id, s.instrument, s.score, s.time_point FROM treatments_response s WHERE {_HERE}),
            told AS (
              SELECT b.course_id, b.instrument, b.score FROM treatments_scoresummary b
              JOIN treatments_course s ON s.id = b.course_id WHERE {_HERE})
            SELECT course_id FROM (
              SELECT course_id, instrument, score FROM given
              -- Of a follow-up that was begun anew twice the later answer counts.
              WHERE strpos(time_point, '_after_') = 0
              EXCEPT ALL SELECT * FROM told) AS untold
            UNION SELECT course_id FROM (
              SELECT * FROM told EXCEPT ALL SELECT course_id, instrument, score FROM given) AS invented
            UNION SELECT b.course_id FROM treatments_scoresummary b
            JOIN treatments_course s ON s.id = b.course_id
            LEFT JOIN treatments_response r
              ON r.course_id = b.course_id AND r.instrument = b.instrument AND r.time_point = 'baseline'
            WHERE {_HERE} AND b.change IS DISTINCT FROM
              CASE WHEN b.point = 'baseline' THEN NULL ELSE b.score - r.score END""",
    ),
]


def register() -> None:
    """Called once at start-up."""
    integrity.register(CHECKS)
