# SPDX-License-Identifier: MIT
"""The examples of doc/python.md."""
import doctest
import os

from suite import Case, HERE

SRCDIR = os.environ.get("MIXIO_SRCDIR") or \
    os.path.dirname(os.path.dirname(HERE))


class Examples(Case):
    def test_python_md(self):
        with open(os.path.join(SRCDIR, "doc", "python.md"),
                  encoding="utf-8") as f:
            text = f.read()
        test = doctest.DocTestParser().get_doctest(
            text, {"__name__": "example"}, "python.md", f.name, 0)
        self.assertGreater(len(test.examples), 50)
        said = []
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
        runner.run(test, out=said.append)
        self.assertEqual(runner.summarize(verbose=False).failed, 0,
                         "".join(said))
