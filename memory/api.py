"""The REST API of memory: recall, and a customer's facts.

A view checks what it was asked, opens the customer's scope, calls one service and
shows the rows. `CustomerMemoryView` holds what all of them share.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import IO, Any, cast

from django.http import Http404, HttpRequest
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts import audit
from accounts.models import Customer, User
from accounts.policies import Act, customers, signed_in_user
from accounts.scope import customer_scope, tenant_scope
from memory import facts, policies, recall, records
from memory.serializers import (
    FactSerializer,
    FactsQuestion,
    RecalledSerializer,
    RecallQuestion,
)


class MayReadMemory(BasePermission):
    """Lets staff through whose role reads memory."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Ask the same policy as the pages do."""
        user = request.user
        return isinstance(user, User) and customers.may(user, Act.READ)


class JSONBodyParser(JSONParser):
    """Reads JSON, and takes nesting beyond all measure for the bad input it is."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return what the body says.

        Raises:
            ParseError: It is not JSON, or nested too deeply to be read.
        """
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deeply") from error


@method_decorator(never_cache, name="dispatch")
class CustomerMemoryView(APIView):
    """Reads the memory of one customer.

    The scope is opened by `open_customer`, after everything that must not happen in a
    transaction, and stays open until the answer is rendered.
    """

    permission_classes = [MayReadMemory]
    parser_classes = [JSONBodyParser]
    _scopes: ExitStack

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """Answer the request, and close the scope behind it."""
        with ExitStack() as self._scopes:
            response = cast(Response, super().dispatch(request, *args, **kwargs))
            return cast(Response, response.render())

    def open_customer(self, external_id: str) -> Customer:
        """Open the scope of a customer whose memory the user sees, and return her.

        Raises:
            Http404: There is none, or she is somebody else's: both look the same.
        """
        tenant_id = signed_in_user(self.request).tenant_id
        self._scopes.enter_context(tenant_scope(tenant_id))
        customer = self._customer(external_id)
        self._scopes.enter_context(customer_scope(tenant_id, customer.id))
        return customer

    def find_customer(self, external_id: str) -> Customer:
        """Return such a customer with no scope left open, for what asks a model.

        Raises:
            Http404: As in `open_customer`.
        """
        with tenant_scope(signed_in_user(self.request).tenant_id):
            return self._customer(external_id)

    def _customer(self, external_id: str) -> Customer:
        rows = customers.rows(signed_in_user(self.request), Act.READ)
        customer = rows.filter(external_id=external_id).first()
        if customer is None:
            raise Http404
        return customer

    def record_read(self, customer: Customer, **seen: Any) -> None:
        """Record what the answer shows of a customer's memory."""
        audit.memory_read(
            actor=signed_in_user(self.request).actor,
            customer_id=customer.id,
            purpose="api",
            seen=seen,
        )


class RecallView(CustomerMemoryView):
    """`POST recall/`: what memory finds for a query."""

    def post(self, request: Request) -> Response:
        """Recall; models are asked while no scope is open, and for nobody unknown."""
        asked = _checked(RecallQuestion(data=request.data))
        known = self.find_customer(asked["customer"])
        found = recall.find(
            asked["query"],
            tenant_id=known.tenant_id,
            customer_id=known.id,
            limit=asked["limit"],
            as_of=asked["as_of"],
            purposes=asked["purposes"],
        )
        # Whoever was erased, or taken from the user, meanwhile is shown to nobody.
        customer = self.open_customer(asked["customer"])
        self.record_read(
            customer,
            recalled=[{"kind": each.kind, "id": each.source_id} for each in found],
            purposes=asked["purposes"],
        )
        shown = RecalledSerializer(
            found, many=True, context={"explain": asked["explain"]}
        )
        return Response({"results": shown.data})


class FactsView(CustomerMemoryView):
    """`GET customers/<external id>/facts/`: what is known about a customer."""

    def get(self, request: Request, external_id: str) -> Response:
        """Show the facts that hold now, and with `history=1` those that held once."""
        query = request.query_params.dict()
        asked = _checked(FactsQuestion(data=query | {"customer": external_id}))
        customer = self.open_customer(asked["customer"])
        if not asked["history"]:
            rows = policies.facts.rows(
                signed_in_user(request), Act.READ, among=facts.current_facts()
            )
            current = list(rows.filter(customer_id=customer.id))
            self.record_read(customer, facts=len(current))
            return Response({"facts": FactSerializer(current, many=True).data})
        record = records.record(customer)
        self.record_read(
            customer, facts=len(record.current), past_facts=len(record.history)
        )
        return Response(
            {
                "facts": FactSerializer(record.current, many=True).data,
                "history": FactSerializer(record.history, many=True).data,
            }
        )


def _checked(question: Serializer[Any]) -> dict[str, Any]:
    question.is_valid(raise_exception=True)
    return cast(dict[str, Any], question.validated_data)
