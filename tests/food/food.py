#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/food_delivery, end to end, in each of the ways that it runs.

    food.py [-k WORD] [-n CUSTOMERS]

A server, a process with all customers at once (customers.py), and the rows of
the database afterwards.  The kitchen's oven is as large as there are customers:
no order is done before all of them are in the server at the same time, each
with its request and with the server's request to itself.
"""
import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tap  # noqa: E402
sys.path.insert(0, str(tap.SRCDIR / "scripts"))
import lab  # noqa: E402

HERE = Path(__file__).resolve().parent
EXAMPLE = tap.SRCDIR / "examples" / "food_delivery"
NEEDED = ("django", "rest_framework", "channels", "gunicorn", "uvicorn",
          "websockets", "requests", "httpx", "psycopg", "psycopg2",
          "sqlalchemy", "aiohttp", "uvloop")
LIMIT = 120 * tap.SLOW
#: Helpers of mixio, and what else there is: monitor, spare kernel threads.
HELPERS = 4
KERNEL_THREADS = HELPERS + 6


class Way:
    """One way to run the example."""

    def __init__(self, name, server, mixio, driver, http, customers,
                 loop="uvloop", **environment):
        self.name = name
        self.server = server  # gunicorn, uvicorn or runserver
        self.mixio = mixio
        self.driver = driver  # sqlite, psycopg or psycopg2
        self.http = http
        self.customers = customers
        self.loop = loop  # uvicorn's
        self.environment = environment
        self.asgi = server == "uvicorn"
        # Leaving ends nothing but what runs in the request's own task.
        self.impatient = 5 if "FOOD_ASYNC" in environment else 0

    def __str__(self):
        return "%s, %s, %s, %d customers" % (self.name, self.driver,
                                             self.http, self.customers)


def ways(n, few):
    return [
        Way("blocking, gunicorn", "gunicorn", False, "sqlite", "httpx", n),
        Way("mixio, gunicorn", "gunicorn", True, "psycopg2", "requests", n),
        Way("mixio, uvicorn", "uvicorn", True, "psycopg", "httpx", n),
        Way("mixio, as_async", "uvicorn", True, "sqlite", "requests", n,
            "asyncio", FOOD_ASYNC="1"),
        Way("mixio, as_async", "uvicorn", True, "psycopg2", "httpx", few,
            FOOD_ASYNC="1"),
        Way("mixio, runserver", "runserver", True, "sqlite", "requests", few),
    ]


def reserve_port(stack):
    """A port for a server that is to come: nobody else gets it till then.

    A socket that is bound does not keep others with SO_REUSEADDR, as servers
    have it, from listening; but no connection is given that port.
    """
    s = stack.enter_context(socket.socket())
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", 0))
    return s.getsockname()[1]


def environment(url, **more):
    """What the example is run with."""
    # A proxy is not for what stays on this machine.
    inherited = {k: v for k, v in tap.environment().items()
                 if not k.lower().endswith("_proxy")}
    return dict(inherited,
                PYTHONPATH="%s:%s" % (tap.SRCDIR / "python", EXAMPLE),
                PYTHONFAULTHANDLER="1", PYTHONUNBUFFERED="1",
                DJANGO_SETTINGS_MODULE="proj.settings", FOOD_DATABASE=url,
                **more)


class Sqlite:
    """Databases in files."""

    def __init__(self, tmp, count):
        self.first = os.path.join(tmp, "first.sqlite3")
        self.sessions = prepare("sqlite:///" + self.first, count)

    def copy(self, folder, driver):
        """A new database; (its name for query(), its URL)."""
        path = os.path.join(folder, "food.sqlite3")
        shutil.copy(self.first, path)
        return path, "sqlite:///" + path

    def query(self, path, text):
        with contextlib.closing(sqlite3.connect(path)) as db:
            return db.execute(text).fetchall()


class Postgres:
    """Databases of a PostgreSQL server."""

    def __init__(self, dsn, count):
        self.dsn = dsn  # of database postgres
        self.query("postgres", "create database first", fetch=False)
        self.sessions = prepare(self.url("first", "psycopg"), count)

    def url(self, name, driver):
        host = re.search(r"host=(\S+)", self.dsn).group(1)
        return "postgresql%s:///%s?host=%s&user=mixio" % (
            "" if driver == "psycopg" else "+" + driver, name, host)

    def copy(self, folder, driver):
        name = os.path.basename(folder)
        self.query("postgres", 'create database "%s" template first' % name,
                   fetch=False)
        return name, self.url(name, driver)

    def query(self, name, text, fetch=True):
        import psycopg2
        with contextlib.closing(psycopg2.connect(
                self.dsn.replace("dbname=postgres", "dbname=" + name))) as db:
            db.autocommit = True
            with db.cursor() as cursor:
                cursor.execute(text)
                return cursor.fetchall() if fetch else None


def prepare(url, count):
    """Tables and customers in a database: "NAME SESSION" of each."""
    code = ("import django; django.setup();"
            "from django.core.management import call_command as call;"
            "call('migrate', verbosity=0); call('make_customers', %d)" % count)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(url),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, timeout=LIMIT, universal_newlines=True)
    sessions = done.stdout.splitlines()
    if done.returncode or len(sessions) != count:
        tap.bail_out("no database: " + done.stderr[-1000:])
    return sessions


class Kitchen:
    """A server of the example with a database of its own."""

    def __init__(self, way, tmp, databases):
        self.way = way
        self.dir = tempfile.mkdtemp(prefix="food", dir=tmp)
        self.ports = contextlib.ExitStack()
        self.port = reserve_port(self.ports)
        self.ws_port = reserve_port(self.ports)
        self.http = "http://127.0.0.1:%d" % self.port
        self.databases = databases
        self.database, url = databases.copy(self.dir, way.driver)
        # gunicorn puts a socket for its control tool there.
        self.env = environment(
            url, HOME=self.dir, FOOD_HTTP=way.http, FOOD_KITCHEN=self.http + "/kitchen/",
            FOOD_WS_PORT=str(self.ws_port), FOOD_OVEN=str(way.customers),
            **way.environment)
        self.log = os.path.join(self.dir, "log")
        self.child = None

    def command(self):
        address = "127.0.0.1:%d" % self.port
        if self.way.server == "runserver":
            return [str(EXAMPLE / "manage.py"), "runserver", "--noreload",
                    address]
        if self.way.server == "gunicorn":
            # The request of a customer, and what that asks the kitchen.
            return ["-m", "gunicorn", "proj.wsgi", "--bind", address,
                    "--worker-class", "gthread", "--threads",
                    str(2 * self.way.customers + 10), "--timeout",
                    str(int(LIMIT)), "--worker-connections", "5000"]
        return ["-m", "uvicorn", "proj.asgi:application", "--host",
                "127.0.0.1", "--port", str(self.port),
                "--timeout-graceful-shutdown", "5", "--loop",
                self.way.loop]

    def start(self):
        prefix = tap.mixio("--helpers", str(HELPERS)) if self.way.mixio \
            else tap.native()
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen(
                prefix + [sys.executable] + self.command(), env=self.env,
                cwd=self.dir, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True)
        end = time.monotonic() + LIMIT
        while time.monotonic() < end and self.child.poll() is None:
            with contextlib.suppress(OSError):
                for port in [self.port] + [self.ws_port] * (not self.way.asgi):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                return
            time.sleep(0.05)
        raise RuntimeError("the server does not start")

    def pid(self):
        """The process that does the work."""
        if self.way.server != "gunicorn":
            return self.child.pid
        path = "/proc/%d/task/%d/children" % (self.child.pid, self.child.pid)
        children = Path(path).read_text().split()
        if not children:
            # A handoff may have had another kernel thread fork it.
            children = [child for path in Path(
                "/proc/%d/task" % self.child.pid).glob("*/children")
                for child in path.read_text().split()]
        return int(children[0])

    def serve(self):
        """Have all customers come; (what they saw, most kernel threads)."""
        sessions = os.path.join(self.dir, "sessions")
        Path(sessions).write_text("\n".join(
            self.databases.sessions[:self.way.customers]))
        self.start()
        websocket = "ws://127.0.0.1:%d/connect/" % (
            self.port if self.way.asgi else self.ws_port)
        sampler = tap.Sampler(self.pid(), 0.01)
        if self.way.mixio:
            sampler.start()
        done = subprocess.run(
            [sys.executable, str(HERE / "customers.py"), self.http, websocket,
             sessions, str(LIMIT), str(self.way.impatient)], env=tap.environment(), cwd=self.dir,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=LIMIT + 30)
        if self.way.mixio:
            sampler.stop()
        with contextlib.suppress(OSError):
            tap.say("%s: %.1f s of processor time" % (
                self.way, lab.cpu_seconds(self.pid())))
        if done.returncode:
            # What follows the exception is about connections left open.
            error = done.stderr.decode().partition("\nUnclosed ")[0]
            raise RuntimeError("the customers: " + error[-2000:])
        return json.loads(done.stdout.decode()), sampler.threads

    def rows(self):
        """The orders in the database: {id: (customer, details)}."""
        found = self.databases.query(
            self.database, "select id, customer, details from delivery_order")
        return {row[0]: tuple(row[1:]) for row in found}

    def end(self):
        """SIGTERM; the exit status, None if it goes on."""
        self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(30 * tap.SLOW)
        except subprocess.TimeoutExpired:
            return None

    def stop(self):
        """End all of it, whatever it does: the session is ours."""
        self.ports.close()
        if self.child is not None:
            with contextlib.suppress(OSError):
                os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()

    def said(self):
        with contextlib.suppress(OSError):
            return Path(self.log).read_text(errors="replace")
        return ""


def judge(way, told, threads, rows):
    """Compare what the customers saw with what is in the database."""
    customers = told["customers"]
    by_name = {}
    for id, (name, details) in rows.items():
        by_name.setdefault(name, []).append((id, details))
    wrong = {}

    def check(good, what, seen):
        if not good:
            wrong.setdefault(what, []).append(seen)

    for seen in customers:
        name, ordered = seen["name"], seen.get("ordered")
        mine = sorted(by_name.get(name, []))
        status, answer = seen.get("order", (0, {}))
        check(seen["hello"] == {"hello": name}, "greetings", seen["hello"])
        check(seen.get("page", True), "pages", seen)
        customer = int(name[len("customer"):])
        check(("impatient" in seen) == (customer < way.impatient),
              "impatience", seen)
        check(status == 200 and isinstance(answer, dict) and
              set(answer) == {"order_id", "mins"} and
              30 <= answer["mins"] < 60, "answers", [status, answer])
        check(seen["messages"] == [answer], "notifications", seen["messages"])
        check([d for _, d in mine] == ["Quick!"] * ("impatient" in seen) +
              [ordered] + ["and a " + ordered] * ("create" in seen),
              "rows", mine)
        check(mine and isinstance(answer, dict) and dict(mine).get(
            answer.get("order_id")) == ordered, "numbers", [mine, answer])
        want = [{"id": i, "customer": name, "details": d} for i, d in mine]
        if "create" in seen:
            check(seen["create"] == [201, want[-1] if want else None],
                  "REST: created", seen["create"])
            check(seen["list"] == [200, want], "REST: listed", seen["list"])
        if "report" in seen:
            status, answer = seen["report"]
            check(status == 200 and isinstance(answer, dict) and
                  answer["mine"] == [d for _, d in mine] and
                  way.customers <= answer["total"] <= len(rows),
                  "SQLAlchemy's reports", seen["report"])
    created = sum("create" in seen for seen in customers)
    for what in ("greetings", "pages", "impatience", "answers",
                 "notifications", "rows", "numbers", "REST: created",
                 "REST: listed", "SQLAlchemy's reports"):
        bad = wrong.get(what, [])
        if not tap.ok(not bad, "%s: %s" % (way, what)):
            tap.say("%d wrong, such as %r" % (len(bad), bad[0]))
    tap.ok(len(customers) == way.customers and
           created == way.customers // 3 and
           len(rows) == way.impatient + way.customers + created,
           "%s: %d rows" % (way, len(rows)))
    refused = told["stranger"]
    if not tap.ok(refused == ["CLOSE", 4401] and told["stranger_api"] == 403,
                  "%s: a stranger is refused" % way):
        tap.say("%r" % told)
    waiting = told["waiting"]
    tap.say("%s: %d dishes waited, %d Python threads, %d kernel threads" % (
        way, waiting["in_the_oven"], waiting["python_threads"],
        waiting["kernel_threads"]))
    tap.ok(waiting["in_the_oven"] == way.customers - 1 and
           waiting["python_threads"] > 2 * (way.customers - 1),
           "%s: all were there at once" % way)
    if way.mixio:
        tap.ok(0 < threads <= KERNEL_THREADS,
               "%s: at most %d kernel threads" % (way, threads))
    else:
        tap.ok(waiting["kernel_threads"] >= waiting["python_threads"],
               "%s: a kernel thread for each" % way)


def run(way, tmp, databases):
    kitchen = Kitchen(way, tmp, databases)
    begin = time.monotonic()
    try:
        told, threads = kitchen.serve()
        judge(way, told, threads, kitchen.rows())
        status = kitchen.end()
        # runserver and uvicorn end by the signal itself.
        tap.ok(status in (0, -signal.SIGTERM), "%s: ends (%s)" % (way, status))
        said = [line for line in kitchen.said().splitlines()
                if re.search("Traceback|Error|Exception|Fatal", line)]
        if not tap.ok(not said, "%s: nothing went wrong" % way):
            tap.say("\n".join(said[:5]))
            tap.say(kitchen.said()[-3000:])
    except Exception as e:
        tap.ok(False, "%s: comes to its end" % way)
        tap.say("%s: %s" % (type(e).__name__, e))
        tap.say(kitchen.said()[-3000:])
    finally:
        kitchen.stop()
    tap.say("%s: %.1f s" % (way, time.monotonic() - begin))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=200)
    parser.add_argument("-k", default="", help="only ways with this in them")
    args = parser.parse_args()
    try:
        python = lab.find_python(*NEEDED)
    except lab.LabError as e:
        tap.bail_out(str(e))
    if python != sys.executable:
        os.execv(python, [python] + sys.argv)
    if not tap.raise_nofile(10 * args.n + 500):
        tap.bail_out("the limit of open files is too low")
    chosen = [way for way in ways(args.n, min(args.n, 20))
              if args.k in str(way)]
    with contextlib.ExitStack() as stack:
        tmp = stack.enter_context(tempfile.TemporaryDirectory(
            prefix="mixio-food-"))
        databases = {}
        for driver in {way.driver for way in chosen}:
            if driver == "sqlite":
                databases[driver] = Sqlite(tmp, args.n)
            elif "postgres" not in databases:
                databases["postgres"] = Postgres(
                    stack.enter_context(lab.postgres(2 * args.n)), args.n)
        for way in chosen:
            run(way, tmp, databases.get(way.driver) or databases["postgres"])
    tap.done()


if __name__ == "__main__":
    main()
