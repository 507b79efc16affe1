"""What everything is called in Redis.

```
t:<tenant>:sessions                                live sessions, by their last use
t:<tenant>:c:<customer>:sessions                   the conversations that are live
t:<tenant>:c:<customer>:<conversation>:keys        what is kept of one
t:<tenant>:c:<customer>:<conversation>:buffer      its newest messages
t:<tenant>:c:<customer>:<conversation>:bundle      what is known, for its answers
t:<tenant>:c:<customer>:<conversation>:tool:<hash> one answer of a tool
```

Three more name no customer: `t:<tenant>:erased:<hash>`, the mark of an erasure,
`t:<tenant>:busy:<hash>`, somebody who asks a tool right now, and `t:<tenant>:intents`,
the stamp of the desk's examples of intents.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

BUFFER = "buffer"
BUNDLE = "bundle"
TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Place:
    """The session that something is kept in."""

    tenant_id: UUID
    customer_id: UUID
    conversation_id: UUID

    @property
    def prefix(self) -> str:
        """What all keys of the session begin with."""
        prefix = customer_prefix(self.tenant_id, self.customer_id)
        return f"{prefix}{self.conversation_id.hex}:"

    def key(self, name: str) -> str:
        """Return the full key of what is kept here under a name."""
        return f"{self.prefix}{name}"

    @classmethod
    def of(cls, key: str, tenant_id: UUID, customer_id: UUID) -> Self:
        """Return the session of a customer that a key belongs to.

        Raises:
            ValueError: It belongs to none of hers.
        """
        prefix = customer_prefix(tenant_id, customer_id)
        if not key.startswith(prefix):
            raise ValueError("Not a key of this customer.")
        conversation = key.removeprefix(prefix).partition(":")[0]
        return cls(tenant_id, customer_id, UUID(conversation))


def customer_prefix(tenant_id: UUID, customer_id: UUID) -> str:
    """Return what every key about this customer begins with."""
    return f"t:{tenant_id.hex}:c:{customer_id.hex}:"


def sessions_of_tenant(tenant_id: UUID) -> str:
    """Return the key of a desk's live sessions."""
    return f"t:{tenant_id.hex}:sessions"


def sessions_of_customer(tenant_id: UUID, customer_id: UUID) -> str:
    """Return the key of a customer's live sessions."""
    return f"{customer_prefix(tenant_id, customer_id)}sessions"


def tool(name: str, arguments: dict[str, Any]) -> str:
    """Return the name of a tool's answer to these arguments, in whatever order."""
    canonical = json.dumps([name, arguments], sort_keys=True)
    return f"{TOOL}:{_hash(canonical)}"


def kind_of(name: str) -> str:
    """Return what is kept under a name: a buffer, a bundle or a tool's answer."""
    return name.partition(":")[0]


def erased(tenant_id: UUID, customer_id: UUID) -> str:
    """Return the mark of an erasure, which does not say whose it was."""
    prefix = customer_prefix(tenant_id, customer_id)
    return f"t:{tenant_id.hex}:erased:{_hash(prefix)}"


def intents_of_tenant(tenant_id: UUID) -> str:
    """Return the key of the stamp of a desk's examples of intents."""
    return f"t:{tenant_id.hex}:intents"


def busy(place: Place, name: str) -> str:
    """Return the key of whoever makes a look-up now; it does not say for whom."""
    return f"t:{place.tenant_id.hex}:busy:{_hash(place.key(name))}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
