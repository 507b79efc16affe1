"""How well recall finds what answers a question, part by part and beside baselines.

The modules: `sets` (questions and what answers them), `place` (where they are
imported), `asking` (recall itself), `baselines`, `variants` (recall without one of its
parts), `scorer` and `intervals` (figures), `report` (tables and a chart).
"""
