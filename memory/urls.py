"""URLs of the memory pages and of the REST API."""

from django.urls import include, path

from memory import api
from memory.views import customers, privacy, review, tiers

app_name = "memory"

_customer = [
    path("", customers.customer, name="customer"),
    path("working/erase/", tiers.erase_working_item, name="erase_working"),
    path("facts/<uuid:fact_id>/", tiers.fact, name="fact"),
    path("facts/<uuid:fact_id>/correct/", tiers.correct, name="correct"),
    path("facts/<uuid:fact_id>/pin/", tiers.pin, name="pin"),
    path("facts/<uuid:fact_id>/retract/", tiers.retract, name="retract"),
    path("facts/<uuid:fact_id>/erase/", tiers.erase_fact, name="erase_fact"),
    path(
        "summaries/<uuid:summary_id>/erase/", tiers.erase_summary, name="erase_summary"
    ),
    path("index/<uuid:entry_id>/erase/", tiers.erase_entry, name="erase_entry"),
]

_privacy = [
    path("", privacy.overview, name="privacy"),
    path("receipts/<uuid:receipt_id>/", privacy.receipt, name="receipt"),
    path("customers/<uuid:customer_id>/", privacy.customer, name="privacy_customer"),
    path("customers/<uuid:customer_id>/export/", privacy.export, name="export"),
    path("customers/<uuid:customer_id>/erase/", privacy.erase, name="erase"),
]

_review = [
    path("", review.queue, name="review"),
    path("<uuid:item_id>/", review.item, name="review_item"),
    path("<uuid:item_id>/accept/", review.accept, name="review_accept"),
    path("<uuid:item_id>/refuse/", review.refuse, name="review_refuse"),
]

# Whatever the tenant calls its customers is an external id, slashes included.
_api = [
    path("recall/", api.RecallView.as_view(), name="api_recall"),
    path(
        "customers/<path:external_id>/facts/",
        api.FactsView.as_view(),
        name="api_facts",
    ),
]

urlpatterns = [
    path("customers/", customers.customers, name="customers"),
    path("customers/<uuid:customer_id>/", include(_customer)),
    path("privacy/", include(_privacy)),
    path("review/", include(_review)),
    path("api/v1/", include(_api)),
]
