"""Cached RPC: the one way in which Broadsheet remembers an answer.

A contract method says how its answer may be kept (:mod:`~broadsheet.caching.policy`). Whoever calls it looks into Redis first: the
answer and the *positions* of what it depends on, in one round trip. A write moves the positions of what it changed, and every answer
stored under older ones is a miss at once, everywhere, with nothing to delete (:mod:`~broadsheet.caching.changes`). Redis that is gone,
slow or full is a miss and a counted event, never an error. See ``docs/explanation/caching.md``.
"""
