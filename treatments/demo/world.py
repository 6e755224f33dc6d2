"""What every part of the demo works with: the numbers' source, the hour, the site, its calendar, the rows so far."""

import datetime as dt
import random
from dataclasses import dataclass, field

from clinic import clock
from treatments.demo.opening import OPEN
from treatments.demo.place import Place
from treatments.demo.planner import Planner
from treatments.demo.rows import Rows
from treatments.demo.visits import Visits
from treatments.models import Course, Session

DAY = dt.timedelta(days=1)


@dataclass
class World:
    """Shared by all courses; each sees the time that those before it have taken."""

    rng: random.Random
    now: dt.datetime
    place: Place
    planner: Planner
    visits: Visits
    rows: Rows
    to_sign: list[Session] = field(default_factory=list)
    courses: list[Course] = field(default_factory=list)

    @property
    def today(self) -> dt.date:
        return self.day_of(self.now)

    @property
    def yesterday(self) -> dt.date:
        return self.today - DAY

    @property
    def tomorrow(self) -> dt.date:
        return self.today + DAY

    def day_of(self, moment: dt.datetime) -> dt.date:
        return moment.astimezone(self.place.site.zone).date()

    def time_of(self, moment: dt.datetime) -> dt.time:
        return moment.astimezone(self.place.site.zone).time()

    def at_the_desk(self, moment: dt.datetime) -> dt.datetime:
        """The moment, or the end of the working day before it: the desk books while it is open."""
        day, at = self.day_of(moment), self.time_of(moment)
        opens, closes = OPEN[0]
        if at < opens or day.weekday() not in OPEN:
            day -= DAY
            at = closes
        while day.weekday() not in OPEN:
            day -= DAY
        if at < closes:
            return moment
        return self.local(day, closes) - dt.timedelta(minutes=self.rng.randrange(5, 200))

    def local(self, day: dt.date, at: dt.time) -> dt.datetime:
        return clock.local(day, at, self.place.site.zone)
