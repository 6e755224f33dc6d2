"""An invented clinic for trying things out: people, a calendar around today, two years of courses.

Everything follows from a seed number and the day on which it is loaded. Nobody in it exists.
"""
