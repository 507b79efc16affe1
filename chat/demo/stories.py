"""The demo's stories: who wrote what, and how long ago.

Every tenant is a folder of ``stories/``: ``desk.json`` names the desk and its staff,
each other file is one customer with her conversations. Ages are relative, so that the
data looks fresh whenever it is loaded; texts may name a day the same way:
``{date+3}`` becomes "26 November", ``{weekday+3}`` "Thursday", ``{month-60}``
"September", each counted in days from the day of loading.
"""

import calendar
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal, cast, get_args

STORIES_DIR = Path(__file__).parent / "stories"

Plan = Literal["free", "paid"]
Role = Literal["agent", "admin", "compliance"]
Author = Literal["customer", "assistant", "agent"]
Status = Literal["open", "closed"]
Mode = Literal["autopilot", "copilot", "off"]
Channel = Literal["widget", "email"]

ASSISTANT = "assistant"
_RELATIVE_DAY = re.compile(r"\{(date|weekday|month)([+-]\d+)\}")


@dataclass(frozen=True, slots=True)
class StaffStory:
    """One staff login of a desk."""

    name: str
    email: str
    role: Role


@dataclass(frozen=True, slots=True)
class CustomerStory:
    """One customer; ``id`` is her external id, unique within the tenant."""

    id: str
    name: str
    email: str
    verified: bool


@dataclass(frozen=True, slots=True)
class MessageStory:
    """One message with its absolute time; ``note`` marks an internal note."""

    id: str
    author: Author
    author_name: str
    text: str
    sent_at: datetime
    note: bool


@dataclass(frozen=True, slots=True)
class ConversationStory:
    """One conversation; ``owner`` is "assistant" or the e-mail of a staff member."""

    id: str
    customer_id: str
    channel: Channel
    status: Status
    owner: str
    mode: Mode
    subject: str
    messages: tuple[MessageStory, ...]


@dataclass(frozen=True, slots=True)
class TenantStory:
    """One desk with everybody and everything in it, conversations oldest first."""

    slug: str
    name: str
    tagline: str
    plan: Plan
    staff: tuple[StaffStory, ...]
    customers: tuple[CustomerStory, ...]
    conversations: tuple[ConversationStory, ...]


def load_stories(
    now: datetime, *, directory: Path = STORIES_DIR
) -> tuple[TenantStory, ...]:
    """Read every tenant's stories, with all ages counted back from ``now``.

    Args:
        now: the aware moment that the stories lead up to; no message is later.
        directory: the folder that holds one folder for each tenant.

    Raises:
        ValueError: a story does not hold together (unknown author, missing customer,
            repeated id, message in the future); names the file and the id.
    """
    if now.tzinfo is None:
        msg = "load_stories needs a time with a time zone."
        raise ValueError(msg)
    desks = sorted(directory.glob("*/desk.json"))
    return tuple(_load_tenant(desk, now) for desk in desks)


def _load_tenant(desk_path: Path, now: datetime) -> TenantStory:
    desk = _read(desk_path)
    staff = tuple(_staff(desk_path, entry) for entry in desk["staff"])
    customers: list[CustomerStory] = []
    conversations: list[ConversationStory] = []
    for path in sorted(desk_path.parent.glob("*.json")):
        if path == desk_path:
            continue
        content = _read(path)
        reader = _CustomerFile(path, content, staff, now)
        customers.append(reader.customer)
        conversations.extend(reader.conversations())
    _check_unique(desk_path, "e-mail", (member.email for member in staff))
    _check_unique(desk_path, "customer", (customer.id for customer in customers))
    _check_unique(desk_path, "conversation", (story.id for story in conversations))
    return TenantStory(
        slug=desk["slug"],
        name=desk["name"],
        tagline=desk["tagline"],
        plan=cast("Plan", _one_of(desk_path, desk["slug"], "plan", desk, Plan)),
        staff=staff,
        customers=tuple(customers),
        conversations=tuple(
            sorted(conversations, key=lambda story: story.messages[0].sent_at)
        ),
    )


def _staff(path: Path, entry: Mapping[str, Any]) -> StaffStory:
    role = _one_of(path, entry["email"], "role", entry, Role)
    return StaffStory(name=entry["name"], email=entry["email"], role=cast("Role", role))


class _CustomerFile:
    """One customer's file, read against the staff of her desk."""

    def __init__(
        self,
        path: Path,
        content: Mapping[str, Any],
        staff: tuple[StaffStory, ...],
        now: datetime,
    ) -> None:
        self._path = path
        self._content = content
        self._staff_names = {member.name for member in staff}
        self._owners = {member.email for member in staff} | {ASSISTANT}
        self._now = now
        if not content.get("customer", {}).get("id"):
            msg = f"{path.name}: the customer is missing."
            raise ValueError(msg)
        self.customer = CustomerStory(**content["customer"])

    def conversations(self) -> Iterable[ConversationStory]:
        """Yield the conversations of the file, checked."""
        for entry in self._content["conversations"]:
            yield self._conversation(entry)

    def _conversation(self, entry: Mapping[str, Any]) -> ConversationStory:
        story_id = str(entry["id"])
        if entry["owner"] not in self._owners:
            raise self._error(story_id, f"unknown owner {entry['owner']!r}")
        if not entry["messages"]:
            raise self._error(story_id, "no messages")
        started_at = self._started_at(story_id, entry["started"])
        messages = tuple(
            self._message(f"{story_id}-m{number}", message, started_at)
            for number, message in enumerate(entry["messages"], start=1)
        )
        times = [message.sent_at for message in messages]
        if times != sorted(times):
            raise self._error(story_id, "messages are not in the order of their times")
        return ConversationStory(
            id=story_id,
            customer_id=self.customer.id,
            channel=cast("Channel", self._choice(story_id, "channel", entry, Channel)),
            status=cast("Status", self._choice(story_id, "status", entry, Status)),
            owner=entry["owner"],
            mode=cast("Mode", self._choice(story_id, "mode", entry, Mode)),
            subject=entry["subject"],
            messages=messages,
        )

    def _message(
        self, message_id: str, entry: Mapping[str, Any], started_at: datetime
    ) -> MessageStory:
        author = cast("Author", self._choice(message_id, "author", entry, Author))
        sent_at = started_at + timedelta(minutes=entry["minutes"])
        if sent_at > self._now:
            raise self._error(message_id, "sent in the future")
        return MessageStory(
            id=message_id,
            author=author,
            author_name=self._author_name(message_id, author, entry),
            text=_tell_days(entry["text"], self._now.date()),
            sent_at=sent_at,
            note=bool(entry.get("note", False)),
        )

    def _author_name(
        self, message_id: str, author: Author, entry: Mapping[str, Any]
    ) -> str:
        if author == "customer":
            return self.customer.name
        if author == ASSISTANT:
            return "Assistant"
        name = str(entry.get("author_name", ""))
        if name not in self._staff_names:
            raise self._error(message_id, f"unknown agent {name!r}")
        return name

    def _started_at(self, story_id: str, started: Mapping[str, Any]) -> datetime:
        if started.keys() == {"minutes_ago"}:
            return self._now - timedelta(minutes=started["minutes_ago"])
        if started.keys() == {"days_ago", "at"}:
            day = self._now.date() - timedelta(days=started["days_ago"])
            clock = time.fromisoformat(started["at"])
            return datetime.combine(day, clock, tzinfo=self._now.tzinfo)
        raise self._error(story_id, "started needs minutes_ago, or days_ago and at")

    def _choice(
        self, entry_id: str, field: str, entry: Mapping[str, Any], choices: object
    ) -> str:
        return _one_of(self._path, entry_id, field, entry, choices)

    def _error(self, entry_id: str, problem: str) -> ValueError:
        return ValueError(f"{self._path.name}: {entry_id}: {problem}.")


def _tell_days(text: str, today: date) -> str:
    """Put real days where the text names them relatively."""

    def tell(match: re.Match[str]) -> str:
        day = today + timedelta(days=int(match[2]))
        month = calendar.month_name[day.month]
        names = {
            "date": f"{day.day} {month}",
            "weekday": calendar.day_name[day.weekday()],
            "month": month,
        }
        return names[match[1]]

    return _RELATIVE_DAY.sub(tell, text)


def _one_of(
    path: Path, entry_id: str, field: str, entry: Mapping[str, Any], choices: object
) -> str:
    value = entry.get(field)
    if value not in get_args(choices):
        msg = f"{path.name}: {entry_id}: unknown {field} {value!r}."
        raise ValueError(msg)
    return str(value)


def _check_unique(path: Path, noun: str, ids: Iterable[str]) -> None:
    repeated = [name for name, count in Counter(ids).items() if count > 1]
    if repeated:
        msg = f"{path.parent.name}: {noun} {repeated[0]!r} is there twice."
        raise ValueError(msg)


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
