# SPDX-License-Identifier: MIT
"""python3 -m mixio: starts a Python program opted in.

The interpreter executes itself with the object preloaded, so that everything
about the program (sys.argv, __main__, exit status, signals, interactive mode)
is the interpreter's own doing.
"""
import os
import sys
from typing import Dict, List, NoReturn, Tuple

from . import _preload
from ._debug import signal_number

USAGE = """\
usage: python3 -m mixio [options] [--] [-m MODULE | -c CODE | FILE | -] [ARGS]
"""
HELP = USAGE + """\

Starts a Python program (or, without one, the interactive interpreter) with its
main thread opted in: blocking calls park, threads are green.  Options of the
interpreter come before -m mixio, as in: python3 -X dev -m mixio FILE

options:
  --stats          print counters on standard error at exit
  --helpers N      at most N helper kernel threads (1 to 30000; 64)
  --handoff-ms N   a thread may be busy for N ms before the others move to a
                   spare kernel thread (1 to 30000; 10)
  --follow         opt in the programs that this one executes, too
  --debug          report trouble (such as a stack overflow) by thread
  --dump-signal S  on signal S (QUIT, USR1, RTMIN+1, a number ...) print every
                   thread with its stacks on standard error
  --object         print the path of the preload object, for LD_PRELOAD
  --version        print the version
  --help           print this text
"""
FLAGS = {"--stats": "MIXIO_STATS", "--follow": "MIXIO_FOLLOW",
         "--debug": "MIXIO_DEBUG"}
NUMBERS = {"--helpers": "MIXIO_HELPERS", "--handoff-ms": "MIXIO_HANDOFF_MS"}
SIGNALS = {"--dump-signal": "MIXIO_DUMP_SIGNAL"}


def die(text: str) -> NoReturn:
    sys.stderr.write("mixio: %s\n" % text)
    raise SystemExit(2)


def interpreter_options(words: List[str], n_args: int) -> List[str]:
    """The interpreter's own options, out of all words of its command line."""
    own = words[1:len(words) - n_args]
    # Our name comes last: "-m mixio", "-mmixio", "-Im mixio", "-Immixio".
    if own and own[-1] == __package__ and len(own) > 1:
        own.pop()
        own[-1] = own[-1][:-1]
    elif own and own[-1].endswith("m" + str(__package__)):
        own[-1] = own[-1][:-len("m" + str(__package__))]
    if own and own[-1] == "-":
        own.pop()
    return own


def parse(args: List[str]) -> Tuple[Dict[str, str], List[str]]:
    """(what to add to the environment, words for the interpreter)."""
    env: Dict[str, str] = {}
    i = 0
    while i < len(args) and args[i].startswith("--"):
        word, equals, value = args[i].partition("=")
        i += 1
        if word == "--":
            break
        if word == "--help":
            sys.stdout.write(HELP)
            raise SystemExit(0)
        if word in ("--version", "--object"):
            if word == "--object":
                print(_preload.find())
                raise SystemExit(0)
            # The object can tell only where it is preloaded.
            return env, ["-c", "import mixio; print('mixio', mixio.version())"]
        if word in FLAGS:
            if equals:
                die("%s takes no value" % word)
            env[FLAGS[word]] = "1"
        elif word in NUMBERS:
            if not equals:
                if i == len(args):
                    die("%s wants a number" % word)
                value = args[i]
                i += 1
            if not (value.isascii() and value.isdigit()
                    and 1 <= int(value) <= 30000):
                die("%s wants a number from 1 to 30000, not %r"
                    % (word, value[:64]))
            env[NUMBERS[word]] = value
        elif word in SIGNALS:
            if not equals:
                if i == len(args):
                    die("%s wants a signal" % word)
                value = args[i]
                i += 1
            try:
                env[SIGNALS[word]] = str(signal_number(value))
            except ValueError as e:
                die("%s %s" % (word, e))
        else:
            die("unknown option %r; see python3 -m mixio --help" % word[:64])
    program = args[i:]
    if program and program[0] in ("-m", "-c") and len(program) == 1:
        die("%s wants a %s" % (program[0], "module" if program[0] == "-m"
                               else "program"))
    if program and program[0].startswith("-") and program[0] != "-" and \
            program[0][:2] not in ("-m", "-c"):
        die("unknown option %r; options of the interpreter come before "
            "-m mixio" % program[0][:64])
    return env, program


def main() -> NoReturn:
    args = sys.argv[1:]
    own = interpreter_options(_preload._cmdline(), len(args))
    try:
        more, program = parse(args)
        env = _preload.environment(dict(os.environ))
    except _preload.NoObject as e:
        die(str(e))
    env.update(more)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execve(sys.executable, [sys.executable] + own + program, env)
    except OSError as e:
        sys.stderr.write("mixio: %s: %s\n" % (sys.executable, e.strerror))
    raise SystemExit(126)


if __name__ == "__main__":
    main()
