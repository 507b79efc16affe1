"""Paths of the inbox and of the widget's page."""

from django.urls import path

from chat import views

app_name = "chat"
urlpatterns = [
    path("", views.home, name="home"),
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/<uuid:conversation_id>/", views.conversation, name="conversation"),
    path("inbox/<uuid:conversation_id>/row/", views.row, name="row"),
    path("inbox/<uuid:conversation_id>/head/", views.head, name="head"),
    path("inbox/<uuid:conversation_id>/log/", views.log, name="log"),
    path("inbox/<uuid:conversation_id>/memory/", views.memory, name="memory"),
    path("inbox/<uuid:conversation_id>/take-over/", views.take_over, name="take_over"),
    path("inbox/<uuid:conversation_id>/hand-back/", views.hand_back, name="hand_back"),
    path("inbox/<uuid:conversation_id>/close/", views.close, name="close"),
    path("inbox/<uuid:conversation_id>/reopen/", views.reopen, name="reopen"),
    path("widget/<slug:tenant_slug>/", views.widget, name="widget"),
]
