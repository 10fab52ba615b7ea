"""Measurements on real pictures: speed beside the peers, and how often an answer is right.

`make bench` runs them all; each also runs alone, for example `python -m benchmarks.detection`.
They use the pictures below `--data` and copy none of them.
"""
