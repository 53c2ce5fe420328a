# SPDX-License-Identifier: MIT
"""Async views out of plain ones."""
import functools

import mixio
from django.db import connections

__all__ = ["as_async"]


def as_async(view):
    """An async view that runs the plain one by mixio.as_async.

    Django closes the database connections of a sync view at the end of the
    request, in the thread in which it has run the view.  It does not know of
    ours.
    """
    @functools.wraps(view)
    def closing(*args, **kwargs):
        try:
            return view(*args, **kwargs)
        finally:
            connections.close_all()
    return mixio.as_async(closing)
