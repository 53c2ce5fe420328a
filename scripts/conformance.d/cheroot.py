# SPDX-License-Identifier: MIT
"""cheroot's own tests: a WSGI server with a pool of threads."""

from _fetched import Suite, sdist

VERSION = "10.0.1"

SUITE = Suite(
    "cheroot", lambda python: sdist(python, "cheroot", VERSION),
    lambda source: [source, "pytest==8.3.5", "pytest-mock==3.14.0",
                    "pytest-forked", "jaraco.context", "jaraco.text",
                    "portend", "pyopenssl==24.3.0", "pytest-timeout",
                    "requests==2.32.3", "requests-toolbelt",
                    "requests-unixsocket", "trustme==1.2.0", "urllib3<2",
                    "pypytools", "setuptools<81"],
    files=["cheroot/test/test_*.py"], copy=["cheroot"])
jobs = SUITE.jobs
