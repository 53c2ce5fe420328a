# SPDX-License-Identifier: MIT
from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from rest_framework.routers import SimpleRouter

from delivery import api, report, views

if settings.ASYNC_VIEWS:
    from delivery.as_async import as_async as view
else:
    def view(plain):
        return plain

router = SimpleRouter()
router.register("orders", api.Orders)

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include(router.urls)),
    path("connect/", views.connect),
    path("kitchen/", view(views.kitchen)),
    path("report/", view(report.report)),
    path("threads/", views.threads),
    path("", view(views.food_delivery)),
]
