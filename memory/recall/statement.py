"""The one statement of recall: all that scoring needs of a customer's own rows.

Exact search among one customer's memories is complete and fast, where a filtered
approximate index returns too little. The rows come as one: each column packed, so that
neither end spends its time on thousands of small values; `memory.recall.rows` unpacks
them. The statement has places for a fixed number of words, so that few plans serve all
questions; they are prepared once for each connection.
"""

from functools import cache

from memory.recall.as_of import SAID_BY_THEN

# Longer questions are searched by their numbers and their longest words.
PLACES = (4, 8, 16)
# Bits of `flags`; how often it was used stands behind them.
MESSAGE, SUMMARY, FACT, ENDED, NAMED, OWN_WORD, CONVERSED = (
    1 << bit for bit in range(7)
)
USES_FROM = 8

_SEARCH = """
with words as materialized (
    select array_agg(lexeme order by lexeme ~ '[0-9]' desc, length(lexeme) desc, lexeme)
           as w
      from unnest(to_tsvector('english', %(text)s::text))
),
q as materialized (select w, {terms} from words)
select count(*)::int,
       min(w[1:{places}]),
       string_agg(uuid_send(e.id), ''::bytea),
       string_agg(uuid_send(e.source_id), ''::bytea),
       string_agg(uuid_send(coalesce(e.conversation_id, e.id)), ''::bytea),
       string_agg(timestamptz_send(e.occurred_at), ''::bytea),
       string_agg(float8send(e.importance), ''::bytea),
       -- Vectors of two models cannot be compared, and may differ in length.
       string_agg(float8send(coalesce(case when e.model_id = %(model)s::uuid
           then -(e.vector <#> %(vector)s::halfvec)::float8 end, 'nan')), ''::bytea),
       -- A bit for each word that is in the text or in the turn before, and one for
       -- those that are in the text itself, 16 places on.
       string_agg(int8send(({hits})::int8), ''::bytea),
       string_agg(int4send(
           case e.source_kind when 'message' then {message}
                              when 'summary' then {summary} else {fact} end
           | case when e.valid_to <= %(as_of)s::timestamptz then {ended} else 0 end
           | case when e.speaker && %(named)s::text[] then {named} else 0 end
           | case when e.source = 'customer' then {own_word} else 0 end
           | case when e.conversation_id is null then 0 else {conversed} end
           | (least(e.uses, 255) << {uses_from})), ''::bytea),
       array_agg(e.kind),
       array_agg(e.source),
       array_agg(e.text),
       array_agg(case when e.source_kind <> 'message'
                      then array_to_string(e.message_ids, ' ') end),
       (select jsonb_object_agg(r.kind, coalesce(r.half_life_days, 0))
          from memory_retentionrule r where r.tenant_id = %(tenant)s::uuid)
  from q, memory_embedding e
 where e.tenant_id = %(tenant)s::uuid and e.customer_id = %(customer)s::uuid
   -- What the index in use lacks is found by its words.
   and (e.model_id = %(model)s::uuid or not exists (
       select 1 from memory_embedding twin
        where twin.tenant_id = e.tenant_id and twin.customer_id = e.customer_id
          and twin.source_id = e.source_id and twin.chunk = e.chunk
          and (twin.model_id = %(model)s::uuid or twin.id < e.id)))
   and e.purpose = any(%(purposes)s::text[])
   and e.occurred_at <= %(as_of)s::timestamptz
   and {said}
   and (e.expires_at is null or e.expires_at > %(now)s::timestamptz)
   and not e.message_ids && %(known)s::uuid[]
"""

_TERM = """
(quote_literal(w[{i}]) || case when w[{i}] ~ '[0-9]' then ':*' else '' end)::tsquery
    as t{i},
(quote_literal(w[{i}]) || case when w[{i}] ~ '[0-9]' then ':*A' else ':A' end)::tsquery
    as o{i}"""
_HIT = """case when e.keywords @@ t{i}
    then case when e.keywords @@ o{i} then {both} else {any} end else 0 end"""


@cache
def statement(words: int, *, as_of: bool = False) -> str:
    """Return the statement.

    Args:
        words: How many words the question has.
        as_of: Whether it asks for another moment than now.
    """
    places = next((size for size in PLACES if size >= words), PLACES[-1])
    return _SEARCH.format(
        said=SAID_BY_THEN if as_of else "true",
        terms=_each(places, _TERM, ", "),
        hits=_each(places, _HIT, " + "),
        places=places,
        message=MESSAGE,
        summary=SUMMARY,
        fact=FACT,
        ended=ENDED,
        named=NAMED,
        own_word=OWN_WORD,
        conversed=CONVERSED,
        uses_from=USES_FROM,
    )


def _each(places: int, template: str, joint: str) -> str:
    """Write a template for each place."""
    return joint.join(
        template.format(i=i, any=1 << (i - 1), both=0x10001 << (i - 1))
        for i in range(1, places + 1)
    )
