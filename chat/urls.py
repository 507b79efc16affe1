"""Paths of the inbox and of the widget's page."""

from django.urls import path

from chat import (
    desk_views,
    known_views,
    prompt_views,
    strategy_views,
    token_views,
    upkeep_views,
    views,
)

app_name = "chat"
urlpatterns = [
    path("", views.home, name="home"),
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/<uuid:conversation_id>/", views.conversation, name="conversation"),
    path("inbox/<uuid:conversation_id>/row/", views.row, name="row"),
    path("inbox/<uuid:conversation_id>/head/", views.head, name="head"),
    path("inbox/<uuid:conversation_id>/log/", views.log, name="log"),
    path("inbox/<uuid:conversation_id>/memory/", views.memory, name="memory"),
    path(
        "inbox/<uuid:conversation_id>/messages/<uuid:message_id>/known/",
        known_views.known_then,
        name="known_then",
    ),
    path("inbox/<uuid:conversation_id>/take-over/", views.take_over, name="take_over"),
    path("inbox/<uuid:conversation_id>/hand-back/", views.hand_back, name="hand_back"),
    path("inbox/<uuid:conversation_id>/close/", views.close, name="close"),
    path("inbox/<uuid:conversation_id>/reopen/", views.reopen, name="reopen"),
    path(
        "inbox/<uuid:conversation_id>/messages/<uuid:message_id>/prompt/",
        prompt_views.exact_prompt,
        name="prompt",
    ),
    path("settings/tokens/", token_views.tokens, name="tokens"),
    path("settings/desk/", desk_views.desk_settings, name="desk_settings"),
    path("settings/desk/sites/", desk_views.change_sites, name="desk_sites"),
    path("settings/desk/clock/", desk_views.change_time_zone, name="desk_clock"),
    path("settings/desk/secret/", desk_views.replace_secret, name="desk_secret"),
    path("settings/desk/tools/new/", desk_views.add_tool, name="desk_new_tool"),
    path("settings/desk/tools/<uuid:tool_id>/", desk_views.tool, name="desk_tool"),
    path(
        "settings/desk/tools/<uuid:tool_id>/delete/",
        desk_views.delete_tool,
        name="desk_delete_tool",
    ),
    path(
        "settings/desk/tools/<uuid:tool_id>/try/",
        desk_views.try_tool,
        name="desk_try_tool",
    ),
    path("settings/strategies/", strategy_views.listing, name="strategies"),
    path(
        "settings/strategies/choose/", strategy_views.choose, name="choose_strategies"
    ),
    path("settings/strategies/new/", strategy_views.add, name="new_strategy"),
    path(
        "settings/strategies/<uuid:strategy_id>/",
        strategy_views.strategy,
        name="strategy",
    ),
    path(
        "settings/strategies/<uuid:strategy_id>/try/",
        strategy_views.try_it,
        name="try_strategy",
    ),
    path(
        "settings/strategies/<uuid:strategy_id>/enable/",
        strategy_views.enable,
        name="enable_strategy",
    ),
    path(
        "settings/strategies/<uuid:strategy_id>/disable/",
        strategy_views.disable,
        name="disable_strategy",
    ),
    path(
        "settings/strategies/<uuid:strategy_id>/delete/",
        strategy_views.delete,
        name="delete_strategy",
    ),
    path("settings/remembering/", upkeep_views.overview, name="upkeep"),
    path(
        "settings/remembering/<uuid:conversation_id>/again/",
        upkeep_views.try_again,
        name="consolidate_again",
    ),
    path("widget/<slug:tenant_slug>/", views.widget, name="widget"),
]
