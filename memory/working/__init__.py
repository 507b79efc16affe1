"""Tier 1, working memory: the live state of conversations, in Redis.

Everything here can be lost at any moment: the buffer and the bundle are rebuilt from
PostgreSQL, a tool is called again. Whatever is read says which state of PostgreSQL it
is a copy of, and counts only while that state holds.

A desk keeps so many sessions live; the least recently used one goes when there are
more. What is kept is found through its session, and a session through its customer, so
that showing and erasing a customer take as long as there is of her.
"""

from memory.working import connection
from memory.working.buffer import Buffer, as_message, buffer, forget_buffer, turn_tokens
from memory.working.bundle import cached_bundle, forget_bundles, keep_bundle
from memory.working.connection import client
from memory.working.items import WorkingItem, count, drop, erase_item, items
from memory.working.keys import customer_prefix
from memory.working.limits import Limits
from memory.working.sessions import erase_customer, keys_like, live_sessions, traces
from memory.working.tools import cached_tool_result, keep_tool_result, look_up_once

__all__ = [
    "Buffer",
    "Limits",
    "WorkingItem",
    "as_message",
    "buffer",
    "cached_bundle",
    "cached_tool_result",
    "client",
    "connection",
    "count",
    "customer_prefix",
    "drop",
    "erase_customer",
    "erase_item",
    "forget_buffer",
    "forget_bundles",
    "items",
    "keep_bundle",
    "keep_tool_result",
    "keys_like",
    "live_sessions",
    "look_up_once",
    "traces",
    "turn_tokens",
]
