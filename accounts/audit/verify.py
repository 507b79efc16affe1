"""Reads a tenant's whole audit log again and says where it was tampered with."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone

from accounts.audit import chain, checkpoints, keys
from accounts.audit.chain import Link
from accounts.audit.checkpoints import Checkpoint
from accounts.models import AuditEvent, AuditReason, Customer
from accounts.scope import require_tenant

_CHUNK_ROWS = 2_000


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong; `seq` is where it begins."""

    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found.

    Attributes:
        events: How many events were found in order.
        faults: What is wrong, the first event first; empty when nothing is.
        checkpoint: The newest checkpoint that the log agrees with.
    """

    events: int
    faults: tuple[Fault, ...]
    checkpoint: Checkpoint | None


def verify(directory: Path | None = None) -> Verdict:
    """Verify the log of the tenant in scope, against its checkpoints as well.

    The rows stream by, so a log of any length fits. The first link that does not hold
    ends the walk: nothing behind it can be trusted.

    Args:
        directory: Where the checkpoints are, if not where this desk writes them.

    Raises:
        OSError: The checkpoints cannot be read.
    """
    # Before the rows: the log has reached at least as far by the time they are read.
    found, problems = checkpoints.read(require_tenant(), directory)
    walk = _Walk({mark.seq: mark for mark in found})
    faults = [Fault(problem.seq, problem.what) for problem in problems]
    broken = next((fault for link in _links() if (fault := walk.step(link))), None)
    if broken is None:
        broken = walk.cut(found)
    if broken is not None:
        faults.append(broken)
    faults += _reason_faults(before=broken.seq if broken else None)
    agreed = found[-1] if found and broken is None else None
    return Verdict(walk.seq, tuple(sorted(faults)), agreed)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the log still agrees with its newest checkpoint.

    Attributes:
        state: `agrees`, `stale` (agrees, but is old), `none`, or `broken`.
    """

    state: str
    checkpoint: Checkpoint | None = None


def standing() -> Standing:
    """Compare the log of the tenant in scope with its newest checkpoint."""
    try:
        found, problems = checkpoints.read(require_tenant())
    except OSError:
        return Standing("none")
    if not found:
        return Standing("broken" if problems else "none")
    newest = found[-1]
    still = AuditEvent.objects.filter(seq=newest.seq, hash=newest.hash).exists()
    if problems or not still:
        return Standing("broken", newest)
    is_old = timezone.now() - newest.moment > checkpoints.STALE_AFTER
    return Standing("stale" if is_old else "agrees", newest)


class _Walk:
    """Goes along the chain, link by link."""

    def __init__(self, marks: Mapping[int, Checkpoint]) -> None:
        self.seq = 0
        self.hash = ""
        self._marks = marks
        self._keys = keys.known()
        self._first_keys = keys.first_scheme()

    def step(self, link: Link) -> Fault | None:
        """Take the next link; return what is wrong with it."""
        due = self.seq + 1
        if link.seq != due:
            return _gap(due, link.seq)
        if link.previous_hash != self.hash or not self._is_intact(link):
            return Fault(due, self._what_happened(link))
        mark = self._marks.get(due)
        if mark is not None and mark.hash != link.hash:
            return Fault(due, f"rewritten since the checkpoint of {mark.at}")
        self.seq, self.hash = due, link.hash
        return None

    def cut(self, marks: Sequence[Checkpoint]) -> Fault | None:
        """Return whether a checkpoint saw more than there is."""
        furthest = max(marks, key=lambda mark: mark.seq, default=None)
        if furthest is None or furthest.seq <= self.seq:
            return None
        return Fault(
            self.seq + 1,
            f"cut: the checkpoint of {furthest.at} saw event {furthest.seq},"
            f" the log ends at {self.seq}",
        )

    def _is_intact(self, link: Link) -> bool:
        if link.scheme == 1:
            extra = (link.customer_ref, link.reason_commitment, link.key_id)
            return extra == (None, "", "") and any(
                chain.first_digest(link, key) == link.hash for key in self._first_keys
            )
        key = self._keys.get(link.key_id)
        return (
            key is not None
            and link.scheme == chain.SCHEME
            and chain.digest(link, key) == link.hash
        )

    def _what_happened(self, link: Link) -> str:
        others = AuditEvent.objects.exclude(seq=link.seq)
        twin = others.filter(hash=link.hash).order_by("seq").first()
        if twin is not None:
            return f"duplicated: it is a copy of event {twin.seq}"
        rightful = others.filter(previous_hash=self.hash).order_by("seq").first()
        if rightful is not None:
            return (
                "reordered or inserted: the event that belongs here is number"
                f" {rightful.seq}"
            )
        if link.scheme == chain.SCHEME and link.key_id not in self._keys:
            return f"signed with key {link.key_id!r}, which AUDIT_KEYS_OLD lacks"
        if link.previous_hash != self.hash:
            return "replaced: it does not continue the event before it"
        return "changed: its hash does not match"


def _gap(due: int, found: int) -> Fault:
    if found < due:
        return Fault(found, "inserted before the first event")
    gone = f"event {due} is" if found == due + 1 else f"events {due} to {found - 1} are"
    return Fault(due, f"deleted: {gone} missing")


def _links() -> Iterator[Link]:
    rows = AuditEvent.objects.order_by("seq").values_list(*Link._fields)
    return map(Link._make, rows.iterator(chunk_size=_CHUNK_ROWS))


def _reason_faults(*, before: int | None) -> list[Fault]:
    """Compare the reasons that are kept with what the chain says of them."""
    events = AuditEvent.objects.filter(Q() if before is None else Q(seq__lt=before))
    reasons = AuditReason.objects.filter(event_id=OuterRef("id"))
    customers = Customer.objects.filter(id=OuterRef("customer_ref"))
    committed = (
        events.exclude(reason_commitment="")
        .annotate(
            salt=Subquery(reasons.values("salt")),
            text=Subquery(reasons.values("text")),
            about_somebody=~Q(customer_ref=None),
            still_there=Exists(customers),
        )
        .order_by("seq")
        .values_list(
            "seq", "reason_commitment", "salt", "text", "about_somebody", "still_there"
        )
    )
    faults = []
    for seq, promised, salt, text, about, there in committed.iterator(_CHUNK_ROWS):
        if salt is None:
            # Erased with the customer, as it must be.
            if there or not about:
                faults.append(Fault(seq, "its reason was deleted"))
        elif _commitment(salt, text) != promised:
            faults.append(Fault(seq, "its reason was changed"))
    return faults + [
        Fault(seq, "a reason was added to it")
        for seq in events.filter(
            Exists(AuditReason.objects.filter(event_id=OuterRef("id"))),
            reason_commitment="",
        ).values_list("seq", flat=True)
    ]


def _commitment(salt: str, text: str) -> str:
    try:
        return chain.commitment(salt, text)
    except ValueError:
        return ""
