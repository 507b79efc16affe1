"""Takes out of texts what no store of ours can hold."""

from typing import Any


def storable(text: str) -> str:
    """Return the text without what PostgreSQL cannot store and nobody types."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode()


def storable_json(value: Any) -> Any:
    """Return what JSON held with every text in it made storable, names too."""
    match value:
        case str():
            return storable(value)
        case list():
            return [storable_json(item) for item in value]
        case dict():
            return {storable(name): storable_json(item) for name, item in value.items()}
    return value
