"""What was said by a moment: the part of "as of" that an index entry cannot tell.

An entry of a fact knows since when it is true, not since when anybody said so: "since
March", said in June, is an entry of March. The first word of it is in the evidence; of
what staff wrote by hand, when it was recorded. That something ended is
never the first word of a fact that held: told alone, it is a row that holds at no time.
"""

from typing import Final

# A condition on the rows `e` of `memory_embedding`; a question of now need not ask it.
SAID_BY_THEN: Final = """
(e.source_kind <> 'fact' or coalesce(
    (select min(said.said_at) from memory_evidence said
      where said.tenant_id = %(tenant)s::uuid and said.customer_id = %(customer)s::uuid
        and said.fact_id = e.source_id),
    (select written.recorded_at from memory_fact written
      where written.tenant_id = %(tenant)s::uuid
        and written.customer_id = %(customer)s::uuid and written.id = e.source_id))
    <= %(as_of)s::timestamptz)
"""
