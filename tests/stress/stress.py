#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Build stress.c and run it under mixio; its output is TAP already.

Options are passed on; without any: --seconds $MIXIO_STRESS_SECONDS (10).
"""
import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

program = tap.compile_c(Path(__file__).resolve().parent / "stress.c", "-ldl")
options = sys.argv[1:] or ["--seconds",
                           os.environ.get("MIXIO_STRESS_SECONDS", "10")]
command = tap.mixio("--stats") + [program] + options
sys.stdout.flush()
os.execvpe(command[0], command, tap.environment())
