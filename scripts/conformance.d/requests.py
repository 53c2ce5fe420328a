# SPDX-License-Identifier: MIT
"""requests' own tests."""

from _fetched import Suite, sdist

VERSION = "2.32.3"

SUITE = Suite(
    "requests", lambda python: sdist(python, "requests", VERSION),
    lambda source: [source + "[socks]", "pytest==8.3.5", "pytest-mock==3.14.0",
                    "pytest-httpbin==2.1.0", "httpbin==0.10.2", "trustme",
                    "flasgger==0.9.7.1", "flask==2.2.5", "werkzeug==2.2.3",
                    "urllib3==2.3.0"],
    files=["tests/test_*.py"], copy=["tests"], alone=True)
jobs = SUITE.jobs
