"""One module per group of targets; each has ``measure(rig)`` that gives its figures."""
