"""What the REST API takes and gives: the questions it checks, the rows it shows."""

from typing import Any

from rest_framework import serializers

from memory.models import Evidence, Fact

# A query is a message at most; chat takes none that is longer.
MAX_QUERY_CHARS = 8_000
MAX_RESULTS = 50


def _customer_field() -> serializers.CharField:
    """Return the field for a customer's external id, taken as exactly as it is kept."""
    return serializers.CharField(max_length=200, trim_whitespace=False)


class RecallQuestion(serializers.Serializer[Any]):
    """What to recall: of whom, for which query, how much, as of when."""

    customer = _customer_field()
    query = serializers.CharField(max_length=MAX_QUERY_CHARS)
    limit = serializers.IntegerField(min_value=1, max_value=MAX_RESULTS, default=10)
    as_of = serializers.DateTimeField(allow_null=True, default=None)


class FactsQuestion(serializers.Serializer[Any]):
    """Whose facts, and whether those that held once are wanted too."""

    customer = _customer_field()
    history = serializers.BooleanField(default=False)


class ReasonsSerializer(serializers.Serializer[Any]):
    """Shows `memory.recall.Reasons`."""

    similarity = serializers.FloatField()
    vector_rank = serializers.IntegerField()
    keyword_rank = serializers.IntegerField()
    freshness = serializers.FloatField()


class RecalledSerializer(serializers.Serializer[Any]):
    """Shows `memory.recall.Recalled`; `id` is that of the fact, summary or message."""

    kind = serializers.CharField()
    id = serializers.UUIDField(source="source_id")
    text = serializers.CharField()
    said_by = serializers.CharField(source="source")
    occurred_at = serializers.DateTimeField()
    score = serializers.FloatField()
    reasons = ReasonsSerializer()
    messages = serializers.ListField(
        child=serializers.UUIDField(), source="message_ids"
    )


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
