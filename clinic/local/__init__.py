"""Run and test the clinic on one machine, from a bare Python: `python3 -m clinic.local`.

Standard library only, because these modules make the virtual environment; `mailcatcher`,
`schema` and `beat` are programs of their own that run inside it.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 (a bare machine may start us with anything)
    sys.exit("The clinic needs Python 3.11 or newer. Name one: make run PYTHON=python3.12")
