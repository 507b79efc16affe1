"""What a model calls a tool with is somebody's text, and checked before all else."""

from typing import Any

import pytest

from chat.tool_arguments import leaves_its_place, problems

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "order_number": {"type": "string", "maxLength": 12, "pattern": "^[A-Z0-9-]+$"},
        "kind": {"type": "string", "enum": ["order", "return"]},
        "year": {"type": "integer", "minimum": 2000, "maximum": 2100},
        "price": {"type": ["number", "null"]},
        "gift": {"type": "boolean"},
        "lines": {"type": "array", "items": {"type": "integer"}, "maxItems": 2},
        "shop": {"type": "object", "properties": {"city": {"type": "string"}}},
        "only": {"const": "x"},
    },
    "required": ["order_number"],
}


@pytest.mark.parametrize(
    "more",
    [
        {}, {"kind": "return"}, {"year": 2026}, {"price": 2.5}, {"price": None},
        {"gift": True}, {"lines": [1, 2]}, {"shop": {"city": "Ghent"}}, {"only": "x"},
    ],
)  # fmt: skip
def test_what_the_schema_allows_passes(more: dict[str, Any]) -> None:
    assert problems(SCHEMA, {"order_number": "LF-20418", **more}) == []


@pytest.mark.parametrize(
    "more",
    [
        {"order_number": ""}, {"order_number": "  "}, {"order_number": None},
        {"order_number": 7}, {"order_number": ["LF-1"]}, {"order_number": {"$ne": 1}},
        {"order_number": "LF-1234567890123"}, {"order_number": "lf 1"},
        {"order_number": "LF\u200b-1"}, {"order_number": "LF\u202e-1"},
        {"order_number": "LF-1\r\nX: y"}, {"order_number": "LF\x00"},
        {"kind": "refund"}, {"kind": ["order"]}, {"year": 1999}, {"year": True},
        {"year": "2026"}, {"year": 2026.5}, {"price": "2"}, {"gift": "yes"},
        {"gift": 1}, {"lines": [1, 2, 3]}, {"lines": ["1"]}, {"shop": {"owner": "x"}},
        {"only": "y"}, {"customer": "otto"}, {"admin": True},
    ],
)  # fmt: skip
def test_whatever_else_is_refused_without_repeating_it(more: dict[str, Any]) -> None:
    (problem,) = problems(SCHEMA, {"order_number": "LF-20418", **more})
    for sent in more.values():
        assert str(sent) not in problem or len(str(sent).strip()) < 3


def test_a_schema_that_cannot_be_checked_lets_nothing_through() -> None:
    elsewhere = {"$ref": "http://127.0.0.1:9/schema"}
    for part in (
        {"type": "date"},
        {"$ref": "#/x"},
        {"$ref": "#"},
        {"$id": "http://[", "$ref": "x"},
        elsewhere,
        {"pattern": "("},
    ):
        assert problems({"properties": {"a": part}}, {"a": "b"})
    assert problems({"properties": {"a": {}}, "anyOf": []}, {"a": "b"})


def test_a_schema_that_names_nothing_takes_nothing() -> None:
    assert problems({}, {}) == []
    assert problems({"additionalProperties": True}, {"a": "b"})


def test_a_text_without_a_length_has_one() -> None:
    assert problems({"properties": {"a": {"type": "string"}}}, {"a": "x" * 201})


@pytest.mark.parametrize(
    "value", ["../a", "a/b", "..", ".", "a\\b", "a?b", "a#b", "%2e%2e", "a/../b", " . "]
)
def test_no_argument_leaves_its_place_in_the_path(value: str) -> None:
    url = "https://shop.example/orders/{number}?note={note}"
    assert leaves_its_place(url, {"number": value}) == ["number"]
    assert leaves_its_place(url, {"note": value}) == []
    assert leaves_its_place(url, {"number": "LF-2.0418"}) == []
