"""What follows from the measured numbers of a product: figures and classes, each with what it is made from.

Pure functions of measured values. A value that was not measured is None and stays None: nothing is guessed, an absent
count is never read as 0, and what cannot be said names what is missing.
"""

from treatments.classification.derive import VERSION, Derived, derive
from treatments.classification.values import Figure, Measurements, Sample

__all__ = ["VERSION", "Derived", "Figure", "Measurements", "Sample", "derive"]
