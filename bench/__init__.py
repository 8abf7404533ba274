"""Benchmarks: figures as ratios against a baseline measured in the same run, printed as one table. See ``bench/README.md``."""
