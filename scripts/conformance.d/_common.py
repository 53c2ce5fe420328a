# SPDX-License-Identifier: MIT
"""What suites share: the description of one process to run, its results."""

import fnmatch
import json
import os

__all__ = ["Job", "Missing", "Usage", "Known", "read_events", "read_lists"]

HERE = os.path.dirname(os.path.abspath(__file__))


class Missing(Exception):
    """The suite, or one file of it, cannot be had here; says why."""


class Usage(Exception):
    """The command line, or a list in this folder, makes no sense; says why."""


class Job:
    """One test process, run natively and under mixio.

    name     what the table calls it, unique within suite and VARIANT
    argv     the command; "{results}" in it becomes the file to write to
    variant  which interpreter or library version, "" if there is one only
    env      added to the environment ("{results}" likewise); None removes
    seconds  time limit of each run
    known    list of Known: single tests that may differ, with the reason
    skip     why this file is not run at all, or ""
    setup    None, or called with the folder that the process will start in;
             may return more of the environment
    before   words before the command, before those of `mixio run`, too
    convert  None, or called with the log and the results file after a run,
             for what cannot write results by itself
    pick     None, or gives the command for a list of single tests, None if they
             cannot be had by themselves
    """

    def __init__(self, name, argv, variant="", env=None, seconds=600,
                 known=(), skip="", setup=None, convert=None, pick=None,
                 before=()):
        self.name = name
        self.argv = argv
        self.variant = variant
        self.env = env or {}
        self.seconds = seconds
        self.known = list(known)
        self.skip = skip
        self.setup = setup
        self.convert = convert
        self.before = list(before)
        self.pick = pick


class Known:
    """A line of a .known file: VARIANT-PATTERN TEST-PATTERN REASON."""

    def __init__(self, variant, test, reason):
        self.variant = variant
        self.test = test
        self.reason = reason

    def covers(self, variant, test):
        return (fnmatch.fnmatchcase(variant, self.variant) and
                fnmatch.fnmatchcase(test, self.test))


def read_lists(name, columns):
    """The lines of data file NAME, split into COLUMNS; the last has blanks."""
    rows = []
    path = os.path.join(HERE, name)
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            row = line.split(None, columns - 1)
            if len(row) != columns:
                raise Usage("%s:%d: %d fields expected" %
                            (path, number, columns))
            rows.append(row)
    return rows


RANK = {"passed": 0, "skipped": 1, "started": 3, "failed": 2}


def read_events(path, status, mixio):
    """({test: outcome}, {test: detail}, {test: seconds}) of one run.

    STATUS is the process's exit status, negative for a signal, or "over N s";
    MIXIO is whether it was to run under mixio.
    A test that began and did not end, and a process that did not get to its
    end, are failures.
    """
    outcomes, details, seconds = {}, {}, {}
    done = False
    running = None
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            for line in f:
                try:
                    event = json.loads(line)
                except ValueError:
                    continue        # cut off by the end of the process
                if event.get("done"):
                    done = True
                    if event.get("mixio", mixio) != mixio:
                        raise SystemExit(
                            "conformance: %s: the run %s mixio was not one" %
                            (path, "under" if mixio else "without"))
                    continue
                test, outcome = event["id"], event["outcome"]
                if outcome == "started":
                    running = test
                    outcomes.setdefault(test, "started")
                    continue
                running = None
                old = outcomes.get(test)
                if old in (None, "started") or RANK[outcome] > RANK[old]:
                    outcomes[test] = outcome
                    details[test] = event.get("detail", "")
                seconds[test] = event.get("seconds", 0)
    for test, outcome in outcomes.items():
        if outcome == "started":
            # With subtests only the failed ones are told of.
            outcomes[test] = "failed" if test == running else "passed"
            if test == running:
                details[test] = "the process ended in it: %s" % (status,)
    if not done or isinstance(status, str) or status < 0:
        outcomes["(process)"] = "failed"
        details["(process)"] = "ended by %s" % (status,)
    else:
        outcomes["(process)"] = "passed"
    return outcomes, details, seconds
