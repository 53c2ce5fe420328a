# SPDX-License-Identifier: MIT
"""hiredis' own test program against a real Redis: C, TCP and unix sockets."""

import json
import os
import re
import shutil

from _common import Job, Missing
from _fetched import cache, debian_source, once, run
from _redis import Redis

SERVER = Redis()
servers = SERVER.servers


def build():
    """The test program, made of Debian's source package."""
    source = debian_source("hiredis")

    def make(folder):
        tree = os.path.join(folder, "tree")
        shutil.copytree(source, tree)
        run(["make", "-C", tree, "hiredis-test"], "make hiredis-test")
        shutil.copy2(os.path.join(tree, "hiredis-test"), folder)
        shutil.rmtree(tree)
    return os.path.join(once(cache("build", "hiredis"), make), "hiredis-test")


def convert(log, results):
    """Its lines, "#07 What: PASSED", as results; mixio's own says it ran."""
    with open(log, encoding="utf-8", errors="replace") as f:
        said = re.sub("\x1b\\[[0-9;]*m", "", f.read())
    # stderr is in the same file, wherever stdout's buffer ended.
    stats = re.search("mixio: stats .*\n", said)
    if stats:
        said = said.replace(stats.group(0), "")
    done = re.search("ALL TESTS PASSED|TESTS FAILED", said)
    tests = re.findall(r"#\d+ .*?(?=#\d+ |\Z)", said, re.S)
    with open(results, "w", encoding="utf-8") as f:
        for text in tests:
            # Those that only measure say neither.
            good = "FAILED" not in text and (
                "PASSED" in text or done or text is not tests[-1])
            f.write(json.dumps({
                "id": re.sub(r": .*|:?$", "", text.splitlines()[0]),
                "outcome": "passed" if good else "failed",
                "detail": text[-300:]}) + "\n")
        if done:
            f.write(json.dumps({"done": True, "mixio": bool(stats)}) + "\n")


def setup(work):
    SERVER.flush()


def jobs(opts):
    if opts.core and "hiredis" not in opts.suites:
        raise Missing("not part of the core")
    return [Job("hiredis-test", [build(), "-h", "127.0.0.1", "-p",
                                 str(SERVER.choose()), "-s", SERVER.unix],
                env={"MIXIO_STATS": "1"}, seconds=300, setup=setup,
                convert=convert)]
