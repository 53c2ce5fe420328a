# SPDX-License-Identifier: MIT
"""The views: plain functions that block, by plain libraries."""
import os
import random
import threading

from django.conf import settings
from django.http import JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, ensure_csrf_cookie

from . import customers
from .models import Order

# What is used of them here is the same.
if settings.HTTP_CLIENT == "httpx":
    import httpx
    # One for all threads: each reads all certificates when it is made.
    http = httpx.Client(limits=httpx.Limits(max_connections=None,
                                            max_keepalive_connections=0))
else:
    import requests as http

#: Bakes when it is full: dishes, and their requests, wait for each other.
oven = threading.Barrier(settings.OVEN)


def prepare_order(request):
    details = request.POST.get("details", request.GET.get("details", ""))
    return Order(customer=request.user.username, details=details)


def food_delivery(request):
    """Save the order, ask the kitchen, tell the customer, answer.

    The kitchen is another view of this process.  It answers while this one
    waits for it.
    """
    order = prepare_order(request)
    order.save()
    resp = http.post(settings.KITCHEN_SERVICE, data=order.as_dict(),
                     timeout=settings.PATIENCE)
    if resp.status_code != 201:
        return kitchen_error(resp)
    match resp.json():
        case {"order_id": order.id, "mins": int()} as when:
            customers.notify(request.user.username, when)
            return JsonResponse(when)
    return kitchen_error(resp)


def kitchen_error(resp):
    return JsonResponse({"error": "the kitchen answers %d" % resp.status_code},
                        status=502)


@csrf_exempt
def kitchen(request):
    try:
        oven.wait(settings.PATIENCE)
    except threading.BrokenBarrierError:
        return JsonResponse({"error": "the oven is not full"}, status=503)
    return JsonResponse({"order_id": int(request.POST["order_id"]),
                         "mins": random.randrange(30, 60)}, status=201)


@ensure_csrf_cookie
def connect(request):
    """A page that shows what arrives by the websocket."""
    port = settings.WEBSOCKET_PORT if "wsgi.version" in request.META else ""
    return render(request, "connect.html", {"port": port})


def threads(request):
    """What this process does it all with."""
    return JsonResponse({
        "pid": os.getpid(),
        "python_threads": threading.active_count(),
        "kernel_threads": len(os.listdir("/proc/self/task")),
        "in_the_oven": oven.n_waiting,
    })
