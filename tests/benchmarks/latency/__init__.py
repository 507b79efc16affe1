"""How long recall takes among a million memories, beside the barest SQL that does it.

`make bench-latency` runs it (`tests.benchmarks.latency.__main__`); its figures are in
docs/benchmarks.md. The databases are kept under `.data/bench-latency`, so that only the
first run loads them: delete that directory to load them anew.
"""
