"""The rules by which contradictions are settled; no ORM, no I/O.

What holds of a key is a pure function of the statements about it, so that it makes no
difference in which order they arrive, and taking one away restores what it had closed:

1. A correction ("sorry, I meant 42") makes what was said before it in the same
   conversation as if never said.
2. A statement that a more trusted word contradicts does not count (`overruled`).
3. A key with one value at a time: a newer value supersedes. Any other key: values stand
   side by side, each until it is said to have ended.
4. An end closes what it names, at whatever place in time that was said.
5. The parts of an address move together (`memory.facts.moves`), and nobody likes and
   dislikes the same (`oppose`).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from memory.trust import rank

Says = Literal["holds", "changed", "meant", "ended", "gone", "closed", "opposed"]
"""What a statement says of its value: that it holds; that it does since a change; that
it was meant instead of what was said before; that it is over; that whatever held is;
that a person closed it by hand; that she said the opposite."""

CLOSING: Final = frozenset({"ended", "gone", "closed", "opposed"})
_SAID_OVER: Final = frozenset({"ended", "gone"})
_ARTICLES: Final = re.compile(
    r"^(?:(?:the|an?|my|our|that|this|old|new) )+", re.IGNORECASE
)
_OPPOSITES: Final = {
    "likes": "dislikes",
    "dislikes": "likes",
    "contact_channel": "do_not_contact",
    "do_not_contact": "contact_channel",
}
# The keys of an address from the widest to the narrowest.
ADDRESS_KEYS: Final = ("country", "state", "city", "street_address", "zip_code")
# Keys under which a thing may be known that she has no longer.
THINGS: Final = ("product", "has", "software", "vehicle_brand", "vehicle_model")


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing said, or done by hand, about one key.

    Attributes:
        means: Hash under which equal values meet (`memory.facts.content_hash`).
        source: Whose word it is, a `Fact.Source`.
        since: Since when that is so, where it was said.
        sure: Whether it may displace what is known.
        fact_id: The row on which it hangs.
    """

    id: UUID
    fact_id: UUID
    means: str
    value: str
    says: Says
    at: datetime
    source: str
    conversation_id: UUID | None = None
    message_id: UUID | None = None
    since: datetime | None = None
    sure: bool = True

    @property
    def place(self) -> tuple[datetime, int, int]:
        """Where it stands among the others; ids rise with time."""
        return self.at, self.message_id.int if self.message_id else 0, self.id.int


@dataclass(slots=True, eq=False)
class Run:
    """A stretch of time in which one value held; none when it never did.

    Attributes:
        until: When it ended; None while it holds. As early as `since`: it never held.
        by: The run that took its place.
        statements: What it rests on, and what closed it.
    """

    means: str
    value: str
    since: datetime
    until: datetime | None = None
    by: "Run | None" = None
    statements: list[Statement] = field(default_factory=list)

    @property
    def first(self) -> Statement:
        """The statement that opened it."""
        return self.statements[0]

    @property
    def held(self) -> bool:
        """Whether there was a time when it held."""
        return self.until is None or self.until > self.since


def timeline(statements: Iterable[Statement], *, single: bool) -> list[Run]:
    """Return the runs of one key, in the order of time.

    Args:
        statements: All that was said about it, in any order.
        single: Whether it has one value at a time.
    """
    ordered = sorted(statements, key=lambda it: it.place)
    void = _mistaken(ordered)
    if single:
        void |= _overruled([it for it in ordered if it.id not in void])
        return _lane(ordered, void)
    lanes: dict[str, list[Statement]] = {}
    for it in ordered:
        lanes.setdefault(it.means, []).append(it)
    runs = [run for lane in lanes.values() for run in _lane(lane, void)]
    _name_what_was_meant(runs, void)
    return sorted(runs, key=lambda run: run.first.place)


def backdate(runs: Sequence[Run], *, single: bool) -> None:
    """Let runs begin and end when she said that they did, in place.

    Nothing moves where that would say that two values were true at once which exclude
    each other, or that one ended before it began: what was said earlier stands then.

    Args:
        runs: Of one key, in the order of time.
        single: Whether its values exclude each other.
    """
    for run in runs:
        said = [
            it.since for it in run.statements if it.since and it.says not in CLOSING
        ]
        since = min(said, default=run.since)
        before = [
            other
            for other in runs
            if other.held
            and other.since < run.since
            and (other.until is None or other.until > since)
            and (single or other.means == run.means)
        ]
        if since < run.since and all(
            other.by is run and other.since < since for other in before
        ):
            run.since = since
            for other in before:
                other.until = since
        ends = [it.since for it in run.statements if it.since and it.says in _SAID_OVER]
        if run.until is not None and run.by is None and ends:
            run.until = min(run.until, max(run.since, ends[-1]))


def keys_with(key: str) -> tuple[str, ...]:
    """Return the keys that are settled together with one, itself among them."""
    if key in ADDRESS_KEYS:
        return ADDRESS_KEYS
    if key in THINGS:
        return THINGS
    return (key, _OPPOSITES[key]) if key in _OPPOSITES else (key,)


def oppose(statements: dict[str, list[Statement]]) -> None:
    """Add to each key that what was said under its opposite ends it, in place."""
    said = {
        key: [it for it in all_ if it.says not in CLOSING]
        for key, all_ in statements.items()
    }
    for key, against in _OPPOSITES.items():
        for it in said.get(key, []):
            same = {
                other.means: other
                for other in said.get(against, [])
                if _subject(other.value) == _subject(it.value)
            }
            for means, other in same.items():
                opposed = replace(
                    it, says="opposed", means=means, fact_id=other.fact_id
                )
                statements[against].append(opposed)


def _subject(value: str) -> frozenset[str]:
    """What a like or a channel is about: "phone" and "phone calls" are one."""
    return frozenset(word.rstrip("s") for word in _tokens(value)) - {"call"}


def overruled(statements: Iterable[Statement]) -> Mapping[UUID, Statement]:
    """Return which statements do not count, by id, each with the word against it.

    A system of record outranks everybody. What staff put right stands until the
    customer says that it has changed, or says what was never known before: saying the
    old value once more is no news. What she is not sure of displaces nothing.
    """
    ordered = sorted(statements, key=lambda it: it.place)
    void = _mistaken(ordered)
    return _overruled([it for it in ordered if it.id not in void])


def names(words: str, value: str) -> bool:
    """Return whether words such as "the iPhone" can mean a value, "iPhone 12 mini"."""
    if "@" in words:
        return words.casefold() == value.casefold()
    wanted = _tokens(_ARTICLES.sub("", words))
    return bool(wanted) and wanted <= _tokens(value)


def _mistaken(ordered: Sequence[Statement]) -> dict[UUID, Statement]:
    """Return what was put right within its conversation, with what was meant."""
    void: dict[UUID, Statement] = {}
    counted: list[Statement] = []
    for it in ordered:
        if it.says in CLOSING:
            continue
        if it.says == "meant" and counted:
            wrong = counted[-1]
            while (
                counted
                and counted[-1].means == wrong.means != it.means
                and counted[-1].conversation_id == it.conversation_id
            ):
                void[counted.pop().id] = it
        counted.append(it)
    return void


def _overruled(ordered: Sequence[Statement]) -> dict[UUID, Statement]:
    void: dict[UUID, Statement] = {}
    ruling: Statement | None = None
    known: Statement | None = None
    stated: set[str] = set()
    for it in ordered:
        if ruling is not None and _counts_less(it, ruling, stated):
            void[it.id] = ruling
        elif it.says in CLOSING:
            ruling = known = None
        elif known is not None and not it.sure and it.means != known.means:
            void[it.id] = known
        else:
            if (
                ruling is None
                or it.means != ruling.means
                or rank(it.source) >= rank(ruling.source)
            ):
                ruling = it if rank(it.source) else None
            known = it if it.sure else known
            stated.add(it.means)
    return void


def _counts_less(it: Statement, ruling: Statement, stated: set[str]) -> bool:
    if it.says == "closed" or rank(it.source) >= rank(ruling.source):
        return False
    if ruling.source == "system":
        return it.says in CLOSING or it.means != ruling.means
    is_old = it.means in stated and it.means != ruling.means
    return is_old and it.says == "holds"


def _lane(ordered: Sequence[Statement], void: Mapping[UUID, Statement]) -> list[Run]:
    """Return the runs of values that exclude each other."""
    runs: list[Run] = []
    current: Run | None = None
    for it in ordered:
        if it.id in void or it.says in CLOSING:
            current = _end_or_set_aside(it, current, runs, void)
        elif current is not None and current.means == it.means:
            current.statements.append(it)
        else:
            new = Run(it.means, it.value, it.at, statements=[it])
            if current is not None:
                current.until, current.by = it.at, new
            runs.append(new)
            current = new
    _name_what_was_meant(runs, void)
    return runs


def _end_or_set_aside(
    it: Statement, current: Run | None, runs: list[Run], void: Mapping[UUID, Statement]
) -> Run | None:
    """Take in what opens no run; return the run that holds after it."""
    if current is not None and it.id not in void and _closes(it, current):
        current.statements.append(it)
        current.until = it.at
        return None
    # Said of what has ended already, or beside what holds: it is kept there.
    known = next((run for run in reversed(runs) if run.means == it.means), None)
    if known is None and it.says == "ended":
        known = next(
            (run for run in reversed(runs) if names(it.value, run.value)), None
        )
    if known is not None:
        known.statements.append(it)
    elif it.says not in {"closed", "opposed"}:
        runs.append(Run(it.means, it.value, it.at, it.at, statements=[it]))
    return current


def _closes(it: Statement, run: Run) -> bool:
    if it.says == "ended" and names(it.value, run.value):
        return True
    return it.says == "gone" or it.means == run.means


def _name_what_was_meant(runs: Sequence[Run], void: Mapping[UUID, Statement]) -> None:
    """Say of each run that never held which one holds instead."""
    of = {it.id: run for run in runs for it in run.statements}
    for run in runs:
        meant = void.get(run.first.id)
        if meant is not None and not run.held:
            run.by = of.get(meant.id)


def _tokens(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W_]+", text.casefold()))
