"""What must hold over visits, what they hold, the waitlist and the mails about visits."""

from clinic import integrity
from clinic.integrity import Check

_OCCUPYING = "('provisional', 'booked', 'confirmed', 'arrived', 'in_progress', 'completed')"
_BEFORE_ARRIVAL = "('provisional', 'booked', 'confirmed')"
_HERE = "(%(site)s::uuid IS NULL OR {row}.site_id = %(site)s::uuid)"
_LINES = """SELECT l.about, l.appointment_id, a.patient_id FROM scheduling_noticeline l
    JOIN scheduling_appointment a ON a.id = l.appointment_id AND a.told_rev = l.told_rev
    WHERE CASE l.kind WHEN 'appointment.cancelled' THEN a.status = 'cancelled'
                      ELSE a.status IN ('booked', 'confirmed') END"""
"""The lines of mails about several visits that still hold."""


def _of(row: str) -> str:
    return _HERE.format(row=row)


# Overlaps are found by one sort a resource or patient: the furthest end so far lies beyond the next start.
CHECKS = [
    Check(
        "resource_taken_twice",
        "No resource is held twice at one time.",
        f"""SELECT id FROM (
              SELECT id, site_id, lower(blocks) AS starts,
                     max(upper(blocks)) OVER (PARTITION BY resource_id ORDER BY lower(blocks), id
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS taken_until
              FROM scheduling_allocation WHERE active) AS a
            WHERE a.taken_until > a.starts AND {_of("a")}""",
    ),
    Check(
        "patient_in_two_visits",
        "No patient has two visits at one time.",
        f"""SELECT id FROM (
              SELECT id, site_id, lower(period) AS starts,
                     max(upper(period)) OVER (PARTITION BY patient_id ORDER BY lower(period), id
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS taken_until
              FROM scheduling_appointment WHERE status IN {_OCCUPYING}) AS a
            WHERE a.taken_until > a.starts AND {_of("a")}""",
    ),
    Check(
        "ended_visit_holds_nothing",
        "A visit that is cancelled, missed or not done holds no resource.",
        f"""SELECT DISTINCT a.id FROM scheduling_appointment a
            JOIN scheduling_allocation h ON h.appointment_id = a.id AND h.active
            WHERE a.status NOT IN {_OCCUPYING} AND {_of("a")}""",
    ),
    Check(
        "standing_visit_holds_its_team",
        "A visit that stands holds resources, its clinician among them unless it is a squeeze-in.",
        f"""SELECT a.id FROM scheduling_appointment a
            LEFT JOIN scheduling_allocation h ON h.appointment_id = a.id AND h.active
            WHERE a.status IN {_OCCUPYING} AND {_of("a")}
              AND EXISTS (SELECT FROM scheduling_requirement r
                          WHERE r.visit_type_id = a.visit_type_id AND r.is_lead)
            GROUP BY a.id
            HAVING (count(h.id) FILTER (WHERE h.is_lead) > 0) = (a.squeezed_on_id IS NOT NULL)""",
    ),
    Check(
        "allocation_within_its_visit",
        "What a visit holds lies within the visit.",
        f"""SELECT h.id FROM scheduling_allocation h JOIN scheduling_appointment a ON a.id = h.appointment_id
            WHERE h.active AND NOT h.period <@ a.period AND {_of("h")}""",
    ),
    Check(
        "stages_within_their_visit",
        "Planned stages lie within the visit.",
        f"""SELECT s.id FROM scheduling_visitstage s JOIN scheduling_appointment a ON a.id = s.appointment_id
            WHERE NOT tstzrange(s.planned_start, s.planned_end) <@ a.period AND {_of("a")}""",
    ),
    Check(
        "stages_end_after_they_begin",
        "No stage ended before it began.",
        f"""SELECT s.id FROM scheduling_visitstage s JOIN scheduling_appointment a ON a.id = s.appointment_id
            WHERE s.ended_at < s.started_at AND {_of("a")}""",
    ),
    Check(
        "status_agrees_with_the_stages",
        "A visit not yet begun has no stage begun; a running one has; a completed one has all ended.",
        f"""SELECT a.id FROM scheduling_appointment a
            LEFT JOIN scheduling_visitstage s ON s.appointment_id = a.id
            WHERE {_of("a")} AND a.status IN ('provisional', 'booked', 'confirmed', 'arrived', 'in_progress', 'completed')
            GROUP BY a.id
            HAVING (a.status IN ('provisional', 'booked', 'confirmed', 'arrived') AND count(s.started_at) > 0)
                OR (a.status = 'in_progress' AND count(s.id) > 0 AND count(s.started_at) = 0)
                OR (a.status = 'completed' AND count(s.id) > count(s.ended_at))""",
    ),
    Check(
        "arrival_agrees_with_the_status",
        "Whoever is here has an arrival time; whoever is not has none.",
        f"""SELECT a.id FROM scheduling_appointment a WHERE {_of("a")}
            AND ((a.status IN {_BEFORE_ARRIVAL} AND a.arrived_at IS NOT NULL)
              OR (a.status IN ('arrived', 'in_progress', 'completed', 'not_done') AND a.arrived_at IS NULL))""",
    ),
    Check(
        "provisional_visit_is_untold",
        "A provisional visit has told its patient nothing.",
        f"SELECT a.id FROM scheduling_appointment a WHERE a.status = 'provisional' AND a.told_rev <> 0 AND {_of('a')}",
    ),
    Check(
        "waiting_mail_tells_the_truth",
        "No mail waits that speaks of an old revision, or of a visit that does not stand.",
        f"""SELECT m.id FROM clinic_message m
            JOIN scheduling_appointment a ON m.about = 'appointment:' || a.id
            WHERE m.state IN ('pending', 'leased') AND m.kind LIKE 'appointment.%%' AND {_of("m")}
              AND (m.about_rev <> a.told_rev OR a.patient_id <> m.patient_id
                OR (m.kind <> 'appointment.cancelled' AND a.status NOT IN ('booked', 'confirmed'))
                OR (m.kind = 'appointment.cancelled' AND a.status <> 'cancelled'))""",
    ),
    Check(
        "waiting_mail_about_several_tells_something",
        "No mail about several visits waits of which nothing holds any more.",
        f"""SELECT m.id FROM clinic_message m
            WHERE m.state IN ('pending', 'leased') AND m.kind = 'appointment.changed_several' AND {_of("m")}
              AND NOT EXISTS (SELECT FROM ({_LINES}) AS l WHERE l.about = m.about AND l.patient_id = m.patient_id)""",
    ),
    Check(
        "one_waiting_mail_of_a_change",
        "Nobody waits for two mails about one change of a visit.",
        f"""SELECT visit FROM (
              SELECT a.id AS visit, m.contact_id AS reader FROM clinic_message m
              JOIN scheduling_appointment a ON m.about = 'appointment:' || a.id
              WHERE m.state IN ('pending', 'leased') AND {_of("m")} AND m.kind IN (
                'appointment.confirmation', 'appointment.moved', 'appointment.cancelled')
              UNION ALL
              SELECT l.appointment_id, m.contact_id FROM clinic_message m
              JOIN ({_LINES}) AS l ON l.about = m.about AND l.patient_id = m.patient_id
              WHERE m.state IN ('pending', 'leased') AND {_of("m")}) AS waiting
            GROUP BY visit, reader HAVING count(*) > 1""",
    ),
    Check(
        "ledger_agrees_with_the_status",
        "A cancellation, no-show or not-done that nobody took back is the visit's status.",
        f"""SELECT a.id FROM scheduling_visitchange c JOIN scheduling_appointment a ON a.id = c.appointment_id
            WHERE c.kind IN ('cancelled', 'no_show', 'not_done') AND a.status <> c.kind AND {_of("a")}
              AND NOT EXISTS (SELECT FROM scheduling_visitchange u WHERE u.undoes_id = c.id)
              AND NOT EXISTS (SELECT FROM scheduling_visitchange l
                              WHERE l.appointment_id = a.id AND l.kind IN ('undone') AND l.at >= c.at)""",
    ),
    Check(
        "ended_hold_holds_nothing",
        "A hold that was released holds no resource.",
        f"""SELECT DISTINCT k.id FROM scheduling_hold k
            JOIN scheduling_allocation h ON h.hold_id = k.id AND h.active
            WHERE k.released_at IS NOT NULL AND {_of("k")}""",
    ),
    Check(
        "open_offer_is_held",
        "An open offer keeps its time: its hold stands.",
        f"""SELECT o.id FROM scheduling_offer o JOIN scheduling_hold k ON k.id = o.hold_id
            WHERE o.status = 'open' AND {_of("o")} AND (k.released_at IS NOT NULL OR NOT EXISTS (
              SELECT FROM scheduling_allocation h WHERE h.hold_id = k.id AND h.active))""",
    ),
    Check(
        "accepted_offer_is_booked",
        "An accepted offer names its visit; another answer names none.",
        f"""SELECT o.id FROM scheduling_offer o
            WHERE (o.status = 'accepted') <> (o.appointment_id IS NOT NULL) AND {_of("o")}""",
    ),
    Check(
        "offered_entry_has_its_offer",
        "Whoever is offered a time on the waitlist has one open offer; whoever is not has none.",
        f"""SELECT e.id FROM scheduling_waitlistentry e WHERE {_of("e")} AND (e.status = 'offered') <> EXISTS (
              SELECT FROM scheduling_offer o WHERE o.entry_id = e.id AND o.status = 'open')""",
    ),
]


def register() -> None:
    """Called once at start-up."""
    integrity.register(CHECKS)
