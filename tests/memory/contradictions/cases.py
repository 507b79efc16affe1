"""Reads the dialogues of this folder: `*.txt`, one case after the other.

A case begins with `= name`. A line `1 Mar: words` begins a conversation on that day of
2026 (`1 Mar 09:00+09:00: words` at that hour); indented lines go on with it, twenty
seconds apart: `A:` an agent, `B:` the assistant, anything else the customer. Then
follows what has to come of it:

- `now key=value` holds; of a key that is named in a case nothing else does;
- `was key=value` is kept as history, and held for a while;
- `none key` nothing of this key holds;
- `card key=value` waits for people; nothing else waits;
- `card? key=value` may wait, since people can see it either way (`*` for any value);
- `now? key=value` may hold;
- `late` the order in which the conversations arrive may make a difference to the cards.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid5

from memory.types import Author, Turn

_HERE = Path(__file__).parent
_NAMES = UUID("0192f0c1-2f4e-7000-8000-000000000000")
_OPENS = re.compile(
    r"(?P<day>\d{1,2} [A-Z][a-z]{2})(?: (?P<clock>\d\d:\d\d)(?P<zone>[+-]\d\d:\d\d)?)?"
    r": (?P<words>.+)"
)
_AUTHORS: dict[str, Author] = {"A:": "agent", "B:": "assistant"}


@dataclass(slots=True)
class Case:
    """One dialogue, and what has to come of it."""

    name: str
    conversations: list[list[Turn]] = field(default_factory=list)
    expected: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    late: bool = False

    def wants(self, word: str) -> list[tuple[str, str]]:
        """Return the (key, value) pairs behind a word such as `now`."""
        return self.expected.get(word, [])

    @property
    def keys(self) -> set[str]:
        """The keys of which the case says what holds."""
        words = ("now", "was", "none")
        return {key for word in words for key, _ in self.wants(word)}


def cases(*names: str) -> list[Case]:
    """Return the cases of the files of these names."""
    return [case for name in names for case in _read(_HERE / f"{name}.txt")]


def _read(path: Path) -> list[Case]:
    found: list[Case] = []
    for line in path.read_text().splitlines():
        if line.startswith("= "):
            found.append(Case(f"{path.stem}: {line[2:]}"))
        elif line and not line.startswith("#"):
            _take(found[-1], line)
    return found


def _take(case: Case, line: str) -> None:
    if line.startswith("    "):
        talk = case.conversations[-1]
        author = _AUTHORS.get(line[4:6], "customer")
        words = line[4:] if author == "customer" else line[7:]
        talk.append(
            _turn(case, words, talk[-1].sent_at + timedelta(seconds=20), author)
        )
    elif match := _OPENS.fullmatch(line):
        case.conversations.append([])
        case.conversations[-1].append(_turn(case, match["words"], _moment(match)))
    elif line == "late":
        case.late = True
    else:
        word, _, rest = line.partition(" ")
        key, _, value = rest.partition("=")
        case.expected.setdefault(word, []).append((key, value))


def _turn(case: Case, words: str, at: datetime, author: Author = "customer") -> Turn:
    number = sum(len(talk) for talk in case.conversations)
    # Ids rise with time, as those of stored messages do.
    made = uuid5(_NAMES, f"{case.name}{number}").int % 2**64
    return Turn(UUID(int=(number + 1) * 2**64 + made), author, words, at)


def _moment(match: re.Match[str]) -> datetime:
    clock, zone = match["clock"] or "12:00", match["zone"] or "+00:00"
    day = datetime.strptime(f"{match['day']} 2026", "%d %b %Y").replace(tzinfo=UTC)
    return datetime.fromisoformat(f"{day.date().isoformat()}T{clock}:00{zone}")
