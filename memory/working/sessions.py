"""Live sessions: what is kept where, which one goes first, and erasing a customer.

Each of these is one script in Redis, so nobody ever sees half of it: nothing is kept
that its session does not list, and no session that its customer does not list.
"""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from memory.working import connection, keys
from memory.working.keys import Place
from memory.working.limits import Limits

# Longer than any reply, page or task that may still hold what it read before an
# erasure.
_ERASED_S = 3600

_SHARED = """
local function drop(sessions, prefix)
  local gone = 0
  for _, name in ipairs(redis.call('SMEMBERS', prefix .. 'keys')) do
    gone = gone + redis.call('UNLINK', prefix .. name)
  end
  redis.call('UNLINK', prefix .. 'keys')
  redis.call('SREM', string.match(prefix, '^(.*:)%x+:$') .. 'sessions', prefix)
  redis.call('ZREM', sessions, prefix)
  return gone
end
local function now_us()
  local at = redis.call('TIME')
  return at[1] * 1000000 + at[2]
end
"""

# KEYS: the mark of an erasure, the desk's sessions, the customer's. ARGV: what the keys
# of the session begin with, name, value, seconds to keep it (0 without end), most
# sessions (0 does not look), seconds that a session lives (0 without end).
_KEEP = f"""{_SHARED}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local sessions, prefix, name = KEYS[2], ARGV[1], ARGV[2]
for _, known in ipairs(redis.call('SMEMBERS', prefix .. 'keys')) do
  if redis.call('EXISTS', prefix .. known) == 0 then
    redis.call('SREM', prefix .. 'keys', known)
  end
end
redis.call('SADD', prefix .. 'keys', name)
redis.call('SADD', KEYS[3], prefix)
redis.call('ZADD', sessions, now_us(), prefix)
if tonumber(ARGV[4]) > 0 then
  redis.call('SET', prefix .. name, ARGV[3], 'EX', ARGV[4])
else
  redis.call('SET', prefix .. name, ARGV[3])
end
local function drop_all(members)
  for _, member in ipairs(members) do drop(sessions, member) end
end
local most, lives_s = tonumber(ARGV[5]), tonumber(ARGV[6])
if most > 0 then drop_all(redis.call('ZRANGE', sessions, 0, -most - 1)) end
if lives_s > 0 then
  local ended_us = now_us() - lives_s * 1000000
  drop_all(redis.call('ZRANGEBYSCORE', sessions, '-inf', ended_us))
end
return 1
"""

# KEYS: the value's, the desk's sessions. ARGV: what the keys of the session begin with.
_READ = f"""{_SHARED}
local value = redis.call('GET', KEYS[1])
if value then redis.call('ZADD', KEYS[2], 'XX', now_us(), ARGV[1]) end
return value
"""

# KEYS: the mark of an erasure, the desk's sessions, the customer's. ARGV: seconds that
# the mark stays.
_ERASE = f"""{_SHARED}
redis.call('SET', KEYS[1], '1', 'EX', ARGV[1])
local gone = 0
for _, prefix in ipairs(redis.call('SMEMBERS', KEYS[3])) do
  gone = gone + drop(KEYS[2], prefix)
end
return gone
"""


def keep(
    place: Place, name: str, value: str, *, keep_s: int, limits: Limits | None = None
) -> None:
    """Keep something in a session, unless its customer was erased.

    Args:
        place: The session.
        name: What it is called there.
        value: What is kept.
        keep_s: For so many seconds; 0 for as long as the session lives.
        limits: What the desk wants; sessions beyond them go. None does not look.
    """
    connection.quietly(_keep, place, name, value, keep_s, limits)


def _keep(
    place: Place, name: str, value: str, keep_s: int, limits: Limits | None
) -> None:
    most, lives_s = (limits.sessions, limits.session_s) if limits else (0, 0)
    connection.client().register_script(_KEEP)(
        keys=_lists(place.tenant_id, place.customer_id),
        args=[place.prefix, name, value, keep_s, most, lives_s],
    )


def read(place: Place, name: str) -> str | None:
    """Return what is kept under a name; the session counts as used now."""
    return cast("str | None", connection.quietly(_read, place, name))


def _read(place: Place, name: str) -> str | None:
    script = connection.client().register_script(_READ)
    lists = [place.key(name), keys.sessions_of_tenant(place.tenant_id)]
    return cast("str | None", script(keys=lists, args=[place.prefix]))


def live_sessions(tenant_id: UUID) -> int:
    """Count the live sessions of a desk.

    Raises:
        redis.RedisError: Redis did not answer.
    """
    key = keys.sessions_of_tenant(tenant_id)
    return connection.client().zcard(key)


def names(tenant_id: UUID, customer_ids: Sequence[UUID]) -> list[tuple[Place, str]]:
    """Return where something of these customers was kept, and under which name.

    Some of it may have ended since.

    Raises:
        redis.RedisError: Redis did not answer.
    """
    sessions = [keys.sessions_of_customer(tenant_id, each) for each in customer_ids]
    places = [
        Place.of(prefix, tenant_id, customer_id)
        for customer_id, found in zip(customer_ids, _members(sessions), strict=True)
        for prefix in found
    ]
    kept = _members([place.key("keys") for place in places])
    return [
        (place, name)
        for place, found in zip(places, kept, strict=True)
        for name in found
    ]


def erase_customer(tenant_id: UUID, customer_id: UUID) -> int:
    """Delete all that working memory holds about a customer; returns how many keys.

    A reply or a page that read her messages before may still want to keep them
    afterwards: for an hour, nothing is kept about her.

    Raises:
        redis.RedisError: Redis did not answer, so nothing can be said about it.
    """
    erase = connection.client().register_script(_ERASE)
    gone = erase(keys=_lists(tenant_id, customer_id), args=[_ERASED_S])
    return cast("int", gone)


def traces(customer_id: UUID) -> int:
    """Count what in Redis still names a customer, past all the lists kept here.

    It walks all keys, a thousand to a round trip, and all lists of sessions.

    Raises:
        redis.RedisError: Redis did not answer.
    """
    pattern = f"*{customer_id.hex}*"
    listed = (
        member
        for key in keys_like("t:*:sessions")
        if ":c:" not in key
        for member in connection.client().zscan_iter(key, match=pattern, count=1000)
    )
    return len(keys_like(pattern)) + sum(1 for _ in listed)


def keys_like(pattern: str) -> list[str]:
    """Return the keys of a pattern; it walks all keys, a thousand to a round trip.

    Only for looking whether something is left: what is kept is found by its lists.

    Raises:
        redis.RedisError: Redis did not answer.
    """
    return list(connection.client().scan_iter(pattern, count=1000))


def _lists(tenant_id: UUID, customer_id: UUID) -> list[str]:
    """Return the keys by which the scripts find what there is of a customer."""
    return [
        keys.erased(tenant_id, customer_id),
        keys.sessions_of_tenant(tenant_id),
        keys.sessions_of_customer(tenant_id, customer_id),
    ]


def _members(of: Sequence[str]) -> list[list[str]]:
    """Return the members of several sets in one round trip, each in order."""
    pipe = connection.client().pipeline(transaction=False)
    for key in of:
        pipe.smembers(key)
    return [sorted(found) for found in pipe.execute()]
