#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Serves web.py, in one process that does the work.

    serve.py gthread|gevent|uvicorn THREADS BACKEND-PORT DSN [CLIENT]

gthread and gevent are gunicorn's workers; THREADS is for the former. CLIENT is
WEB_CLIENT for uvicorn, whose loop is uvloop and whose parser httptools. Prints
one line when it is ready: which process works, and its port.
"""

import os
import pathlib
import socket
import sys

os.chdir(pathlib.Path(__file__).parent)
sys.path[:0] = [str(pathlib.Path.cwd()), str(pathlib.Path.cwd().parent)]

KEEP_ALIVE = 120    # s


def ready(port: int) -> None:
    print(f"process {os.getpid()} port {port}", flush=True)


def by_gunicorn(worker: str, threads: int) -> None:
    import gunicorn.app.base

    class Server(gunicorn.app.base.BaseApplication):
        def load_config(self) -> None:
            for name, value in {
                    "bind": "127.0.0.1:0", "worker_class": worker,
                    "threads": threads, "worker_connections": 5000,
                    "keepalive": KEEP_ALIVE, "timeout": 120,
                    "loglevel": "error", "post_worker_init": worker_ready,
                    "control_socket_disable": True}.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> object:
            import web
            from django.core.wsgi import get_wsgi_application
            return get_wsgi_application()

    def worker_ready(worker: object) -> None:
        if worker.cfg.worker_class_str == "gevent":
            import psycopg2.extensions

            import gevent_wait
            psycopg2.extensions.set_wait_callback(gevent_wait.wait)
        ready(worker.sockets[0].getsockname()[1])

    Server().run()


def by_uvicorn() -> None:
    import uvicorn
    import web
    from django.core.asgi import get_asgi_application

    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    ready(listener.getsockname()[1])
    server = uvicorn.Server(uvicorn.Config(
        get_asgi_application(), loop="uvloop", http="httptools", lifespan="off",
        log_level="error", timeout_keep_alive=KEEP_ALIVE))
    server.run(sockets=[listener])


if __name__ == "__main__":
    kind, threads, backend, dsn, *client = sys.argv[1:]
    os.environ["WEB_BACKEND"] = f"http://127.0.0.1:{backend}"
    os.environ["WEB_DSN"] = dsn
    os.environ["WEB_CLIENT"] = client[0] if client else "blocking"
    if kind == "uvicorn":
        by_uvicorn()
    else:
        by_gunicorn(kind, int(threads))
