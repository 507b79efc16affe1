"""What the REST API takes and gives: the questions it checks, the rows it shows."""

from typing import Any

from rest_framework import serializers

from memory.extraction.keys.specs import PURPOSES
from memory.models import Evidence, Fact
from memory.recall.search import IN_SUPPORT

# A query is a message at most; chat takes none that is longer.
MAX_QUERY_CHARS = 8_000
MAX_RESULTS = 50


def _customer_field() -> serializers.CharField:
    """Return the field for a customer's external id, taken as exactly as it is kept."""
    return serializers.CharField(max_length=200, trim_whitespace=False)


class Explicit(serializers.BooleanField):
    """True or false and nothing that somebody might take for either."""

    default_error_messages = {"invalid": "Must be true or false."}

    def to_internal_value(self, data: Any) -> bool:
        """Return what was given.

        Raises:
            ValidationError: It is neither.
        """
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class RecallQuestion(serializers.Serializer[Any]):
    """What to recall: of whom, for which query, how much, as of when, and for what.

    `explain` asks for the reasons as well.
    """

    customer = _customer_field()
    query = serializers.CharField(max_length=MAX_QUERY_CHARS)
    limit = serializers.IntegerField(min_value=1, max_value=MAX_RESULTS, default=10)
    as_of = serializers.DateTimeField(allow_null=True, default=None)
    purposes = serializers.ListField(
        child=serializers.ChoiceField(PURPOSES),
        allow_empty=False,
        max_length=len(PURPOSES),
        default=lambda: list(IN_SUPPORT),
    )
    explain = Explicit(default=False)


class FactsQuestion(serializers.Serializer[Any]):
    """Whose facts, and whether those that held once are wanted too."""

    customer = _customer_field()
    history = serializers.BooleanField(default=False)


class ReasonsSerializer(serializers.Serializer[Any]):
    """Shows `memory.recall.Reasons`."""

    why = serializers.CharField(source="sentence")
    similarity = serializers.FloatField()
    vector_rank = serializers.IntegerField()
    keyword_rank = serializers.IntegerField()
    terms = serializers.ListField(child=serializers.CharField())
    parts = serializers.DictField(child=serializers.FloatField())
    freshness = serializers.FloatField()
    second_pass = serializers.BooleanField()


class RecalledSerializer(serializers.Serializer[Any]):
    """Shows `memory.recall.Recalled`; `id` is that of the fact, summary or message.

    With `explain=True` in its context it shows the reasons, too.
    """

    kind = serializers.CharField()
    id = serializers.UUIDField(source="source_id")
    text = serializers.CharField()
    said_by = serializers.CharField(source="source")
    occurred_at = serializers.DateTimeField()
    score = serializers.FloatField()
    messages = serializers.ListField(
        child=serializers.UUIDField(), source="message_ids"
    )
    reasons = ReasonsSerializer()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the fields that were asked for."""
        fields = super().get_fields()
        if not self.context.get("explain"):
            del fields["reasons"]
        return fields


class EvidenceSerializer(serializers.ModelSerializer[Evidence]):
    """Shows the words that a fact rests on."""

    class Meta:
        model = Evidence
        fields = ["message_id", "conversation_id", "author", "span", "said_at"]


class FactSerializer(serializers.ModelSerializer[Fact]):
    """Shows a fact with its evidence, which the caller has prefetched."""

    evidence = EvidenceSerializer(many=True)

    class Meta:
        model = Fact
        fields = [
            "id",
            "kind",
            "key",
            "value",
            "normal",
            "text",
            "source",
            "purpose",
            "importance",
            "confidence",
            "pinned",
            "event_at",
            "valid_from",
            "valid_to",
            "recorded_at",
            "superseded_by_id",
            "expires_at",
            "evidence",
        ]
