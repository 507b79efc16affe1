"""The proof that the isolation matrix can fail: `make prove-isolation`.

Each mutant takes one wall, filter or prefix away. The matrix has to go red for each.
`in_database` derives its mutants from the models and PostgreSQL's catalogue,
`in_source` lists its own.
"""
