# SPDX-License-Identifier: MIT
"""What psycopg2 needs to be of use under gevent."""

import gevent.socket
import psycopg2.extensions


def wait(connection: psycopg2.extensions.connection) -> None:
    """A wait callback, as psycopg2's documentation has it."""
    while True:
        state = connection.poll()
        if state == psycopg2.extensions.POLL_OK:
            return
        if state == psycopg2.extensions.POLL_READ:
            gevent.socket.wait_read(connection.fileno())
        else:
            gevent.socket.wait_write(connection.fileno())
