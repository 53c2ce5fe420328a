# SPDX-License-Identifier: MIT
"""The main job, natively and under mixio, side by side.

A thread-per-connection HTTP server in C that takes its time, a Python program
that asks it from a thousand threads and more, and many psycopg2 connections
to a real PostgreSQL with slow queries. The programs are the same files in
both runs, and check every reply that they get. scripts/demo calls this.
"""

from __future__ import annotations

import argparse
import json
import re
import sys

import lab

TIMEOUT = 120           # s, for each client
WATCH = 0.005           # s between two looks at a program's threads
KERNEL_THREADS_MAX = 4  # under mixio, besides helpers


class Progress:
    """"1200/2000" on one line of a terminal, or line by line elsewhere."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.tty = sys.stdout.isatty()
        self.said = ""

    def __enter__(self) -> Progress:
        if self.tty:
            self.show("")
        return self

    def __exit__(self, *exc: object) -> None:
        if self.tty:
            print(flush=True)

    def line(self, text: str) -> None:
        """Takes a line of a client's stderr."""
        if re.fullmatch(r"\d+/\d+", text):
            self.show(text)
        elif not text.startswith("mixio: stats"):
            print(f"\n  {text}" if self.tty else f"  {text}", flush=True)

    def show(self, text: str) -> None:
        if self.tty:
            print(f"\r{self.what}: {text}", end="", flush=True)
        else:
            print(f"{self.what}: {text}", flush=True)


def helpers(result: lab.Result) -> int | None:
    """How many of its kernel threads mixio says were helpers at most."""
    found = re.search(r"^mixio: stats .*\bhelpers_peak=(\d+)",
                      result.stderr, re.M)
    return int(found[1]) if found else None


def figures(prefix: str, result: lab.Result) -> dict[str, float]:
    """The rows of the table that come from one program."""
    row: dict[str, float] = {f"{prefix} kernel threads, peak": result.threads}
    count = helpers(result)
    if count is not None:
        row[f"{prefix} helpers among them"] = count
    row[f"{prefix} CPU, s"] = result.cpu
    row[f"{prefix} memory, peak, MiB"] = result.rss / 1024
    return row


def check(errors: list[str], what: str, result: lab.Result,
          under_mixio: bool) -> None:
    """Adds to the errors what is not right about a program that ended."""
    if result.status:
        tail = result.stderr.strip().splitlines()[-3:]
        errors.append(f"{what}: exit status {result.status} {' | '.join(tail)}")
    if under_mixio:
        count = helpers(result)
        if count is None:
            errors.append(f"{what}: mixio printed no statistics")
        elif result.threads - count > KERNEL_THREADS_MAX:
            errors.append(f"{what}: {result.threads} kernel threads, "
                          f"{count} of them helpers")


def replies(result: lab.Result) -> str:
    """"2000/2000" out of a client's "right 2000 of 2000 ...\""""
    found = re.match(r"right (\d+) of (\d+)", result.stdout)
    return f"{found[1]}/{found[2]}" if found else "none"


def http_job(words: list[str], label: str, build: lab.Build,
             requests: int, errors: list[str]) -> dict[str, object]:
    """The HTTP server and its client, both after @words; gives a column."""
    python = lab.find_python()
    with Progress(f"{label}: {requests} HTTP requests") as progress, \
            lab.Program([*words, build.program("examples/httpd")],
                        watch=WATCH) as server:
        argv = [*words, python, lab.TOP / "examples" / "fanout.py",
                "--together", "--count", str(requests),
                str(lab.port_of(server))]
        with lab.Program(argv, watch=WATCH,
                         on_stderr=progress.line) as client:
            client.wait(TIMEOUT)
        server.stop()
    check(errors, f"{label}, HTTP client", client.result, bool(words))
    check(errors, f"{label}, HTTP server", server.result, bool(words))
    right = replies(client.result)
    if right != f"{requests}/{requests}":
        errors.append(f"{label}: {right} HTTP replies right")
    return {
        "wall time, s": client.result.wall,
        **figures("client:", client.result),
        **figures("server:", server.result),
        "replies right": right,
    }


def database_job(words: list[str], label: str, dsn: str, connections: int,
                 queries: int, errors: list[str]) -> dict[str, object]:
    """The PostgreSQL client after @words; gives a column."""
    python = lab.find_python("psycopg2")
    with Progress(f"{label}: {connections * queries} queries") as progress:
        argv = [*words, python, lab.TOP / "examples" / "queries.py",
                "--connections", str(connections),
                "--queries", str(queries), dsn]
        with lab.Program(argv, watch=WATCH,
                         on_stderr=progress.line) as client:
            client.wait(TIMEOUT)
    check(errors, f"{label}, PostgreSQL client", client.result, bool(words))
    right = replies(client.result)
    if right != f"{connections * queries}/{connections * queries}":
        errors.append(f"{label}: {right} rows right")
    return {
        "wall time, s": client.result.wall,
        **figures("client:", client.result),
        "rows right": right,
    }


def cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def print_table(title: str, columns: dict[str, dict[str, object]]) -> None:
    # The column of mixio has rows of its own, between those of both.
    rows = list(columns[list(columns)[-1]])
    width = max(len(row) for row in rows) + 2
    print(f"\n{title}")
    print(" " * width + "".join(f"{name:>12}" for name in columns))
    for row in rows:
        print(f"{row:<{width}}" + "".join(
            f"{cell(column.get(row, '-')):>12}" for column in columns.values()))


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/demo",
                                     description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=100,
                        help="to PostgreSQL")
    parser.add_argument("--queries", type=int, default=10,
                        help="on each connection")
    parser.add_argument("--native-only", action="store_true")
    parser.add_argument("--json", metavar="FILE", help="figures as JSON too")
    options = parser.parse_args()

    lab.die_by_signal()
    lab.raise_fd_limit(options.requests + 100)
    build = lab.Build()
    modes = {"native": []}
    if not options.native_only:
        if not build.has_mixio:
            raise lab.LabError(f"no mixio in {build.dir}: build it first")
        modes["mixio"] = build.mixio("--stats")

    errors: list[str] = []
    http = {label: http_job(words, label, build, options.requests, errors)
            for label, words in modes.items()}
    print("starting a temporary PostgreSQL", flush=True)
    with lab.postgres(options.connections) as dsn:
        database = {label: database_job(words, label, dsn, options.connections,
                                        options.queries, errors)
                    for label, words in modes.items()}

    print_table(f"{options.requests} HTTP requests of 100 ms, "
                f"each from a thread of its own", http)
    print_table(f"{options.connections} PostgreSQL connections, "
                f"{options.queries} queries of 50 ms on each", database)
    print()
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"http": http, "database": database,
                       "errors": errors}, file, indent=2)
    for error in errors:
        print("WRONG:", error)
    if not errors:
        print("all replies right")
    return 1 if errors else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except lab.LabError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit("demo: interrupted")
