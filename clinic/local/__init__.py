"""Run and test the clinic on one machine, from a bare Python: `python3 -m clinic.local`.

Standard library only (but for `mailcatcher`, which runs inside the virtual environment),
because these modules make that environment.
"""
