"""URLs of the memory pages and of the REST API."""

from django.urls import URLPattern, URLResolver, include, path

from memory import api
from memory.views import (
    customers,
    index,
    intents,
    privacy,
    quality,
    requests,
    review,
    settings,
    tiers,
)

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
    path(
        "summaries/<uuid:summary_id>/again/",
        quality.write_again,
        name="rewrite_summary",
    ),
    path("index/<uuid:entry_id>/erase/", tiers.erase_entry, name="erase_entry"),
]

_request = [
    path("", requests.detail, name="privacy_request"),
    path("add/", requests.add, name="privacy_add"),
    path("erase/", requests.erase, name="privacy_erase"),
    path("ask/", requests.ask, name="privacy_ask"),
    path("decide/", requests.decide, name="privacy_decide"),
    path("close/", requests.close, name="privacy_close"),
    path("customers/<uuid:customer_id>/", requests.look, name="privacy_look"),
    path(
        "customers/<uuid:customer_id>/export/", requests.export, name="privacy_export"
    ),
]

_privacy: list[URLPattern | URLResolver] = [
    path("", privacy.overview, name="privacy"),
    path("receipts/<uuid:receipt_id>/", privacy.receipt, name="receipt"),
    path("requests/new/", requests.new, name="privacy_new"),
    path("requests/<uuid:request_id>/", include(_request)),
]

_review = [
    path("", review.queue, name="review"),
    path("<uuid:item_id>/", review.item, name="review_item"),
    path("<uuid:item_id>/accept/", review.accept, name="review_accept"),
    path("<uuid:item_id>/refuse/", review.refuse, name="review_refuse"),
]

_settings = [
    path("", settings.memory_settings, name="settings"),
    path("change/", settings.change_settings, name="change_settings"),
    path("retention/", settings.change_retention, name="change_retention"),
    path("retention/preview/", settings.preview_retention, name="preview_retention"),
]

_index: list[URLPattern | URLResolver] = [
    path("", index.overview, name="index"),
    path("progress/", index.progress, name="index_progress"),
    path("start/", index.start, name="index_start"),
    path("drift/", index.check_drift, name="index_drift"),
    path("jobs/<uuid:job_id>/cut-over/", index.cut_over, name="index_cut_over"),
    path("jobs/<uuid:job_id>/roll-back/", index.roll_back, name="index_roll_back"),
    path("jobs/<uuid:job_id>/cancel/", index.cancel, name="index_cancel"),
]

_intents = [
    path("", intents.overview, name="intents"),
    path("try/", intents.try_it, name="try_intent"),
    path("add/", intents.add, name="add_intent_example"),
    path("decide/", intents.decide, name="decide_intents"),
    path("<uuid:example_id>/", intents.change, name="intent_example"),
    path("<uuid:example_id>/delete/", intents.delete, name="delete_intent_example"),
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
    path("customers/", customers.listing, name="customers"),
    path("customers/<uuid:customer_id>/", include(_customer)),
    path("privacy/", include(_privacy)),
    path("review/", include(_review)),
    path("settings/memory/", include(_settings)),
    path("settings/index/", include(_index)),
    path("settings/intents/", include(_intents)),
    path("settings/quality/", quality.overview, name="quality"),
    path("api/v1/", include(_api)),
]
