"""The parts of an address move together: rules without ORM, as in `reconciling`."""

from collections.abc import Mapping, Sequence

from memory.facts.reconciling import ADDRESS_KEYS, CLOSING, Run, Statement, names


def move_together(runs: Mapping[str, list[Run]]) -> None:
    """Close the parts of an address that a move made untrue, in place.

    A new city ends what was said before about the rest of the address; so does a new
    country, when she says that she moved; a new street ends the postal code.
    """
    for key in ("country", "city", "street_address"):
        for run, before in _successions(runs.get(key, [])):
            if not _is_move(key, run, before, runs):
                continue
            for part in _parts_under(key):
                for old in runs.get(part, []):
                    _close_for_move(old, run)


def _parts_under(key: str) -> tuple[str, ...]:
    if key == "city":
        return ("country", "state", "street_address", "zip_code")
    return ADDRESS_KEYS[ADDRESS_KEYS.index(key) + 1 :]


def _successions(runs: Sequence[Run]) -> list[tuple[Run, Run | None]]:
    """Return each run that held with the one before it."""
    held = [run for run in runs if run.held]
    return list(zip(held, [None, *held], strict=False))


def _is_move(
    key: str, run: Run, before: Run | None, runs: Mapping[str, list[Run]]
) -> bool:
    says = run.first.says
    if run.first.message_id is None:
        # Put right by hand: a spelling, or a mistake, and nobody moved.
        return False
    if key == "country":
        return says == "changed"
    if key == "city":
        return before is not None or says == "changed"
    if before is None or says == "meant":
        return False
    told_with = {
        it.message_id for city in runs.get("city", []) for it in city.statements
    }
    rephrased = names(before.value, run.value) or names(run.value, before.value)
    whole = says == "changed" or run.first.message_id in told_with
    return whole and not rephrased


def _close_for_move(old: Run, move: Run) -> None:
    at = move.since
    if old.since >= at or (old.until is not None and old.until <= at):
        return
    said = [it for it in old.statements if it.says not in CLOSING]
    last = said[-1]
    if last.at >= at or _told_with(last, move.first):
        return
    old.until, old.by = at, move


def _told_with(part: Statement, move: Statement) -> bool:
    """Return whether a part told before the move belongs to the place moved to."""
    if part.conversation_id != move.conversation_id:
        return False
    if part.message_id is not None and part.message_id == move.message_id:
        return True
    return move.says != "changed" or part.says == "changed"
