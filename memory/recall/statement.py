"""The one statement of recall: a customer's own rows, read once, scored and ranked.

Exact search among one customer's memories is complete and fast, where a filtered
approximate index returns too little. Words count by how rare they are among these rows
(the idf of BM25): what all of them say tells nothing. The statement has places for a
fixed number of words, so that few plans serve all questions; they are prepared once for
each connection.
"""

from functools import cache

from memory.recall.as_of import SAID_BY_THEN

# Longer questions are searched by their numbers and their longest words.
PLACES = (4, 8, 16)

_QUERY = """
with words as materialized (
    select array_agg(lexeme order by lexeme ~ '[0-9]' desc, length(lexeme) desc, lexeme)
           as w
      from unnest(to_tsvector('english', %(text)s::text))
),
q as materialized (select {terms} from words),
"""

# A bit for each word that is in the text or the turn before, and one for those that
# are in the text itself, 16 places on.
_ROWS = """
read as materialized (
    select e.id, e.source_kind, e.source_id, e.conversation_id, e.message_ids, e.text,
           e.importance, e.occurred_at, e.source, e.purpose,
           e.source_kind = 'message' as is_message,
           e.valid_to is not null and e.valid_to <= %(as_of)s::timestamptz as ended,
           -- Vectors of two models cannot be compared, and may differ in length.
           case when e.model_id = %(model)s::uuid
                then -(e.vector <#> %(vector)s::halfvec)::float8 end as cosine,
           {hits} as hits,
           %(weight_period)s::float8
               * (e.occurred_at <@ %(periods)s::tstzmultirange)::int
             + %(weight_afterwards)s::float8
               * (e.occurred_at <@ %(afterwards)s::tstzmultirange)::int as in_period,
           %(weight_speaker)s::float8 * (e.speaker && %(named)s::text[])::int
             + %(weight_own_word)s::float8
               * (e.source = %(asked_of)s::text)::int as by_speaker
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
),
"""

_WEIGHTS = """
counted as materialized (select count(*) as n, {counts} from read),
weighed as materialized (
    select *, greatest({sum_of_weights}, 1e-9) as all_words
      from (select {idfs} from counted, q) as each
),
-- What only replaced facts rest on says what holds no more.
replaced as materialized (
    select unnest(message_ids) as message_id from read where ended
    except
    select unnest(message_ids) from read
     where source_kind = 'fact' and not ended
),
"""

_SCORES = """
parts as (
    select read.*,
           coalesce(cosine, 0)
             + case when is_message then
                   %(weight_turn_before)s::float8 * coalesce(lag(cosine) over turns, 0)
                 + %(weight_turn_after)s::float8 * coalesce(lead(cosine) over turns, 0)
               else 0 end as meaning,
           ({in_words}) / all_words as words
      from read, weighed
    window turns as (partition by is_message, conversation_id order by occurred_at, id)
),
sums as (
    select *,
           %(weight_meaning)s::float8 * meaning + %(weight_words)s::float8 * words
             + in_period + by_speaker as base
      from parts
     where not ended or %(before)s::bool
),
ranked as (
    select *,
           -- From 0, said first of all, to 1.
           percent_rank() over (order by occurred_at) as place_in_time,
           max(base) over (partition by is_message,
                           case when is_message then conversation_id else id end)
               as session,
           case when cosine is not null
                then rank() over (order by cosine desc nulls last) end as vector_rank,
           case when words > 0 then rank() over (order by words desc) end
               as keyword_rank
      from sums
),
best as (
    select * from ranked
     where cosine is not null or words > 0 or in_period > 0
     order by (base + %(weight_session)s::float8 * session
                  + %(newest)s::float8 * place_in_time
                  - %(oldest)s::float8 * place_in_time)
                  * case source_kind when 'summary' then %(weight_summary)s::float8
                                     else 1 end desc, id
     limit %(limit)s::int
)
select b.id, b.source_kind, b.source_id, b.conversation_id, b.message_ids, b.text,
       b.importance, b.occurred_at, b.source, b.cosine, b.vector_rank, b.keyword_rank,
       b.meaning, b.words, b.in_period, b.by_speaker, b.session,
       b.place_in_time, b.hits,
       b.ended or (b.is_message and exists (
           select 1 from replaced r where r.message_id = b.source_id)) as outdated,
       (select w from words) as searched,
       a.kind, coalesce(f.uses, 0) as uses, r.kind is not null as has_rule,
       r.half_life_days
  from best b
  left join memory_fact f on b.source_kind = 'fact' and f.tenant_id = %(tenant)s::uuid
        and f.customer_id = %(customer)s::uuid and f.id = b.source_id
 cross join lateral (
       select coalesce(f.kind, case b.source_kind when 'summary' then 'episode'
                               else b.source_kind end) as kind) a
  left join memory_retentionrule r on r.tenant_id = %(tenant)s::uuid
        and r.kind = a.kind
"""

_TERM = """
(quote_literal(w[{i}]) || case when w[{i}] ~ '[0-9]' then ':*' else '' end)::tsquery
    as t{i},
(quote_literal(w[{i}]) || case when w[{i}] ~ '[0-9]' then ':*A' else ':A' end)::tsquery
    as o{i},
-- A number says more than any word around it.
case when w[{i}] is null then 0 when w[{i}] ~ '[0-9]' then 2 else 1 end::float8 as c{i}
"""
_HIT = """case when e.keywords @@ t{i}
    then case when e.keywords @@ o{i} then {both} else {any} end else 0 end"""
_IDF = "c{i} * ln(1 + (n - d{i} + 0.5) / (d{i} + 0.5)) as w{i}"
_IN_WORDS = """w{i} * case when hits & {own} <> 0 then 1
    when hits & {any} <> 0 then %(weight_words_before)s::float8 else 0 end"""


@cache
def search(words: int, *, as_of: bool = False) -> str:
    """Return the statement.

    Args:
        words: How many words the question has.
        as_of: Whether it asks for another moment than now.
    """
    places = next((size for size in PLACES if size >= words), PLACES[-1])
    return "".join((_QUERY, _ROWS, _WEIGHTS, _SCORES)).format(
        said=SAID_BY_THEN if as_of else "true",
        terms=_each(places, _TERM),
        hits=_each(places, _HIT, " + "),
        counts=_each(places, "count(*) filter (where hits & {any} <> 0) as d{i}"),
        idfs=_each(places, _IDF),
        sum_of_weights=_each(places, "w{i}", " + "),
        in_words=_each(places, _IN_WORDS, " + "),
    )


def _each(places: int, template: str, joint: str = ", ") -> str:
    """Write a template for each place."""
    return joint.join(
        template.format(
            i=i,
            any=1 << (i - 1),
            own=1 << (i + 15),
            both=(1 << (i - 1)) | 1 << (i + 15),
        )
        for i in range(1, places + 1)
    )
