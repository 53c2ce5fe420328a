# SPDX-License-Identifier: MIT
"""urllib3's own tests: its server is a thread beside them."""

from _fetched import Suite, sdist

VERSION = "2.3.0"

SUITE = Suite(
    "urllib3", lambda python: sdist(python, "urllib3", VERSION),
    lambda source: [source + "[socks,brotli]", "pytest==8.3.5",
                    "pytest-timeout==2.3.1", "h2==4.1.0", "hypercorn==0.17.3",
                    "quart==0.20.0", "quart-trio==0.12.0", "trio==0.27.0",
                    "trustme==1.2.0", "httpx==0.28.1", "pysocks",
                    "pyopenssl==24.3.0", "cryptography==44.0.0", "idna"],
    files=["test/test_*.py", "test/*/test_*.py"],
    copy=["test", "dummyserver", "pyproject.toml"],
    # wants a host that never answers
    args=["-k", "not test_http2_probe_blocked_per_thread"], alone=True)
jobs = SUITE.jobs
