"""States of courses and sessions with their tables of moves, and the vocabulary of the record."""

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _


class CourseStatus(TextChoices):
    DRAFT = "draft", _("Draft")
    SCREENING = "screening", _("Screening")
    APPROVED = "approved", _("Approved")
    ACTIVE = "active", _("Active")
    REVIEW_DUE = "review_due", _("Review due")
    ON_HOLD = "on_hold", _("On hold")
    FOLLOW_UP = "follow_up", _("Follow-up")
    COMPLETED = "completed", _("Completed")
    DISCONTINUED = "discontinued", _("Discontinued")
    DECLINED = "declined", _("Declined")
    CANCELLED = "cancelled", _("Cancelled")


COURSE_TRANSITIONS: dict[str, frozenset[str]] = {
    CourseStatus.DRAFT: frozenset({"screening", "cancelled"}),
    CourseStatus.SCREENING: frozenset({"approved", "declined"}),
    CourseStatus.APPROVED: frozenset({"active", "on_hold", "cancelled"}),
    CourseStatus.ACTIVE: frozenset({"on_hold", "review_due", "discontinued"}),
    CourseStatus.REVIEW_DUE: frozenset({"active", "follow_up", "discontinued"}),
    CourseStatus.ON_HOLD: frozenset({"approved", "active", "review_due", "discontinued"}),
    CourseStatus.FOLLOW_UP: frozenset({"completed", "active", "discontinued"}),
    CourseStatus.COMPLETED: frozenset(),
    CourseStatus.DISCONTINUED: frozenset(),
    CourseStatus.DECLINED: frozenset(),
    CourseStatus.CANCELLED: frozenset(),
}

ENDED_COURSE = ("completed", "discontinued", "declined", "cancelled")
OPEN_COURSE = ("draft", "screening", "approved", "active", "review_due", "on_hold", "follow_up")


class SessionStatus(TextChoices):
    PLANNED = "planned", _("Planned")
    CLEARED = "cleared", _("Cleared")
    INJECTED = "injected", _("Injected")
    SIGNED = "signed", _("Signed")
    STOPPED = "stopped", _("Stopped")
    DROPPED = "dropped", _("Dropped")


SESSION_TRANSITIONS: dict[str, frozenset[str]] = {
    SessionStatus.PLANNED: frozenset({"cleared", "injected", "stopped", "dropped"}),
    SessionStatus.CLEARED: frozenset({"planned", "injected", "stopped", "dropped"}),
    SessionStatus.INJECTED: frozenset({"signed", "stopped"}),
    SessionStatus.STOPPED: frozenset({"signed"}),
    SessionStatus.SIGNED: frozenset(),
    SessionStatus.DROPPED: frozenset({"planned"}),
}


class OrderStatus(TextChoices):
    OPEN = "open", _("To book")
    BOOKED = "booked", _("Booked")
    WITHDRAWN = "withdrawn", _("Withdrawn")


ORDER_TRANSITIONS: dict[str, frozenset[str]] = {
    OrderStatus.OPEN: frozenset({"booked", "withdrawn"}),
    OrderStatus.BOOKED: frozenset({"open", "withdrawn"}),
    OrderStatus.WITHDRAWN: frozenset(),
}


class Urgency(IntegerChoices):
    URGENT = 1, _("Urgent")
    SOON = 2, _("Soon")
    ROUTINE = 3, _("Routine")


class Decision(TextChoices):
    """What the physician decides at the gate before a repeat."""

    CONTINUE = "continue", _("Continue")
    RE_EVALUATE = "re_evaluate", _("Continue after re-evaluation")
    EXTEND = "extend", _("Extend")
    COMPLETE = "complete", _("Complete")
    STOP = "stop", _("Stop")


GOES_ON = (Decision.CONTINUE, Decision.RE_EVALUATE, Decision.EXTEND)
"""Decisions that let the next session go ahead."""


class Structure(TextChoices):
    """What can be injected. Data of the protocol later; the vocabulary is stable."""

    FACET = "facet", _("Facet joint")
    SI_JOINT = "si_joint", _("Sacroiliac joint")
    SI_LIGAMENT = "si_ligament", _("Dorsal sacroiliac ligament")
    DISC = "disc", _("Disc")
    EPIDURAL = "epidural", _("Epidural space")
    ILIOLUMBAR = "iliolumbar", _("Iliolumbar ligament")
    SUPRASPINOUS = "supraspinous", _("Supraspinous and interspinous ligament")
    MULTIFIDUS = "multifidus", _("Multifidus muscle")
    FASCIA = "fascia", _("Thoracolumbar fascia")


class Side(TextChoices):
    LEFT = "left", _("Left")
    RIGHT = "right", _("Right")
    MIDLINE = "midline", _("Midline")


class Level(TextChoices):
    T12_L1 = "T12-L1", "T12–L1"
    L1_L2 = "L1-L2", "L1–L2"
    L2_L3 = "L2-L3", "L2–L3"
    L3_L4 = "L3-L4", "L3–L4"
    L4_L5 = "L4-L5", "L4–L5"
    L5_S1 = "L5-S1", "L5–S1"
    SACRUM = "S", _("Sacrum")


class Guidance(TextChoices):
    ULTRASOUND = "ultrasound", _("Ultrasound")
    FLUOROSCOPY = "fluoroscopy", _("Fluoroscopy")
    CT = "ct", _("CT")
    NONE = "none", _("None")


class Anticoagulant(TextChoices):
    ACD_A = "acd_a", "ACD-A"
    CITRATE = "sodium_citrate", _("Sodium citrate")
    EDTA = "edta", "EDTA"
    HEPARIN = "heparin", _("Heparin")


class RecordSection(TextChoices):
    """The parts of a session's record in the order of the procedure. Each is saved by itself and has its version."""

    RECIPIENT = "recipient", _("Patient on the day")
    DRAW = "draw", _("Draw")
    PREPARATION = "preparation", _("Preparation")
    READYING = "readying", _("Skin, numbing, time-out")
    INJECTIONS = "injections", _("Injections")
    DISCHARGE = "discharge", _("Afterwards")


class Smoking(TextChoices):
    NEVER = "never", _("Never")
    FORMER = "former", _("Former")
    CURRENT = "current", _("Current")


class BaselineTube(TextChoices):
    """Which blood the baseline was counted in: counts of anticoagulated blood are diluted by the anticoagulant."""

    EDTA = "edta", _("EDTA tube")
    ANTICOAGULATED = "anticoagulated", _("Syringe with anticoagulant")


class Activation(TextChoices):
    NONE = "none", _("None")
    CALCIUM = "cacl2", _("Calcium chloride")
    THROMBIN = "thrombin", _("Thrombin")
    OTHER = "other", _("Other")


class LocalAnaesthetic(TextChoices):
    LIDOCAINE = "lidocaine", _("Lidocaine")
    BUPIVACAINE = "bupivacaine", _("Bupivacaine")
    ROPIVACAINE = "ropivacaine", _("Ropivacaine")
    MEPIVACAINE = "mepivacaine", _("Mepivacaine")
    OTHER = "other", _("Other")


class AnaestheticUse(TextChoices):
    SKIN = "skin", _("Skin and track only")
    MIXED = "mixed", _("Mixed with the product")


class SkinAgent(TextChoices):
    CHLORHEXIDINE = "chlorhexidine", _("Chlorhexidine in alcohol")
    IODINE = "povidone_iodine", _("Povidone-iodine")
    ALCOHOL = "alcohol", _("Alcohol")
    OTHER = "other", _("Other")


class TimeOutItem(TextChoices):
    """What is said aloud before the first needle."""

    PATIENT = "patient", _("Patient: name and birth date")
    PROCEDURE = "procedure", _("Procedure and consent")
    TARGETS = "targets", _("Targets and side, marked")
    ALLERGIES = "allergies", _("Allergies")
    TUBES = "tubes", _("The syringe bears this patient's name")


class IdentityStep(TextChoices):
    """Where blood could be given to the wrong patient. Each asks for two identifiers when two are in the house."""

    DRAW = "draw", _("Draw")
    LOAD = "load", _("Loading the centrifuge")
    DRAW_UP = "draw_up", _("Drawing up")
    INJECTION = "injection", _("Injection")


class Instrument(TextChoices):
    NRS = "nrs", _("Pain, 0–10 (NRS)")
    PEG = "peg", _("Pain and function (PEG)")
    RMDQ = "rmdq", _("Back function (RMDQ-24)")
    PGIC = "pgic", _("Overall change (PGIC)")
    SANE = "sane", _("Percent of normal (SANE)")


class Answer(TextChoices):
    """What a line of a checklist was answered with. `not_done`: asked for a number, and none was taken."""

    NO = "no", _("No")
    YES = "yes", _("Yes")
    NUMBER = "number", _("Measured")
    NOT_DONE = "not_done", _("Not measured")


class MedicineKind(TextChoices):
    """The groups that a protocol's table of medicines knows, and all others."""

    NSAID = "nsaid", _("Anti-inflammatory painkiller (NSAID)")
    ASPIRIN = "aspirin", _("Aspirin")
    ANTICOAGULANT = "anticoagulant", _("Anticoagulant")
    ANTIPLATELET = "antiplatelet", _("Antiplatelet")
    STEROID = "steroid", _("Steroid")
    ALLOWED = "allowed", _("Allowed painkiller")
    OTHER = "other", _("Other")


class MedicinePlan(TextChoices):
    TABLE = "table", _("As the protocol says")
    CONTINUE = "continue", _("Goes on through the session")


class PrescriberWord(TextChoices):
    """What a prescriber decided. The words beside it say how."""

    STOP = "stop", _("Pause it")
    CONTINUE = "continue", _("Go on with it")
    OTHER = "other", _("Something else")


class ConsentMethod(TextChoices):
    DRAWN = "drawn", _("Signed on the screen")
    TYPED = "typed", _("Name typed before a witness")
    PAPER = "paper", _("Signed on paper, scanned")


class Source(TextChoices):
    """How a patient's answers reached us."""

    LINK = "link", _("Answered by link")
    TABLET = "tablet", _("Answered on the clinic’s tablet")
    PHONE = "phone", _("Asked on the phone")
    PAPER = "paper", _("Copied from paper")
    STAFF = "staff", _("Asked on the day")


class Trend(TextChoices):
    """The pain of a check-in, compared with the day before."""

    BETTER = "better", _("Better")
    SAME = "same", _("The same")
    WORSE = "worse", _("Worse")


class Able(TextChoices):
    """Whether everyday things are possible."""

    YES = "yes", _("Yes")
    PARTLY = "partly", _("Partly")
    NO = "no", _("No")


class PainMedicine(TextChoices):
    """What was taken for the pain: anything but paracetamol is worth a question."""

    NOTHING = "nothing", _("Nothing")
    PARACETAMOL = "paracetamol", _("Paracetamol")
    OTHER = "other", _("Something else")


class SheetStatus(TextChoices):
    """Of what is asked at one time point."""

    OPEN = "open", _("Asked")
    ANSWERED = "answered", _("Answered")
    MISSED = "missed", _("Missed")
    WITHDRAWN = "withdrawn", _("Not asked any more")


SHEET_TRANSITIONS: dict[str, frozenset[str]] = {
    SheetStatus.OPEN: frozenset({"answered", "missed", "withdrawn"}),
    SheetStatus.ANSWERED: frozenset(),
    SheetStatus.MISSED: frozenset({"answered", "open"}),
    SheetStatus.WITHDRAWN: frozenset({"open", "answered"}),
}
"""Missed and withdrawn ones may still be answered by paper found later; they open again when their window moves."""


class Observed(TextChoices):
    """Strength of the back as a clinician finds it. Nothing that a patient reports measures it."""

    EXTENSOR_HOLD = "extensor_hold", _("Trunk extensors: hold, seconds")
    MULTIFIDUS_FAT = "multifidus_fat", _("Multifidus on MRI: fat, grade 0–4")
    MULTIFIDUS_AREA = "multifidus_area", _("Multifidus on ultrasound or MRI: area, cm²")
    TENDERNESS = "tenderness", _("Tenderness of the treated structure, grade 0–4")


class EventTerm(TextChoices):
    """What can go wrong with this treatment, and anything else in words."""

    VASOVAGAL = "vasovagal", _("Vasovagal reaction")
    HAEMATOMA = "haematoma", _("Haematoma")
    PAIN_FLARE = "pain_flare", _("Pain flare")
    HEADACHE = "headache", _("Headache")
    ALLERGY = "allergy", _("Allergic reaction")
    CITRATE = "citrate", _("Citrate reaction")
    INFECTION = "infection", _("Infection")
    DISCITIS = "discitis", _("Discitis")
    DURAL_PUNCTURE = "dural_puncture", _("Dural puncture")
    NERVE_INJURY = "nerve_injury", _("Nerve injury")
    EPIDURAL_HAEMATOMA = "epidural_haematoma", _("Epidural haematoma")
    WRONG_SITE = "wrong_site", _("Wrong site")
    OTHER = "other", _("Something else")


class Seriousness(TextChoices):
    """Why an event is serious: the criteria of ICH E2A."""

    DEATH = "death", _("Death")
    LIFE_THREATENING = "life_threatening", _("Danger to life")
    HOSPITAL = "hospital", _("Hospital, or a longer stay there")
    DISABILITY = "disability", _("Lasting or significant harm")
    IMPORTANT = "important", _("Medically important otherwise")


class Causality(TextChoices):
    """The categories of WHO-UMC."""

    CERTAIN = "certain", _("Certain")
    PROBABLE = "probable", _("Probable")
    POSSIBLE = "possible", _("Possible")
    UNLIKELY = "unlikely", _("Unlikely")
    UNASSESSABLE = "unassessable", _("Cannot be assessed")


class EventOutcome(TextChoices):
    """FHIR adverse-event-outcome."""

    ONGOING = "ongoing", _("Ongoing")
    RECOVERING = "recovering", _("Recovering")
    RESOLVED = "resolved", _("Over")
    SEQUELAE = "sequelae", _("Over, with lasting effects")
    FATAL = "fatal", _("Fatal")
    UNKNOWN = "unknown", _("Not known")


ENDED_EVENT = (EventOutcome.RESOLVED, EventOutcome.SEQUELAE, EventOutcome.FATAL)


class EventSource(TextChoices):
    """How the clinic learnt of it."""

    VISIT = "visit", _("At a visit")
    PHONE = "phone", _("By phone")
    CHECK_IN = "check_in", _("From a check-in")
    LETTER = "letter", _("From another doctor or hospital")


class SignatureKind(TextChoices):
    RECORD = "record", _("Record signed")
    AMENDMENT = "amendment", _("Amendment co-signed")


class ExportPurpose(TextChoices):
    """What rows for a registry are taken out for."""

    REGISTRY = "registry", _("Sending to a registry")
    QUALITY = "quality", _("The clinic’s own quality work")
    RESEARCH = "research", _("Research with an ethics vote")
