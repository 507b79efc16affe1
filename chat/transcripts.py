"""The second look of recall: into the messages themselves, for what a question names.

The index keeps messages for days, transcripts are there until they are erased. What is
found by numbers, names and dates goes through all that keeps words out of memory
before anybody is shown it: wishes, what was forgotten, orders, refused data.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import timezone
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from accounts.scope import require_tenant
from chat import history
from memory import embeddings, forgotten, quarantine
from memory.extraction.keys.specs import SUPPORT
from memory.recall import Query, Reasons, Recalled
from memory.recall.clues import SEPARATORS, Clue, clues, plain
from memory.recall.search import IN_SUPPORT
from memory.recall.second_pass import is_weak, joined
from memory.recall.weights import WEIGHTS
from memory.refusals import masked_turns
from memory.types import Turn

# One look, and few enough to go through whole conversations for.
MOST_FOUND: Final = 6
# Messages of the customer's: refused data may answer what was asked four of them
# before, and may come in pieces.
_AROUND: Final = 8
# How much of the first pass' best score a message gets for one name in it, or for its
# time; a number alone is worth all of it.
_A_NAME: Final = 0.2
# In the place of that score, where the first pass has found nothing.
_ALONE: Final = 0.1
# What is left of a number that is nearly the one asked for.
_NEARLY: Final = 0.5

_STATEMENT: Final = """
with clues as materialized (
    select * from unnest(%(exact)s::text[], %(near)s::text[], %(weights)s::float8[])
             with ordinality as c(exact, near, weight, place)
     -- Her own name stands in whatever is said to her.
     where not exists (select from accounts_customer her
                        where her.tenant_id = %(tenant)s::uuid
                          and her.id = %(customer)s::uuid and lower(her.name) ~ c.exact)
),
said as materialized (
    select id, conversation_id, sent_at,
           translate(lower(case author when 'customer' then text
                                       else author_name || ' ' || text end),
                     %(separators)s, '') as plain,
           sent_at <@ %(periods)s::tstzmultirange as in_period
      from chat_message
     where tenant_id = %(tenant)s::uuid and customer_id = %(customer)s::uuid
       and not is_note and status = 'complete' and text <> ''
       and sent_at <= %(as_of)s::timestamptz
       and not id = any(%(known)s::uuid[])
),
near as materialized (
    select s.id, c.place, c.weight, s.plain ~ c.exact as is_exact
      from said s join clues c on s.plain ~ c.near
),
hits as (
    select n.id, n.place, n.weight, n.is_exact
      from near n
     -- Another number is no answer where the very number was said.
     where n.is_exact or not exists (
         select from near e where e.place = n.place and e.is_exact)
),
sums as (
    select s.id, s.conversation_id, s.sent_at, s.in_period,
           array_agg(h.place order by h.place) filter (where h.is_exact) as exact,
           array_agg(h.place order by h.place) filter (where not h.is_exact) as near,
           coalesce(sum(h.weight * case when h.is_exact then 1
                                        else %(nearly)s::float8 end), 0) as named
      from said s left join hits h on h.id = s.id
     group by s.id, s.conversation_id, s.sent_at, s.in_period
    having s.in_period or count(h.id) > 0
)
select id, conversation_id, in_period, exact, near,
       -- Only facts rest on it that were replaced since.
       exists (select from memory_evidence said_so
                 join memory_fact f on f.tenant_id = said_so.tenant_id
                  and f.customer_id = said_so.customer_id and f.id = said_so.fact_id
                where said_so.tenant_id = %(tenant)s::uuid
                  and said_so.customer_id = %(customer)s::uuid
                  and said_so.message_id = sums.id
               having bool_and(f.valid_to is not null
                               and f.valid_to <= %(as_of)s::timestamptz)) as outdated
  from sums
 where not id = any(%(found)s::uuid[])
 order by named + in_period::int desc, sent_at desc, id
 limit %(limit)s::int
"""


class _Row(NamedTuple):
    """A message that says what the question names."""

    id: UUID
    conversation_id: UUID
    in_period: bool
    exact: list[int] | None
    near: list[int] | None
    outdated: bool


def look_again(
    query: Query,
    found: Sequence[Recalled],
    *,
    customer_id: UUID,
    as_of: datetime | None = None,
    known: Iterable[UUID] = (),
    purposes: Sequence[str] = IN_SUPPORT,
    even_if_sure: bool = False,
) -> list[Recalled]:
    """Return what recall found, joined by messages that say what a question names.

    Runs in a scope. Where recall is sure, and where the question names nothing, nothing
    is looked for. Messages score below what recall is sure of.

    Args:
        query: The question.
        found: What recall found for it, the best first.
        customer_id: Whose messages.
        as_of: What had been said at that moment; now, when None.
        known: Messages that the reader has before her already.
        purposes: What it is for; messages are kept for support.
        even_if_sure: Whether to look though recall is sure: somebody missed something.
    """
    if SUPPORT not in purposes or not (even_if_sure or is_weak(found)):
        return list(found)
    named = clues(query.text)
    if not named and not query.periods:
        return list(found)
    at = as_of or timezone.now()
    rows = _rows(
        query,
        named,
        customer_id=customer_id,
        as_of=at,
        known=known,
        found=[memory.source_id for memory in found if memory.kind == "message"],
    )
    best = found[0].score if found else _ALONE
    more = _recalled(query, named, rows, best=best, customer_id=customer_id)
    return joined(found, more)


def _rows(
    query: Query,
    named: Sequence[Clue],
    *,
    customer_id: UUID,
    as_of: datetime,
    known: Iterable[UUID],
    found: Sequence[UUID],
) -> list[_Row]:
    given: dict[str, Any] = {
        "exact": [clue.exact for clue in named],
        "near": [clue.near for clue in named],
        "weights": [clue.weight for clue in named],
        "separators": SEPARATORS,
        "periods": Multirange([Range(p.start, p.end) for p in query.periods]),
        "tenant": require_tenant(),
        "customer": customer_id,
        "as_of": as_of,
        "known": list(known),
        "found": list(found),
        "nearly": _NEARLY,
        "limit": MOST_FOUND,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENT, given)
        return [_Row(*row) for row in cursor.fetchall()]


def _recalled(
    query: Query,
    named: Sequence[Clue],
    rows: Sequence[_Row],
    *,
    best: float,
    customer_id: UUID,
) -> Iterator[Recalled]:
    """Yield the messages that say it still when all is left out that is not kept."""
    kept = _kept(rows, customer_id)
    for place, row in enumerate(rows, 1):
        turn = kept.get(row.id)
        if turn is None or not turn.text:
            continue
        text = plain(_signed(turn))
        exact, near = (
            [clue for clue in _at(named, places) if re.search(clue.near, text)]
            for places in (row.exact, row.near)
        )
        parts = _parts(exact, near, in_period=row.in_period)
        if not parts:
            continue
        score = best * min(sum(parts.values()), 1.0)
        if row.outdated and query.tense != "before":
            parts["outdated"] = WEIGHTS.outdated
            score *= WEIGHTS.outdated
        yield Recalled(
            id=turn.id,
            kind="message",
            source_id=turn.id,
            conversation_id=row.conversation_id,
            message_ids=(turn.id,),
            text=_piece(turn.text, [*exact, *near], query),
            occurred_at=turn.sent_at,
            score=score,
            reasons=Reasons(
                similarity=0.0,
                vector_rank=None,
                keyword_rank=place if exact else None,
                freshness=1.0,
                terms=tuple(clue.words for clue in exact),
                parts=parts,
                second_pass=True,
            ),
            source=turn.author,
        )


def _kept(rows: Sequence[_Row], customer_id: UUID) -> dict[UUID, Turn]:
    """Return what these messages say to memory, by message."""
    gone = forgotten.marks(customer_id)
    wanted = {row.id for row in rows}
    kept: list[Turn] = []
    for conversation_id in {row.conversation_id for row in rows}:
        # A wish points back: it is looked for in all that was said.
        heard = gone.turns(history.turns(history.said(conversation_id)))
        kept += _safe(heard, wanted)
    return {turn.id: turn for turn in kept}


def _safe(heard: Sequence[Turn], wanted: Collection[UUID]) -> Iterator[Turn]:
    """Yield the wanted turns of a conversation without orders and refused data."""
    for at, turn in enumerate(heard):
        if turn.id in wanted:
            masked = masked_turns(_around(heard, at))
            yield from quarantine.screened(
                [safe for safe in masked if safe.id == turn.id]
            )[0]


def _around(heard: Sequence[Turn], at: int) -> Sequence[Turn]:
    """Return a turn with all that says whether it holds what memory refuses."""
    hers = [place for place, turn in enumerate(heard) if turn.author == "customer"]
    before = [place for place in hers if place < at]
    after = [place for place in hers if place > at]
    first = before[-_AROUND] if len(before) >= _AROUND else 0
    last = after[_AROUND - 1] if len(after) >= _AROUND else len(heard)
    return heard[first : last + 1]


def _at(named: Sequence[Clue], places: Iterable[int] | None) -> list[Clue]:
    return [named[place - 1] for place in places or ()]


def _signed(turn: Turn) -> str:
    """Return what is said with who said it, as the statement reads it."""
    if turn.author == "customer":
        return turn.text
    return f"{turn.author_name} {turn.text}"


def _parts(
    exact: Iterable[Clue], near: Iterable[Clue], *, in_period: bool
) -> dict[str, float]:
    parts = {
        "named": _A_NAME * sum(clue.weight for clue in exact),
        "nearly": _A_NAME * _NEARLY * sum(clue.weight for clue in near),
        "period": _A_NAME * in_period,
    }
    return {name: part for name, part in parts.items() if part}


def _piece(text: str, said: Sequence[Clue], query: Query) -> str:
    """Return a message, of a long one the piece that says what is looked for."""
    pieces = list(embeddings.chunks(text, model=query.model))
    for piece in pieces:
        if any(re.search(clue.near, plain(piece)) for clue in said):
            return piece
    return pieces[0]
