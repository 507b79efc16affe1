"""What is sent to the model: everything it needs, packed to an exact token budget.

What changes least comes first, so that providers' prompt caches hit: the instructions,
the facts in the order of their time, the summary, the messages, and only before the
newest message what was recalled for it. Memory goes in as delimited JSON lines, in
messages of their own and never as instructions; each line says whose word it is.

What counts most is the newest message, which is always there; then the summary, the
facts and the recalled memories, which are sure of a share; then the messages before,
the newest first; and what room these leave goes to memory again. Over budget a summary
is shortened to whole sentences, a recalled message makes way for a summary that covers
it, and whatever else does not fit is left out. A message is never cut in the middle,
and neither is a fact: when the newest message alone is more than the budget it goes
whole, alone, and the ledger says by how much it is over.
"""

from memory.context.ledger import Ledger
from memory.context.packing import MEMORY_SHARE, Context, pack
from memory.context.rebuilding import Rebuilt, message_ids, rebuild

__all__ = [
    "MEMORY_SHARE",
    "Context",
    "Ledger",
    "Rebuilt",
    "message_ids",
    "pack",
    "rebuild",
]
