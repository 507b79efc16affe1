"""The demo's pages; each of them is a 404 unless the demo is on."""

from django.urls import path

from chat.demo.shop import look_up_order
from chat.demo.views import shop_front

urlpatterns = [
    path("shop-api/<slug:tenant_slug>/orders/<str:number>", look_up_order),
    path("<slug:tenant_slug>/", shop_front),
]
