"""How much is built: a clinic of 20 sites after two years, or a small likeness of it (BENCH_SCALE=0.01)."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """A share of the full size. Sites and days shrink alike, so that each day keeps its density."""

    share: float = 1.0

    @classmethod
    def wanted(cls) -> "Scale":
        return cls(float(os.environ.get("BENCH_SCALE") or 1))

    @property
    def patients(self) -> int:
        return max(500, round(1_000_000 * self.share))

    @property
    def sites(self) -> int:
        return max(1, round(20 * self.share**0.5))

    @property
    def days_past(self) -> int:
        return max(7, round(730 * self.share**0.5))

    @property
    def days_ahead(self) -> int:
        return max(5, round(365 * self.share**0.5))

    @property
    def family_names(self) -> int:
        return max(300, round(240_000 * self.share))

    @property
    def given_names(self) -> int:
        return max(60, round(8_000 * self.share**0.5))

    @property
    def label(self) -> str:
        return f"{self.share:g}".replace(".", "_").replace("-", "_")
