# SPDX-License-Identifier: MIT
"""Opting in, and python3 -m mixio."""
import os
import signal
import subprocess
import sys
import tempfile
import threading


import mixio
from suite import Case, LIMIT, core, eventually, parked

# The tests' own environment, less what makes a program start opted in.
BARE = {k: v for k, v in os.environ.items()
        if k not in ("LD_PRELOAD", "MIXIO_RUN")}


def python(*words, env=None, **more):
    return subprocess.run([sys.executable, *words], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=dict(BARE, **env or {}),
                          universal_newlines=True, timeout=LIMIT, **more)


class NotPreloaded(Case):
    def test_text_says_the_command(self):
        code = """if 1:
            import mixio
            assert not mixio.preloaded() and not mixio.entered()
            for f in (mixio.enter, mixio.leave, mixio.stats, mixio.version,
                      mixio.start_loop, lambda: mixio.spawn(int),
                      mixio.Executor, lambda: mixio.opted_in().__enter__()):
                try: f()
                except mixio.NotPreloaded as e: print(e)
            """
        with tempfile.NamedTemporaryFile("w", suffix=".py") as f:
            f.write(code)
            f.flush()
            done = python("-X", "dev", f.name, "an arg")
        lines = done.stdout.splitlines()
        self.assertEqual((done.stderr, len(lines)), ("", 8))
        self.assertEqual(len(set(lines)), 1)
        self.assertIn(" -X dev -m mixio %s 'an arg'" % f.name, lines[0])
        # What would not fit into a line is left out.
        lines = python("-c", code).stdout.splitlines()
        self.assertEqual(len(lines), 8)
        self.assertIn(" -m mixio FILE", lines[0])

    def test_command_works(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "it's.py")
            with open(path, "w") as f:
                f.write("import mixio, sys\n"
                        "try: mixio.enter(); print('in', sys.argv[1])\n"
                        "except mixio.NotPreloaded as e:\n"
                        "    print(str(e).split('start it by: ')[1])\n")
            told = python(path, "a b").stdout.strip()
            python_dir = os.path.dirname(sys.executable)
            done = subprocess.run(
                ["sh", "-c", told], stdout=subprocess.PIPE, timeout=LIMIT,
                env=dict(BARE, PATH=python_dir + ":" + os.environ["PATH"]))
            self.assertEqual(done.stdout, b"in a b\n", told)

    def test_kernel_threads_do_nothing(self):
        done = python("-c", "import mixio\n"
                      "with mixio.kernel_threads(): print('fine')")
        self.assertEqual(done.stdout, "fine\n")


class Enter(Case):
    @core
    def test_everything(self):
        """In a program that only has the object preloaded."""
        code = """if 1:
            import mixio, threading, time
            assert mixio.preloaded() and not mixio.entered()
            for f in (mixio.leave, mixio.stats, mixio.dump,
                      lambda: mixio.spawn(int)):
                try: f(); print("?")
                except mixio.NotOptedIn: pass
            mixio.enter()
            mixio.enter()
            assert mixio.entered() and mixio.stats().live == 1
            go = threading.Event()
            t = threading.Thread(target=go.wait)
            t.start()
            try: mixio.leave(); print("?")
            except RuntimeError as e: assert "join" in str(e)
            try: mixio.spawn(mixio.leave).result(); print("?")
            except RuntimeError as e: assert "green" in str(e), e
            go.set()
            t.join()
            mixio.leave()
            assert not mixio.entered()
            with mixio.opted_in():
                done = mixio.spawn(time.sleep, 0.05)
                with mixio.opted_in():
                    assert mixio.entered()
                assert mixio.entered()
                loop = mixio.start_loop()
            assert done.done() and not mixio.entered()
            assert loop.loop.is_closed()
            try:
                with mixio.opted_in(): 1 / 0
            except ZeroDivisionError: pass
            assert not mixio.entered()
            for i in range(20):
                with mixio.opted_in(): mixio.spawn(int).result()
            print("fine", mixio.version())"""
        done = python("-c", code, env={"LD_PRELOAD": os.environ["MIXIO_LIB"]})
        self.assertEqual((done.stdout, done.stderr),
                         ("fine %s\n" % mixio.version(), ""))

    def test_stats_and_dump(self):
        go = threading.Event()
        before = parked()
        task = mixio.spawn(go.wait)
        self.addCleanup(task.result, LIMIT)
        self.addCleanup(go.set)
        eventually(lambda: parked() > before)
        stats = mixio.stats()
        self.assertGreaterEqual(stats.live, 2)
        with tempfile.TemporaryFile("w+") as f:
            f.write("first\n")
            mixio.dump(f)
            f.seek(0)
            text = f.read()
        self.assertTrue(text.startswith("first\n"))
        self.assertIn("sem_", text)


class Launcher(Case):
    """python3 -m mixio."""

    SHOW = ("import mixio, sys, json\n"
            "print(json.dumps([mixio.entered(), __name__, sys.argv,"
            " sys.path[0]]))\n")

    def show(self, *words, **more):
        import json
        done = python(*words, **more)
        self.assertEqual(done.stderr, "")
        return json.loads(done.stdout)

    @core
    def test_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "prog.py")
            with open(path, "w") as f:
                f.write(self.SHOW)
            expected = [True, "__main__", [path, "-m", "--x", "a b"],
                        os.path.realpath(folder)]
            for words in (["-m", "mixio"], ["-mmixio"], ["-Bm", "mixio"],
                          ["-m", "mixio", "--"], ["-X", "dev", "-mmixio"]):
                got = self.show(*words, path, "-m", "--x", "a b")
                got[3] = os.path.realpath(got[3])
                self.assertEqual(got, expected, words)

    def test_module_and_code(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(folder + "/pkg")
            for name in ("__init__", "__main__"):
                with open(folder + "/pkg/%s.py" % name, "w") as f:
                    f.write(self.SHOW if name == "__main__" else "")
            got = self.show("-m", "mixio", "-m", "pkg", "-x", cwd=folder)
            self.assertEqual(got[:2], [True, "__main__"])
            self.assertEqual([os.path.basename(got[2][0]), got[2][1]],
                             ["__main__.py", "-x"])
            got = self.show("-m", "mixio", "-c", self.SHOW, "-y", cwd=folder)
            self.assertEqual(got[:3], [True, "__main__", ["-c", "-y"]])

    def test_stdin(self):
        got = self.show("-m", "mixio", input=self.SHOW)
        self.assertEqual(got[:3], [True, "__main__", [""]])
        got = self.show("-m", "mixio", "-", "x", input=self.SHOW)
        self.assertEqual(got[:3], [True, "__main__", ["-", "x"]])

    def test_exit_status(self):
        for code, status in (("raise SystemExit(7)", 7), ("1/0", 1),
                             ("import os; os.kill(os.getpid(), 9)", -9),
                             ("pass", 0)):
            self.assertEqual(python("-m", "mixio", "-c", code).returncode,
                             status)

    def test_interpreter_options(self):
        done = python("-W", "error::UserWarning", "-O", "-X", "dev", "-m",
                      "mixio", "-c", "import sys; print(sys.flags.optimize, "
                      "sys.flags.dev_mode, sys.warnoptions)")
        self.assertIn("1 True", done.stdout)
        self.assertIn("error::UserWarning", done.stdout)

    def test_options(self):
        done = python("-m", "mixio", "--stats", "--helpers=3",
                      "--handoff-ms", "20", "-c", "import os; "
                      "print(os.environ['MIXIO_HELPERS'],"
                      " os.environ['MIXIO_HANDOFF_MS'])")
        self.assertEqual(done.stdout, "3 20\n")
        self.assertIn("mixio: stats switches=", done.stderr)
        done = python("-m", "mixio", "--version")
        self.assertEqual(done.stdout, "mixio %s\n" % mixio.version())
        done = python("-m", "mixio", "--object")
        self.assertTrue(os.path.exists(done.stdout.strip()))
        done = python("-m", "mixio", "--help")
        self.assertIn("usage: python3 -m mixio", done.stdout)

    def test_bad_options(self):
        for words in (["--bogus"], ["--helpers"], ["--helpers", "0"],
                      ["--helpers=x"], ["--stats=1"], ["-q"], ["-m"],
                      ["-c"], ["--handoff-ms", "\u0663"]):
            done = python("-m", "mixio", *words)
            self.assertEqual((done.returncode, done.stdout,
                              done.stderr.count("\n"), done.stderr[:7]),
                             (2, "", 1, "mixio: "), (words, done.stderr))

    def test_no_object(self):
        done = python("-m", "mixio", "-c", "1",
                      env={"MIXIO_LIB": "/nonexistent/libmixio.so"})
        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1))
        self.assertIn("MIXIO_LIB", done.stderr)
        with tempfile.TemporaryDirectory(prefix="a b") as folder:
            path = folder + "/libmixio.so"
            open(path, "w").close()
            done = python("-m", "mixio", "-c", "1", env={"MIXIO_LIB": path})
            self.assertEqual(done.returncode, 2)
            self.assertIn("blanks", done.stderr)

    def test_children_start_clean(self):
        code = ("import subprocess, sys, os\n"
                "print(os.environ.get('LD_PRELOAD'))\n"
                "subprocess.run([sys.executable, '-c',"
                " 'import mixio; print(mixio.preloaded())'])")
        done = python("-u", "-m", "mixio", "-c", code)
        self.assertEqual(done.stdout, "None\nFalse\n")
        done = python("-m", "mixio", "--follow", "-c",
                      "import subprocess, sys\n"
                      "subprocess.run([sys.executable, '-c',"
                      " 'import mixio; print(mixio.entered())'])")
        self.assertEqual(done.stdout, "True\n")

    def test_interrupt(self):
        child = subprocess.Popen(
            [sys.executable, "-u", "-m", "mixio", "-c",
             "import mixio, time\nt = mixio.spawn(time.sleep, 0.5)\n"
             "try: print('up'); t.result(); time.sleep(1000)\n"
             "except KeyboardInterrupt: print('caught')"],
            stdout=subprocess.PIPE, env=BARE)
        self.assertEqual(child.stdout.readline(), b"up\n")
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.stdout.read(), b"caught\n")
        child.stdout.close()
        self.assertEqual(child.wait(LIMIT), 0)

    def test_waits_for_tasks_at_exit(self):
        done = python("-m", "mixio", "-c", "import mixio, time\n"
                      "said = []\n"
                      "def later():\n"
                      "    while not said: time.sleep(0.001)\n"
                      "    print('later')\n"
                      "mixio.spawn(later); print('now'); said.append(1)")
        self.assertEqual((done.stdout, done.stderr), ("now\nlater\n", ""))
