# SPDX-License-Identifier: MIT
"""Run one of Django's test packages, by its own runtests.py.

    python _django_driver.py RESULTS RUNTESTS.PY SETTINGS LABEL

SETTINGS is a module beside it or in the current folder.  Writes results as
_unittest_driver.py does.
"""

import os
import runpy
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
if HERE not in map(os.path.abspath, sys.path):
    sys.path.insert(0, HERE)
from _unittest_driver import Recorder, opted_in, patch, text_of  # noqa: E402

# A suite here is a module with Django's name.
sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != HERE]


def main():
    results, script, settings, label = sys.argv[1:5]
    import faulthandler
    faulthandler.enable(all_threads=True, file=sys.__stderr__.fileno())
    recorder = Recorder(results)
    patch(recorder)
    sys.path[:0] = [os.path.dirname(script), os.getcwd()]
    sys.argv[:] = [script, label, "--settings=" + settings, "--parallel=1",
                   "--verbosity=2", "--noinput"]
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit:
        pass                            # recorded test by test
    except Exception:
        recorder.write(id="(label)", outcome="failed",
                       detail=text_of(sys.exc_info())[-1500:])
    recorder.write(done=True, mixio=opted_in())


if __name__ == "__main__":
    main()
