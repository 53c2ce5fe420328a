#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Servers and clients of other makers under load, natively and under mixio.

Servers: MariaDB (mysqlslap), stunnel in front of nginx, privoxy (siege and
curl).  Clients: siege, pgbench, redis-benchmark, curl with its threaded
resolver.  What comes out has to be right, to the byte where there are bytes;
nobody may report an error; kernel threads are at most helpers and three.
Loopback and unix sockets only.

    others.py               the short version, a test: prints TAP
    others.py --table       500 users, a table of throughput and CPU beside
                            the native run; its status is 1 if something is
                            wrong
    others.py --list

MIXIO and MIXIO_BUILDDIR name the build, as for the other tests.
"""
import argparse
import contextlib
import hashlib
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent / "scripts")]
import lab  # noqa: E402
import tap  # noqa: E402

MORE_KERNEL_THREADS = 3     # carrier, monitor, one to hand over to
WATCH = 0.02                # s between two looks at a program
SIZES = [0, 1, 100, 4000, 16384, 70000, 300000]


class Wrong(Exception):
    """What is told of a case that did not go as it has to."""


class Impossible(Exception):
    """Why a case cannot be run here."""


class Figures:
    """What one run of one case gave."""

    def __init__(self):
        self.rate = 0.0         # what was done in a second
        self.cpu = 0.0          # us of the program's CPU for one of it
        self.threads = 0        # kernel threads, peak
        self.helpers = 0        # mixio's own count, of these
        self.rss = 0            # KiB, peak
        self.stats = ""         # mixio's line of counters
        self.wrong = []         # what is not as it has to be

    def judge(self, program, done, seconds, cpu):
        """Fill in from a program that has ended."""
        result = program.result
        self.rate = done / seconds if seconds else 0.0
        self.cpu = cpu * 1e6 / done if done else 0.0
        self.threads, self.rss = result.threads, result.rss
        found = re.search(r"mixio: stats .*helpers_peak=(\d+).*",
                          result.stderr)
        if found:
            self.stats = found.group(0)
            self.helpers = int(found.group(1))

    def check(self, good, text):
        if not good:
            self.wrong.append(text)


def find(name):
    """The path of a program, which may stand outside of PATH."""
    if name in ("pgbench", "psql"):     # Debian's are scripts
        path = str(lab.postgres_program(name))
    else:
        path = shutil.which(name) or shutil.which(
            name, path="/usr/sbin:/sbin:/usr/local/sbin")
    if not path or not os.access(path, os.X_OK):
        raise lab.LabError("no %s: run scripts/setup" % name)
    return path


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, test, program, seconds=60):
    """Wait until test() is true, while PROGRAM lives."""
    end = time.monotonic() + seconds * tap.SLOW
    while time.monotonic() < end and program.running():
        if test():
            return
        time.sleep(0.05)
    result = program.stop()
    raise Wrong("%s is not ready: status %s, %s" % (
        what, result.status, (result.stderr or result.stdout)[-600:]))


def answers(port):
    def test():
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False
    return test


def tool(*argv, seconds=300, good=(0,)):
    """Run a native program to its end; its stdout."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=seconds * tap.SLOW,
            env=tap.environment(), check=False)
    except subprocess.TimeoutExpired as e:
        raise Wrong("%s did not end in %d s: %s" % (
            os.path.basename(argv[0]), seconds,
            ((e.stdout or b"") + (e.stderr or b""))[-400:])) from None
    if done.returncode not in good:
        raise Wrong("%s: status %d, %s" % (
            os.path.basename(argv[0]), done.returncode,
            (done.stderr or done.stdout).decode(errors="replace")[-600:]))
    return done.stdout.decode(errors="replace")


class Bench:
    """The place where everything happens, and what all cases use."""

    def __init__(self, place, stack, users, scale):
        self.place = pathlib.Path(place)
        self.stack = stack
        self.users = users      # connections at once
        self.scale = scale      # multiplies how often each does something
        self.made = {}

    def once(self, name, make):
        """What make() gives, made when it is first asked for."""
        if name not in self.made:
            self.made[name] = make()
        return self.made[name]

    def folder(self, name):
        path = self.place / name
        if not path.exists():
            path.mkdir()
            path.chmod(0o755)
        return path

    def start(self, argv, **more):
        """A native program that lives as long as the bench."""
        return self.stack.enter_context(lab.Program(argv, **more))

    # ------------------------------------------------------------- nginx

    def bodies(self):
        """{name: bytes} of the files that nginx serves."""
        return self.once("bodies", lambda: {
            "f%d" % n: hashlib.shake_128(b"file %d" % n).digest(
                SIZES[n % len(SIZES)]) for n in range(2 * len(SIZES))})

    def nginx(self):
        """The port of an nginx with the bodies."""
        def make():
            root = self.folder("www")
            for name, data in self.bodies().items():
                (root / name).write_bytes(data)
            port = free_port()
            conf = self.place / "nginx.conf"
            temp = "".join(
                "%s_temp_path %s/nginx-%s;" % (kind, self.place, kind)
                for kind in ("client_body", "proxy", "fastcgi", "uwsgi",
                             "scgi"))
            conf.write_text(
                "%s daemon off; worker_processes 1; error_log stderr crit;"
                " pid %s/nginx.pid; events { worker_connections 4000; }"
                " http { access_log off; sendfile on; %s"
                " keepalive_requests 1000000; default_type text/plain;"
                " server { listen 127.0.0.1:%d backlog=4096; root %s; } }" % (
                    "user root;" if os.geteuid() == 0 else "", self.place,
                    temp, port, root))
            server = self.start([find("nginx"), "-e", "stderr", "-c", conf])
            until("nginx", answers(port), server)
            return port
        return self.once("nginx", make)

    # ------------------------------------------------- load by native clients

    def siege_command(self, base, times, proxy=None):
        """siege: users at once, each asks for a file that many times."""
        name = "siege-%s" % hashlib.sha1(
            ("%s%s" % (base, proxy)).encode()).hexdigest()[:8]
        urls, rc = self.place / (name + ".urls"), self.place / (name + ".rc")
        urls.write_text("".join("%s/%s\n" % (base, n) for n in self.bodies()))
        rc.write_text(
            "verbose = false\nquiet = false\ncolor = off\nlogging = false\n"
            "show-logfile = false\nlimit = 2000\nprotocol = HTTP/1.1\n"
            "chunked = true\nconnection = keep-alive\ncache = false\n"
            "benchmark = true\ntimeout = 120\nfailures = 1\nparser = false\n"
            "json_output = true\nurl-escaping = false\n" +
            ("proxy-host = 127.0.0.1\nproxy-port = %d\n" % proxy
             if proxy else ""))
        return [find("siege"), "-R", rc, "-b", "-q", "-j", "-c",
                str(self.users), "-r", str(times), "-f", urls]

    def siege_result(self, out, times, figures):
        """(transactions, seconds) of what siege says."""
        found = re.search(r"\{[^{}]*\}", out)
        if not found:
            raise Wrong("siege says %r" % out[-400:])
        said = json.loads(found.group(0))
        wanted = self.users * times
        figures.check(said["transactions"] == wanted and
                      said["failed_transactions"] == 0,
                      "siege: %(transactions)d transactions, %(failed_"
                      "transactions)d failed" % said)
        # Every user walks the list from its own place on, so the bytes are
        # known when the list is walked a whole number of times.
        return said["transactions"], said["elapsed_time"]

    def curl_command(self, base, count, into, more=()):
        """curl: that many files at once, into a folder; "{}" is a number."""
        argv = [find("curl"), "--silent", "--show-error", "--fail",
                "--parallel", "--parallel-immediate", "--parallel-max",
                str(min(count, 300)), "--max-time", "120", *more]
        names = list(self.bodies())
        for n in range(count):
            argv += ["-o", "%s/%d" % (into, n),
                     "%s/%s" % (base.replace("{}", str(n)),
                                names[n % len(names)])]
        return argv

    def curl_result(self, count, into, figures):
        """How many of the files that curl wrote are right."""
        bodies = list(self.bodies().values())
        good = 0
        for n in range(count):
            path = into / str(n)
            want = bodies[n % len(bodies)]
            have = path.read_bytes() if path.exists() else b""
            good += have == want
        figures.check(good == count, "curl: %d files of %d are right" %
                      (good, count))
        return good

    def fresh(self):
        return pathlib.Path(tempfile.mkdtemp(dir=self.place))


# ------------------------------------------------------------------- servers


def serve(bench, prefix, argv, ready, load, figures, ends=(0,)):
    """Start a server, put load(server) on it, end it."""
    with lab.Program(prefix + argv, watch=WATCH,
                     env=tap.environment()) as server:
        ready(server)
        cpu, began = server.cpu(), time.monotonic()
        done, seconds = load(server)
        seconds = seconds or time.monotonic() - began
        cpu = server.cpu() - cpu
        figures.check(server.running(), "it has ended: %s" % server.name)
        server.stop(signal.SIGTERM, 60 * tap.SLOW)
    figures.check(server.result.status in ends,
                  "status %d after SIGTERM: %s" % (
                      server.result.status, server.result.stderr[-600:]))
    figures.judge(server, done, seconds, cpu)


def mariadb(bench, prefix, figures):
    """Thread per connection; mysqlslap. Unit: a statement."""
    user = "root" if os.geteuid() == 0 else pwd.getpwuid(os.getuid()).pw_name

    def make():
        data = bench.folder("mariadb")
        tool(find("mariadb-install-db"), "--no-defaults", "--skip-test-db",
             "--auth-root-authentication-method=normal", "--user=" + user,
             "--datadir=%s" % data, "--skip-name-resolve", "--cross-bootstrap")
        return data
    first = bench.once("mariadb", make)
    data = bench.fresh() / "data"
    shutil.copytree(first, data)
    path = str(data.parent / "s")
    client = ["--no-defaults", "--user=root", "--socket=" + path]
    # each connection runs the four of them in turn
    statements = 4 * max(3, 6 * bench.scale) * bench.users
    argv = [find("mariadbd"), "--no-defaults", "--datadir=%s" % data,
            "--socket=" + path, "--skip-networking", "--user=" + user,
            "--max-connections=%d" % (bench.users + 20),
            "--back-log=%d" % (bench.users + 20),
            "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=16M",
            "--innodb-flush-log-at-trx-commit=0", "--sync-binlog=0",
            "--thread-handling=one-thread-per-connection",
            "--pid-file=%s/pid" % data.parent, "--skip-log-bin",
            "--innodb-fast-shutdown=2"]

    def ready(server):
        def test():
            return os.path.exists(path) and subprocess.run(
                [find("mariadb-admin"), *client, "ping"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, check=False).returncode == 0
        until("mariadbd", test, server, 120)

    def sql(text):
        return tool(find("mariadb"), *client, "-N", "-B", "-e", text).split()

    def load(server):
        sql("create database slap; use slap; create table slap.t (id int auto_increment"
            " primary key, who int, what varchar(80)) engine=innodb;"
            " create table slap.k (id int primary key, what varchar(80));"
            " insert into slap.k select seq, sha1(seq) from slap.seq_1_to_1000")
        began = time.monotonic()
        tool(find("mysqlslap"), *client, "--create-schema=slap", "--no-drop",
             "--concurrency=%d" % bench.users, "--iterations=1",
             "--number-of-queries=%d" % statements, "--delimiter=;",
             "--query=insert into t (who, what) values (connection_id(),"
             " sha1(connection_id())); select what from k where id = 7;"
             " select count(*) from k where what = sha1(500);"
             " select sleep(0.01)", seconds=400)
        seconds = time.monotonic() - began
        rows, users, wrong = map(int, sql(
            "select count(*), count(distinct who), sum(what <> sha1(who))"
            " from slap.t"))
        figures.check(rows * 4 == statements and wrong == 0 and
                      users == bench.users,
                      "%d rows of %d, %d wrong, of %d connections" % (
                          rows, statements // 4, wrong, users))
        failed = sql("show global status like 'aborted_clients'")[1]
        figures.check(failed == "0", "%s aborted clients" % failed)
        return statements, seconds
    serve(bench, prefix, argv, ready, load, figures)


def certificate(bench):
    def make():
        path = bench.place / "key.pem"
        cert = bench.place / "cert.pem"
        tool(find("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
             "/CN=localhost", "-keyout", str(path), "-out", str(cert))
        return path, cert
    return bench.once("certificate", make)


def stunnel(bench, prefix, figures):
    """Thread per connection, TLS, before nginx; siege. Unit: a request."""
    key, cert = certificate(bench)
    port, origin = free_port(), bench.nginx()
    conf = bench.fresh() / "conf"
    conf.write_text(
        "foreground = yes\npid =\nsyslog = no\ndebug = warning\n"
        "socket = l:TCP_NODELAY=1\n[web]\naccept = 127.0.0.1:%d\n"
        "connect = 127.0.0.1:%d\nkey = %s\ncert = %s\n" % (
            port, origin, key, cert))
    web(bench, prefix, figures, [find("stunnel4"), conf], port,
        "https://127.0.0.1:%d" % port, None, ["--insecure", "--http1.1"])


def privoxy(bench, prefix, figures):
    """Thread per connection, HTTP proxy; siege. Unit: a request."""
    port, origin = free_port(), bench.nginx()
    conf = bench.fresh() / "conf"
    conf.write_text(
        "listen-address 127.0.0.1:%d\nmax-client-connections %d\n"
        "toggle 1\nconfdir %s\nkeep-alive-timeout 60\nsocket-timeout 120\n"
        "connection-sharing 0\nlisten-backlog 1024\n" % (
            port, bench.users + 400, conf.parent))
    web(bench, prefix, figures, [find("privoxy"), "--no-daemon", conf], port,
        "http://127.0.0.1:%d" % origin, port,
        ["--proxy", "http://127.0.0.1:%d" % port],
        (signal.SIGTERM,))      # it exits with the signal's number


def web(bench, prefix, figures, argv, port, base, proxy, options, ends=(0,)):
    """Files through a server: many by siege, then some by curl, compared."""
    times = max(2, 10 * bench.scale)

    def load(server):
        out = tool(*bench.siege_command(base, times, proxy), seconds=400)
        done, seconds = bench.siege_result(out, times, figures)
        into = bench.fresh()
        tool(*bench.curl_command(base, min(bench.users, 300), into, options))
        return done + bench.curl_result(min(bench.users, 300), into,
                                        figures), None
    serve(bench, prefix, argv,
          lambda server: until(server.name, answers(port), server), load,
          figures, ends)


# ------------------------------------------------------------------- clients


def ask(prefix, argv, figures, seconds=400):
    """Run a client to its end."""
    with lab.Program(prefix + argv, watch=WATCH,
                     env=tap.environment()) as program:
        result = program.wait(seconds * tap.SLOW)
    figures.check(result.status == 0, "status %d: %s" % (
        result.status, result.stderr[-600:]))
    return program


def siege(bench, prefix, figures):
    """A thread for each user. Unit: a request."""
    times = max(4, 20 * bench.scale)
    program = ask(prefix, bench.siege_command(
        "http://127.0.0.1:%d" % bench.nginx(), times), figures)
    done, _ = bench.siege_result(program.result.stdout, times, figures)
    figures.judge(program, done, program.result.wall, program.result.cpu)


def pgbench(bench, prefix, figures):
    """200 clients, a thread for each; writes. Unit: a transaction."""
    clients = min(bench.users, 200)
    times = max(5, 40 * bench.scale)
    dsn = bench.once("postgres", lambda: bench.stack.enter_context(
        lab.postgres(220)))
    host = dict(w.split("=") for w in dsn.split())["host"]
    where = ["-h", host, "-U", "mixio"]
    tool(find("pgbench"), *where, "-q", "-i", "-s",
         "4" if bench.scale else "1", "postgres")
    program = ask(prefix, [
        find("pgbench"), *where, "-n", "-N", "-c", str(clients), "-j",
        str(clients), "-t", str(times), "postgres"], figures)
    wanted = clients * times
    said = program.result.stdout
    figures.check("actually processed: %d/%d\n" % (wanted, wanted) in said and
                  "failed transactions: 0 (" in said, said[-600:])
    rows = tool(find("psql"), *where, "-XAt", "-c",
                "select (select count(*) from pgbench_history),"
                " (select sum(delta) from pgbench_history) ="
                " (select sum(abalance) from pgbench_accounts)", "postgres")
    figures.check(rows.strip() == "%d|t" % wanted,
                  "the tables say %r" % rows.strip())
    figures.judge(program, wanted, program.result.wall, program.result.cpu)


def redis(bench, prefix, figures):
    """redis-benchmark, 8 threads. Unit: a command."""
    def make():
        port = free_port()
        server = bench.start([find("redis-server"), "--bind", "127.0.0.1",
                              "--port", str(port), "--save", "", "--dir",
                              bench.folder("redis"), "--maxclients", "4000"])
        until("redis-server", answers(port), server)
        return port
    port = bench.once("redis", make)
    count = 200000 if bench.scale else 5000
    tool(find("redis-cli"), "-p", str(port), "flushall")
    program = ask(prefix, [
        find("redis-benchmark"), "-p", str(port), "-c", str(bench.users),
        "-n", str(count), "--threads", "8", "-t", "set,get,incr,lpush",
        "--csv"], figures)
    for name in ("SET", "GET", "INCR", "LPUSH"):
        figures.check('"%s"' % name in program.result.stdout,
                      "no line of %s: %s" % (name, program.result.stderr))
    # Threads may send a few more than asked for before they see the end.
    for command, key in (("get", "counter:__rand_int__"),
                         ("llen", "mylist")):
        n = int(tool(find("redis-cli"), "-p", str(port), command, key))
        figures.check(count <= n <= count + bench.users,
                      "%s %s is %d, not %d" % (command, key, n, count))
    figures.judge(program, 4 * count, program.result.wall, program.result.cpu)


def with_names(bench, count):
    """Words before a command that then knows hosts h0.test to hN.test."""
    def make():
        hosts = bench.place / "hosts"
        hosts.write_text("127.0.0.1 localhost\n" + "".join(
            "127.0.0.1 h%d.test\n" % n for n in range(count)))
        for options in ("--mount", "--user --map-root-user --mount"):
            words = ["unshare", *options.split(), "sh", "-c",
                     'mount --bind "$0" /etc/hosts && exec "$@"', hosts]
            if subprocess.run([*words, "true"], stdin=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL,
                              check=False).returncode == 0:
                return words
        raise Impossible("no mount namespace, so no host names of our own")
    return bench.once("names", make)


def curl(bench, prefix, figures):
    """A thread for each name that it looks up. Unit: a file."""
    count = min(600, bench.users * 2)
    names = with_names(bench, 600)
    into = bench.fresh()
    program = ask(names + prefix, bench.curl_command(
        "http://h{}.test:%d" % bench.nginx(), count, into), figures)
    done = bench.curl_result(count, into, figures)
    figures.judge(program, done, program.result.wall, program.result.cpu)


CASES = [mariadb, stunnel, privoxy, siege, pgbench, redis, curl]


def run(bench, case, prefix):
    figures = Figures()
    try:
        case(bench, prefix, figures)
    except (Wrong, lab.LabError) as e:
        figures.wrong.append(str(e))
    return figures


def bounded(figures):
    return 0 < figures.threads <= figures.helpers + MORE_KERNEL_THREADS


# ---------------------------------------------------------------------- main


def test(bench, cases):
    """The short version: natively only what goes wrong under mixio."""
    for case in cases:
        name = case.__name__
        began = time.monotonic()
        try:
            figures = run(bench, case, tap.mixio("--stats"))
        except Impossible as e:
            tap.skip("%s # %s" % (name, e))
            continue
        tap.say("%s: %.0f a second, %.1f us CPU for each, %d kernel threads, %d"
                " helpers, %.1f s" % (name, figures.rate, figures.cpu,
                                      figures.threads, figures.helpers,
                                      time.monotonic() - began))
        tap.say(figures.stats)
        if not tap.ok(not figures.wrong, "%s: no error" % name):
            tap.say("\n".join(figures.wrong))
            tap.say("natively: %s" % (run(bench, case, tap.native()).wrong or
                                      "no error"))
        tap.ok(bounded(figures), "%s: %d kernel threads, %d helpers" % (
            name, figures.threads, figures.helpers))
    tap.done()


def table(bench, cases, path):
    """The long version; exit status."""
    form = "%-9s %11s %11s %7s %11s %11s %7s %8s %8s"
    print("%d users; throughput a second, CPU us for one, kernel threads" %
          bench.users)
    print(form % ("", "native/s", "mixio/s", "ratio", "native us",
                  "mixio us", "ratio", "native", "mixio"), flush=True)
    rows = []
    bad = 0
    for case in cases:
        try:
            native = run(bench, case, tap.native())
            mixio = run(bench, case, tap.mixio("--stats"))
        except Impossible as e:
            print("%-9s not run: %s" % (case.__name__, e), flush=True)
            continue
        print(form % (
            case.__name__, "%.0f" % native.rate, "%.0f" % mixio.rate,
            "%.2f" % (mixio.rate / (native.rate or 1)),
            "%.1f" % native.cpu, "%.1f" % mixio.cpu,
            "%.2f" % (mixio.cpu / (native.cpu or 1)), native.threads,
            "%d (%d)" % (mixio.threads, mixio.helpers)), flush=True)
        for kind, figures in (("native", native), ("mixio", mixio)):
            for text in figures.wrong:
                print("  WRONG, %s: %s" % (kind, text), flush=True)
                bad = 1
        if not bounded(mixio):
            print("  WRONG: %d kernel threads, %d helpers" % (
                mixio.threads, mixio.helpers), flush=True)
            bad = 1
        rows.append({"case": case.__name__, "about": case.__doc__,
                     "users": bench.users, "native": vars(native),
                     "mixio": vars(mixio)})
        if path:
            with open(path, "w", encoding="utf-8") as f:
                json.dump(rows, f, indent=1)
    print("kernel threads in brackets: mixio's helpers among them, at their"
          " peak")
    return bad


def main():
    p = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("cases", nargs="*", metavar="CASE", help="[all]")
    p.add_argument("--table", action="store_true", help="the long version")
    p.add_argument("--json", metavar="FILE",
                   help="with --table: write all figures there")
    p.add_argument("--users", type=int, metavar="N",
                   help="connections at once [500; 100 without --table]")
    p.add_argument("--list", action="store_true")
    opts = p.parse_args()
    names = {case.__name__: case for case in CASES}
    for name in opts.cases:
        if name not in names:
            p.error("no case '%s'; there are: %s" % (name, ", ".join(names)))
    if opts.json and not opts.table:
        p.error("--json goes with --table")
    if opts.list:
        for case in CASES:
            print("%-9s %s" % (case.__name__, case.__doc__))
        return 0
    cases = [names[n] for n in opts.cases] or CASES
    lab.die_by_signal()
    users = opts.users or (500 if opts.table else 100)
    try:
        lab.raise_fd_limit(4 * users + 2000)
        with tempfile.TemporaryDirectory(prefix="mixio-others-",
                                         dir="/tmp") as place, \
                contextlib.ExitStack() as stack:
            os.chmod(place, 0o755)
            bench = Bench(place, stack, users, 1 if opts.table else 0)
            if opts.table:
                return table(bench, cases, opts.json)
            test(bench, cases)
    except lab.LabError as e:
        if opts.table:
            raise SystemExit("others.py: %s" % e) from None
        tap.bail_out(str(e))
    return 0


if __name__ == "__main__":
    sys.exit(main())
