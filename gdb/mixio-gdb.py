# SPDX-License-Identifier: MIT
"""Green threads in gdb: source this file in a session with a process or a core.

    info mixio threads      every green thread, and what it waits for
    mixio bt N              the stack of thread N (its number or its tid)
    mixio bt all            the stacks of all
    mixio thread N          the stack that up, down, info locals ... look at;
                            "mixio thread" or going on takes that back

A thread that waits has no kernel thread, so its registers are in memory alone.
For it a frame is put below its own: gdb's innermost frame is given an unwinder
that says the caller's registers are those.  Nothing of the program is changed,
hence it works with core files, too.
"""
import re
import time

import gdb
import gdb.unwinder

if not hasattr(gdb.PendingFrame, "level"):
    raise gdb.GdbError("mixio-gdb.py needs gdb 11 or later")

# The words of mixio_gdb_layout behind its first, in order: src/dump.c.
LAYOUT = """version domains
    dom_next dom_used dom_all dom_clock
    gt_all gt_sp gt_kt gt_wait gt_tid gt_name gt_hopping gt_hop_call
    gt_call gt_object gt_since gt_state
    kt_tid kt_cur
    wait_armed wait_armed_intr state_new""".split()
MAGIC = 0x6D6978696F676462
VERSION = 1

# What mx_arch_switch leaves: register, index of its word; and the frame's size.
SAVED = {
    "x86_64": ({"r15": 1, "r14": 2, "r13": 3, "r12": 4, "rbx": 5, "rbp": 6,
                "rip": 7}, 64, "rsp"),
    "aarch64": (dict([("x29", 0), ("x30", 1), ("pc", 1)] +
                     [("x%d" % n, n - 17) for n in range(19, 29)]), 176, "sp"),
}


def word(address):
    memory = gdb.selected_inferior().read_memory(address, 8)
    return int.from_bytes(bytes(memory), "little")


def word32(address):
    memory = gdb.selected_inferior().read_memory(address, 4)
    return int.from_bytes(bytes(memory), "little", signed=True)


def byte(address):
    return bytes(gdb.selected_inferior().read_memory(address, 1))[0]


def text(address, length=None):
    """A string that ends in a zero byte, of at most length bytes."""
    try:
        value = bytes(gdb.selected_inferior().read_memory(address,
                                                          length or 64))
    except gdb.MemoryError:
        return "?"
    return value.split(b"\0")[0].decode("utf-8", "replace")


def layout():
    """Where the runtime's fields are, as it says itself."""
    try:
        at = int(gdb.parse_and_eval("(unsigned long)&mixio_gdb_layout"))
    except gdb.error:
        raise gdb.GdbError("mixio is not in this program (libmixio.so is not "
                           "loaded, or gdb has not read its symbols)")
    if word(at) != MAGIC or word(at + 8) != VERSION:
        raise gdb.GdbError("this libmixio.so is of another version than "
                           "mixio-gdb.py")
    return {name: word(at + 8 + 8 * i) for i, name in enumerate(LAYOUT)}


class Green:
    """One green thread."""

    def __init__(self, at, address, number, now):
        self.number = number
        self.tid = word32(address + at["gt_tid"])
        self.name = text(address + at["gt_name"], 16)
        self.sp = word(address + at["gt_sp"])
        kt = word(address + at["gt_kt"])
        self.lwp = 0
        if kt and word(kt + at["kt_cur"]) == address:
            self.lwp = word32(kt + at["kt_tid"])
        wait = word32(address + at["gt_wait"])
        hopping = byte(address + at["gt_hopping"])
        self.call = ""
        self.since = None
        if hopping or wait in (at["wait_armed"], at["wait_armed_intr"]):
            self.state = "hopped" if hopping else "parked"
            call = word(address + at["gt_call"])
            name = text(call) if call else ""
            thing = word(address + at["gt_object"])
            if hopping:
                hop = word(address + at["gt_hop_call"])
                hop = text(hop) if hop else ""
                hop = re.sub(r"^\(*(real\.)?", "", hop)
                hop = re.split(r"[( ]", hop)[0]
                if hop != name:
                    name, thing = hop, None
            self.call = name
            if thing is not None and name:
                self.call += "(%s)" % ("" if not thing else thing
                                       if thing < 1 << 21 else hex(thing))
            since = word(address + at["gt_since"])
            if since and now >= since:
                self.since = (now - since) / 1e9
        elif self.lwp:
            self.state = "running"
        elif byte(address + at["gt_state"]) == at["state_new"]:
            self.state = "new"
        else:
            self.state = "ready"

    def line(self):
        what = self.state
        if self.call:
            what += " in " + self.call
        if self.since is not None:
            what += " for %.3f s" % self.since
        if self.lwp:
            what += ", on LWP %d" % self.lwp
        return '%-4d %-9d "%s" %s' % (self.number, self.tid, self.name, what)


def is_live():
    """Whether there is a process, on this machine, that can go on."""
    try:
        name = gdb.selected_inferior().connection.type
    except AttributeError:  # before gdb 11
        name = "core" if "core" in gdb.execute("info files", False,
                                               True)[:400] else "native"
    return name == "native"


def threads():
    """All green threads, domain by domain."""
    if gdb.selected_thread() is None:
        raise gdb.GdbError("there is no process and no core file")
    at = layout()
    found = []
    domain = word(at["domains"])
    while domain:
        if byte(domain + at["dom_used"]):
            # In a core the time is the one when the loop last looked.
            now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) if is_live() \
                else word(domain + at["dom_clock"])
            head = domain + at["dom_all"]
            link = word(head)
            while link != head:
                found.append(Green(at, link - at["gt_all"], len(found) + 1,
                                   now))
                link = word(link)
        domain = word(domain + at["dom_next"])
    return found


def find(words):
    """The threads that an argument names."""
    found = threads()
    if words == "all":
        return found
    try:
        n = int(words)
    except ValueError:
        raise gdb.GdbError("which thread? A number of \"info mixio threads\", "
                           "a tid, or all")
    for green in found:
        if n in (green.number, green.tid):
            return [green]
    raise gdb.GdbError("there is no green thread %d" % n)


class Frame:
    """Identifies the frame that is put below a waiting thread's own."""

    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


class Parked(gdb.unwinder.Unwinder):
    """Says that the innermost frame was called by a thread that waits."""

    def __init__(self):
        super().__init__("mixio parked thread")
        self.enabled = False
        self.green = None
        self.level = 0

    def select(self, green):
        self.enabled = False
        gdb.invalidate_cached_frames()
        self.green = green
        if green is None:
            return
        # Inlined functions are frames by themselves, which nobody unwinds.
        self.level = 0
        frame = gdb.newest_frame()
        while frame.type() == gdb.INLINE_FRAME:
            self.level += 1
            frame = frame.older()
        self.enabled = True
        gdb.invalidate_cached_frames()

    def __call__(self, pending):
        if pending.level() != self.level:
            return None
        arch = pending.architecture().name()
        arch = "x86_64" if "x86-64" in arch else arch
        if arch not in SAVED:
            return None
        regs, size, sp_name = SAVED[arch]
        sp = self.green.sp
        pc_name = "rip" if arch == "x86_64" else "pc"
        pc = pending.read_register(pc_name)
        # Frames must get older upwards, hence just below its first.
        info = pending.create_unwind_info(
            Frame(gdb.Value(sp + size - 16), gdb.Value(int(pc))))
        for name, index in regs.items():
            kind = pending.read_register(name).type
            info.add_saved_register(
                name, gdb.Value(word(sp + 8 * index)).cast(kind))
        kind = pending.read_register(sp_name).type
        info.add_saved_register(sp_name, gdb.Value(sp + size).cast(kind))
        return info


PARKED = Parked()
gdb.unwinder.register_unwinder(None, PARKED, True)


def gdb_thread(lwp):
    for thread in gdb.selected_inferior().threads():
        if thread.ptid[1] == lwp:
            return thread
    return None


def show_frames(skip):
    """The stack of what is selected; without its first frame."""
    frame = gdb.newest_frame()
    n = 0
    while frame is not None:
        if skip:
            # The frame below may consist of several, by inlining.
            skip = frame.type() == gdb.INLINE_FRAME
        else:
            frame.select()
            line = gdb.execute("frame", False, True).split("\n")[0]
            gdb.write(re.sub(r"^#\d+ +", "#%-3d" % n, line) + "\n")
            n += 1
        try:
            frame = frame.older()
        except gdb.error as e:
            gdb.write("(%s)\n" % e)
            break


def backtrace(green):
    gdb.write(green.line() + "\n")
    before = gdb.selected_thread()
    try:
        if green.lwp:
            thread = gdb_thread(green.lwp)
            if thread is None:
                gdb.write("(gdb does not know LWP %d)\n" % green.lwp)
                return
            PARKED.select(None)
            thread.switch()
            show_frames(False)
        else:
            PARKED.select(green)
            show_frames(True)
    finally:
        PARKED.select(None)
        before.switch()


class InfoMixio(gdb.Command):
    """Green threads of the program."""

    def __init__(self):
        super().__init__("info mixio", gdb.COMMAND_STATUS,
                         gdb.COMPLETE_NONE, True)


class InfoThreads(gdb.Command):
    """Every green thread: number, tid, name, what it waits for and since when."""

    def __init__(self):
        super().__init__("info mixio threads", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        for green in threads():
            gdb.write(green.line() + "\n")


class Mixio(gdb.Command):
    """Commands for the green threads of the program."""

    def __init__(self):
        super().__init__("mixio", gdb.COMMAND_STACK, gdb.COMPLETE_NONE, True)


class Backtrace(gdb.Command):
    """mixio bt N | all: the stack of a green thread.

N is its number in "info mixio threads", or its tid."""

    def __init__(self):
        super().__init__("mixio bt", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        greens = find(argument.strip())
        chosen = PARKED.green
        try:
            for green in greens:
                backtrace(green)
        finally:
            PARKED.select(chosen)


class Thread(gdb.Command):
    """mixio thread [N]: look at the stack of a green thread.

Until "mixio thread" without a number, or until the program goes on, bt, up,
down, frame and info locals show the stack of thread N.  If it waits, frame 0 is
not its own: its stack begins above."""

    def __init__(self):
        super().__init__("mixio thread", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        if not argument.strip():
            PARKED.select(None)
            return
        greens = find(argument.strip())
        if len(greens) != 1 or argument.strip() == "all":
            raise gdb.GdbError("one thread at a time")
        gdb.write(greens[0].line() + "\n")
        if greens[0].lwp:
            PARKED.select(None)
            thread = gdb_thread(greens[0].lwp)
            if thread is None:
                raise gdb.GdbError("gdb does not know LWP %d" % greens[0].lwp)
            thread.switch()
        else:
            PARKED.select(greens[0])
            frame = gdb.newest_frame()
            while frame.type() == gdb.INLINE_FRAME:
                frame = frame.older()
            frame.older().select()


def goes_on(event):
    PARKED.select(None)


gdb.events.cont.connect(goes_on)
InfoMixio()
InfoThreads()
Mixio()
Backtrace()
Thread()
