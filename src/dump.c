/* SPDX-License-Identifier: MIT */
/*
 * mixio_dump(), and the signal of "mixio run --dump-signal": every green thread
 * with its state, what it waits for and since when, its C stack and its Python
 * stack.
 *
 * Nothing that other threads do, or hold, may hang a dump, and a dump may not
 * harm them. So it is printed by a process of its own: a copy of the program's
 * memory as it was at one moment, in which nobody else runs. It takes no lock,
 * needs no heap, and what turns out not to be readable there ends one stack of
 * the dump and nothing else. (fork(2)'s handlers do not run; the program cannot
 * wait for this process, since it is the child of a child that is gone.)
 *
 * What memory does not show is asked for before:
 *
 *	who computes	is stopped by a signal until the copy has been made; its
 *			handler keeps the registers. That one has SA_RESTART, and
 *			is sent only to who is in no system call
 *	who sits in one	is left alone: /proc tells stack pointer and place
 *
 * All this is done by whoever calls mixio_dump(), or by the kernel thread that
 * the signal hits, in whatever it was: system calls and stores, no lock but
 * dumping, which a handler does not wait for.
 */
#include "config.h"

#include "dump.h"

#include <linux/futex.h>
#include <setjmp.h>
#include <sys/prctl.h>

#define MIXIO_BUILDING
#include "mixio.h"

#define SLOTS 256
#define FRAMES 64 /* of one stack */
#define STOP_NS (2 * MX_NS) /* to stop who computes */
#define STALL_S 60 /* nobody reads what we write */

/* ---- who is on a kernel thread now ---- */

enum { IDLE, ASKED, STOPPED };

struct slot {
	struct mx_gt *gt; /* ran there */
	int tid;
	long call; /* number of the system call; -1: in none */
	_Atomic int state;
	bool behind_call; /* pc is a return address */
	struct mx_regs regs;
};

static struct slot slots[SLOTS];
static unsigned nslots;
static _Atomic uint32_t wanted; /* dumps, by signals */
static _Atomic int dumping; /* slots and what follows are taken */
static _Atomic uint32_t round_now; /* the stopped wait for its end */
static _Atomic uint32_t answers;

/* What the copy shall do. */
static struct {
	struct mx_domain *only; /* NULL: all domains */
	const struct mx_gt *caller;
	int fd;
	uint64_t now;
	pid_t pid;
} order;

/* Between a copy for mixio_dump() and its caller; shared memory. */
struct result {
	_Atomic uint32_t done;
	int rc;
};
static struct result *result;
static long copy_pid; /* or -errno */

static int
gettid_real(void)
{
	return (int)real.syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

/* Whether a siginfo's value says that the signal is for mx_dump_stop(). */
bool
mx_dump_is_stop(const void *cookie)
{
	return (const char *)cookie >= (const char *)slots &&
	       (const char *)cookie < (const char *)(slots + SLOTS);
}

/* [signal handler] Tells the registers, and waits until the copy is there. */
void
mx_dump_stop(void *cookie, const void *uc)
{
	struct slot *s = cookie;
	uint32_t now = atomic_load(&round_now);
	int asked = ASKED, i;

	/* One that came too late may find the slot in use for another. */
	if (s->tid != gettid_real() || atomic_load(&s->state) != ASKED)
		return;
	mx_arch_regs_signal(s->regs.r, uc);
	s->regs.known = MX_REGS_ALL;
	if (!atomic_compare_exchange_strong(&s->state, &asked, STOPPED))
		return;
	atomic_fetch_add(&answers, 1);
	mx_futex_wake(&answers, 1);
	/* The limit is for the case that the dumping thread is killed. */
	for (i = 0; i < 100 && atomic_load(&round_now) == now; i++)
		mx_futex_wait(&round_now, now, MX_NS / 10);
}

/*
 * /proc/TID/syscall: the number, arguments, stack pointer and place of one that
 * sleeps, or "running". False: running.
 */
static bool
asleep(struct slot *s)
{
	char path[64], text[256], *p, *end;
	unsigned long v, sp = 0, pc = 0;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "self/task/%d/syscall", s->tid);
	fd = mx_proc_open(path, O_RDONLY);
	len = fd < 0 ? 0 : real.read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		real.close(fd);
	if (len <= 0) {
		/* Not to be seen: do not interrupt what may be a call. */
		s->regs.known = 0;
		return true;
	}
	text[len] = '\0';
	if (!strncmp(text, "running", 7))
		return false;
	s->call = strtol(text, &p, 10);
	for (;; p = end) {
		v = strtoul(p, &end, 0);
		if (end == p)
			break;
		sp = pc;
		pc = v;
	}
	s->regs.r[MX_ARCH_SP] = sp;
	s->regs.r[MX_ARCH_PC] = pc;
	s->regs.known = 1ull << MX_ARCH_SP | 1ull << MX_ARCH_PC;
	return true;
}

/* Fills in slots; uc is the caller's own, behind_call says which kind of. */
static void
look(const ucontext_t *uc, bool behind_call)
{
	int me = gettid_real();
	struct mx_kt *kt;
	struct mx_gt *gt;
	struct slot *s;
	unsigned i, n;

	nslots = 0;
	n = mx_kt_slots();
	for (i = 1; i <= n && nslots < SLOTS; i++) {
		kt = mx_kt_by_id(i);
		gt = atomic_load(&kt->cur);
		if (!kt->used || !gt || gt == kt->idle || !MX_PEEK(gt->dom) ||
		    (order.only && MX_PEEK(gt->dom) != order.only))
			continue;
		s = &slots[nslots++];
		s->gt = gt;
		s->tid = MX_PEEK(kt->tid);
		s->call = -1;
		s->behind_call = false;
		atomic_store(&s->state, IDLE);
		if (s->tid == me) {
			mx_arch_regs_signal(s->regs.r, uc);
			s->regs.known = MX_REGS_ALL;
			s->behind_call = behind_call;
		} else if (!asleep(s)) {
			s->regs.known = 0;
			atomic_store(&s->state, ASKED);
			mx_sig_stop(s->tid, s);
		}
	}
}

/* Until all that were asked have stopped, are gone, or take too long. */
static void
wait_stopped(void)
{
	uint64_t end = mx_now() + STOP_NS;
	uint32_t seen;
	bool all;
	unsigned i;
	int n;

	for (n = 0;; n++) {
		seen = atomic_load(&answers);
		all = true;
		for (i = 0; i < nslots; i++) {
			if (atomic_load(&slots[i].state) != ASKED)
				continue;
			if (n >= 10 &&
			    real.syscall(SYS_tgkill, order.pid, slots[i].tid, 0,
					 0, 0, 0) < 0)
				continue; /* it has ended */
			all = false;
		}
		if (all || mx_now() > end)
			break;
		mx_futex_wait(&answers, seen, MX_NS / 200);
	}
	/* Who stops from now on has told its registers too late. */
	for (i = 0; i < nslots; i++) {
		int asked = ASKED;

		if (atomic_compare_exchange_strong(&slots[i].state, &asked,
						   IDLE))
			slots[i].regs.known = 0;
	}
}

/* ---- the copy: output ---- */

static char out[1 << 16];
static size_t out_len;
static int out_rc;

static void
rearm(void)
{
	struct itimerval it = { .it_value = { .tv_sec = STALL_S } };

	setitimer(ITIMER_REAL, &it, NULL);
}

void
mx_dump_flush(void)
{
	struct pollfd pfd = { .fd = order.fd, .events = POLLOUT };
	const char *p = out;
	ssize_t n;

	while (out_len && !out_rc) {
		n = real.write(order.fd, p, out_len);
		if (n >= 0) {
			p += n;
			out_len -= (size_t)n;
			rearm();
		} else if (errno == EAGAIN) {
			real.poll(&pfd, 1, -1); /* the program's own flag */
		} else if (errno != EINTR) {
			out_rc = errno;
		}
	}
	out_len = 0;
}

void
mx_dump_text(const char *s, size_t len)
{
	if (out_len + len > sizeof(out))
		mx_dump_flush();
	memcpy(out + out_len, s, len);
	out_len += len;
}

void
mx_dump_put(const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(line)) {
		n = (int)sizeof(line);
		line[n - 1] = '\n';
	}
	mx_dump_text(line, (size_t)n);
}

static void end_copy(int rc) __attribute__((noreturn));

static void
end_copy(int rc)
{
	if (result) {
		result->rc = rc;
		atomic_store(&result->done, 1);
		real.syscall(SYS_futex, (long)&result->done, FUTEX_WAKE, 1, 0,
			     0, 0);
	}
	for (;;)
		real.syscall(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}

/* ---- the copy: what cannot be read ---- */

/* libc's sigsetjmp without the mask. */
extern int mx_setjmp(void *env, int savemask) __asm__("__sigsetjmp")
	__attribute__((returns_twice));

static jmp_buf fault_env;
static volatile bool fault_caught;

static void
on_fault(int sig)
{
	(void)sig;
	if (!fault_caught)
		end_copy(EFAULT);
	real.longjmp(fault_env, 1);
}

static void
on_alarm(int sig)
{
	(void)sig;
	end_copy(ETIMEDOUT);
}

/* False: fn read what is not there, and was given up. */
static __attribute__((noinline)) bool
guarded(void (*fn)(void *), void *arg)
{
	if (mx_setjmp(fault_env, 0)) {
		fault_caught = false;
		return false;
	}
	fault_caught = true;
	fn(arg);
	fault_caught = false;
	return true;
}

/* ---- the copy: its threads ---- */

struct place {
	struct mx_gt *gt;
	struct slot *slot;
	uintptr_t tstate; /* Python's, or 0 */
};

static struct place *places;
static size_t nplaces, places_cap;
static uint32_t *hash; /* by pthread_t: place + 1 */
static size_t hash_mask;

static size_t
hash_of(uintptr_t pt)
{
	return (pt * 0x9e3779b97f4a7c15ull >> 20) & hash_mask;
}

long
mx_dump_thread(uintptr_t pt)
{
	size_t i;

	for (i = hash_of(pt); hash[i]; i = (i + 1) & hash_mask)
		if ((uintptr_t)places[hash[i] - 1].gt->pt == pt)
			return (long)hash[i] - 1;
	return -1;
}

/*
 * The lists as they were: somebody may have been about to change one, and its
 * links forward lead on at any moment. A count that is out of date is no harm.
 */
static void
collect(void *arg)
{
	struct mx_domain *d;
	struct mx_list *l;
	struct mx_gt *gt;
	size_t i;
	long n;

	(void)arg;
	for (d = atomic_load(&mx_domains); d; d = d->next) {
		if (!d->used || (order.only && d != order.only))
			continue;
		for (l = d->all.next; l != &d->all && nplaces < places_cap;
		     l = l->next) {
			gt = mx_container(l, struct mx_gt, all);
			places[nplaces++].gt = gt;
			i = hash_of((uintptr_t)gt->pt);
			while (hash[i])
				i = (i + 1) & hash_mask;
			hash[i] = (uint32_t)nplaces;
		}
	}
	for (i = 0; i < nslots; i++) {
		n = mx_dump_thread((uintptr_t)slots[i].gt->pt);
		if (n >= 0)
			places[n].slot = &slots[i];
	}
}

static bool
make_room(void)
{
	struct mx_domain *d;
	size_t n = 64;

	for (d = atomic_load(&mx_domains); d; d = d->next)
		n += atomic_load(&d->nlive);
	places_cap = n;
	for (hash_mask = 128; hash_mask < 2 * n; hash_mask *= 2)
		;
	places = mx_map(places_cap * sizeof(*places));
	hash = mx_map(hash_mask * sizeof(*hash));
	hash_mask--;
	return places && hash;
}

static void
python_found(long place, uintptr_t tstate)
{
	places[place].tstate = tstate;
}

static void
python(void *arg)
{
	(void)arg;
	mx_pystack_init(python_found);
}

enum state { NEW, READY, RUNNING, PARKED, HOPPED };

static enum state
state_of(const struct place *p)
{
	const struct mx_gt *gt = p->gt;

	if (gt == order.caller)
		return RUNNING;
	if (gt->hopping)
		return HOPPED;
	switch (atomic_load(&gt->wait)) {
	case MX_WAIT_ARMED:
	case MX_WAIT_ARMED_INTR:
		return PARKED;
	default:
		return p->slot			   ? RUNNING
		       : gt->state == MX_STATE_NEW ? NEW
						   : READY;
	}
}

/* "recv", or the expression of a hop: "real.flock(fd, op)". */
static size_t
call_name(const char **call)
{
	while (**call == '(')
		(*call)++;
	if (!strncmp(*call, "real.", 5))
		*call += 5;
	return strcspn(*call, "( ");
}

static void
put_head(void *arg)
{
	const struct place *p = arg;
	const struct mx_gt *gt = p->gt;
	static const char *const states[] = { "new", "ready", "running",
					      "parked", "hopped" };
	const char *call = gt->why.call, *hop;
	enum state state = state_of(p);
	bool known = true;
	uintptr_t object = gt->why.object;
	uint64_t since = 0;
	size_t n;

	mx_dump_put("thread %d \"%.16s\" %s", gt->tid, gt->name, states[state]);
	if (state == HOPPED && (hop = gt->hop_call) != NULL) {
		/* The call may have said more about itself, or nothing. */
		n = call_name(&hop);
		known = call && strlen(call) == n && !strncmp(call, hop, n);
		if (!known)
			mx_dump_put(" in %.*s", (int)n, hop);
	} else if (state != PARKED) {
		call = NULL;
	}
	if (call && known) {
		mx_dump_put(" in %s", call);
		if (object == 0)
			mx_dump_put("()");
		else
			mx_dump_put(object < 1 << 21 ? "(%lu)" : "(%#lx)",
				    (unsigned long)object);
	}
	if (state == RUNNING && p->slot && p->slot->call >= 0)
		mx_dump_put(" in system call %ld", p->slot->call);
	/* The hub's clock is behind by what it has not seen yet. */
	if (state == PARKED || state == HOPPED)
		since = gt->why.since;
	else if (state == RUNNING)
		since = gt->away; /* busy: its domain went on without it */
	if (since && since <= order.now)
		mx_dump_put(" for %.3f s", (double)(order.now - since) / 1e9);
	mx_dump_put("\n");
}

static void
put_frame(uintptr_t pc, bool interrupted)
{
	uintptr_t at = pc - !interrupted, start;
	struct mx_module *m = mx_symbols_module(at);
	const char *name, *path;

	if (!m) {
		mx_dump_put("    %#lx\n", (unsigned long)pc);
		return;
	}
	name = mx_symbols_name(m, at, &start);
	path = m->path;
	if (name)
		mx_dump_put("    %#lx %.200s+%#lx (%.500s)\n",
			    (unsigned long)pc, name,
			    (unsigned long)(pc - start), path);
	else
		mx_dump_put("    %#lx (%.500s+%#lx)\n", (unsigned long)pc, path,
			    (unsigned long)(pc - m->base));
}

static MX_NO_ASAN void
put_stack(void *arg)
{
	const struct place *p = arg;
	struct mx_regs regs = { .known = MX_REGS_ALL };
	bool interrupted = false;
	int n;

	if (p->slot) {
		regs = p->slot->regs;
		interrupted = !p->slot->behind_call;
	} else {
		mx_arch_regs_parked(regs.r, &p->gt->ctx);
	}
	if (!(regs.known >> MX_ARCH_PC & 1)) {
		mx_dump_put("    (its registers are not known)\n");
		return;
	}
	for (n = 0;; n++) {
		if (n == FRAMES) {
			mx_dump_put("    ...\n");
			return;
		}
		put_frame(regs.r[MX_ARCH_PC], interrupted);
		if (!mx_unwind_step(&regs, &interrupted))
			return;
	}
}

static void
put_python(void *arg)
{
	mx_pystack_put(((const struct place *)arg)->tstate);
}

static void
put_all(void)
{
	size_t i;

	if (!order.caller)
		mx_dump_put("mixio: dump of process %d: %zu threads\n",
			    order.pid, nplaces);
	for (i = 0; i < nplaces && !out_rc; i++) {
		if (!guarded(put_head, &places[i]))
			mx_dump_put("\n");
		if (!guarded(put_stack, &places[i]))
			mx_dump_put("    (the rest cannot be read)\n");
		if (places[i].tstate && !guarded(put_python, &places[i]))
			mx_dump_put("      (the rest cannot be read)\n");
	}
	if (!order.caller)
		mx_dump_put("mixio: end of dump\n");
	mx_dump_flush();
}

/* The program's descriptors, but for the one: others wait for their end. */
static void
close_others(int fd)
{
	long rc = 0;
	int i;

	if (fd > 0)
		rc = real.syscall(SYS_close_range, 0, fd - 1, 0, 0, 0, 0);
	if (rc == 0)
		rc = real.syscall(SYS_close_range, fd + 1, UINT_MAX, 0, 0, 0,
				  0);
	for (i = 0; rc < 0 && i < 65536; i++) /* before Linux 5.9 */
		if (i != fd)
			real.close(i);
}

static void
copy_signals(void)
{
	static const int ignored[] = { SIGPIPE, SIGHUP, SIGQUIT, SIGTTOU };
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
	struct sigaction sa;
	uint64_t none = 0;
	size_t i;
	int sig;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_DFL;
	for (sig = 1; sig < _NSIG; sig++)
		real.sigaction(sig, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		real.sigaction(ignored[i], &sa, NULL);
	if (mx_env.dump_signal)
		real.sigaction((int)mx_env.dump_signal, &sa, NULL);
	sa.sa_flags = SA_NODEFER;
	sa.sa_handler = on_fault;
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		real.sigaction(faults[i], &sa, NULL);
	sa.sa_handler = on_alarm;
	real.sigaction(SIGALRM, &sa, NULL);
	real.syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, 8, 0, 0);
}

static void
init_symbols(void *arg)
{
	(void)arg;
	mx_symbols_init();
}

static void
copy_main(void *arg)
{
	(void)arg;
	/* The calls of this process are libc's own. */
	mx_me.on = 0;
	mx_me.depth = 1;
	copy_signals();
	real.syscall(SYS_prctl, PR_SET_NAME, (long)"mixio-dump", 0, 0, 0, 0);
	close_others(order.fd);
	rearm();
	if (!make_room())
		end_copy(ENOMEM);
	guarded(init_symbols, NULL);
	guarded(collect, NULL);
	guarded(python, NULL);
	put_all();
	end_copy(out_rc);
}

/* ---- making the copy ---- */

static char copy_stack[512 * 1024] __attribute__((aligned(16)));
static char between_stack[16 * 1024] __attribute__((aligned(16)));

/*
 * In the program's memory, while the thread that made us waits: makes the copy,
 * which is nobody's child when we have ended.
 */
static void
between_main(void *arg)
{
	(void)arg;
	copy_pid = mx_arch_spawn(0, copy_stack + sizeof(copy_stack), copy_main,
				 NULL);
	for (;;)
		real.syscall(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}

/*
 * [dumping, all signals blocked] Stops, copies, lets go. Returns the process ID
 * of the copy, or -errno.
 */
static long
snapshot(const ucontext_t *uc, bool behind_call, struct mx_domain *only,
	 const struct mx_gt *caller, int fd)
{
	long pid;

	order.only = only;
	order.caller = caller;
	order.fd = fd;
	order.pid = getpid();
	order.now = mx_now();
	look(uc, behind_call);
	wait_stopped();
	copy_pid = -ECHILD;
	pid = mx_arch_spawn(CLONE_VM | CLONE_VFORK,
			    between_stack + sizeof(between_stack), between_main,
			    NULL);
	atomic_fetch_add(&round_now, 1);
	mx_futex_wake(&round_now, INT_MAX);
	if (pid < 0)
		return pid;
	while (real.syscall(SYS_wait4, pid, 0, (long)(int)__WALL, 0, 0, 0) <
		       0 &&
	       errno == EINTR)
		;
	return copy_pid;
}

/*
 * [all signals blocked] Dumps for signals. Who finds that somebody dumps leaves
 * it to him: he looks here when he is done, as his copy may be too old.
 */
static void
serve(const ucontext_t *uc, bool behind_call)
{
	static uint32_t served; /* [dumping, peek] */
	long rc;

	while (atomic_load(&wanted) != MX_PEEK(served) &&
	    !atomic_exchange(&dumping, 1)) {
		MX_POKE(served, atomic_load(&wanted));
		result = NULL;
		rc = snapshot(uc, behind_call, NULL, NULL, mx_say_fd());
		atomic_store(&dumping, 0);
		if (rc < 0)
			mx_say("no dump, since no process can be made: %s",
			    strerror((int)-rc));
	}
}

/* [signal handler, all signals blocked] */
static void
on_dump_signal(int sig, siginfo_t *si, void *uc)
{
	int saved = errno;

	(void)sig;
	(void)si;
	/* A child of vfork(2) has our memory, but is not us. */
	if (mx_me.vfork)
		return;
	atomic_fetch_add(&wanted, 1);
	serve(uc, false);
	errno = saved;
}

/* The constructor: from now on the signal is ours. */
void
mx_dump_init(void)
{
	struct sigaction sa;
	uint64_t bit;

	if (!mx_env.dump_signal)
		return;
	bit = 1ull << (mx_env.dump_signal - 1);
	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = on_dump_signal;
	sa.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
	sigfillset(&sa.sa_mask);
	mx_proc_keep();
	if (mx_sig_reserve((int)mx_env.dump_signal, &sa) < 0) {
		mx_say("signal %u cannot be used for dumps",
		       mx_env.dump_signal);
		return;
	}
	real.syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&bit, 0, 8, 0, 0);
}

/* The child of a fork: whoever was dumping is not here. */
void
mx_dump_fork(void)
{
	atomic_store(&dumping, 0);
}

/* [helper] Until the copy has said how it went. */
static int
wait_result(struct result *r, long pid)
{
	struct timespec ts = { .tv_nsec = 100000000 };

	while (!atomic_load(&r->done)) {
		real.syscall(SYS_futex, (long)&r->done, FUTEX_WAIT, 0,
			     (long)&ts, 0, 0);
		if (!atomic_load(&r->done) &&
		    real.syscall(SYS_kill, pid, 0, 0, 0, 0, 0) < 0 &&
		    !atomic_load(&r->done))
			return EIO; /* killed by somebody */
	}
	return r->rc;
}

__attribute__((visibility("default"))) int
mixio_dump(int fd)
{
	uint64_t all = ~0ull, old;
	struct mx_gt *me = &mx_me;
	int saved = errno, rc;
	struct result *r;
	ucontext_t uc;
	long pid;

	if (!me->dom)
		return EINVAL;
	r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r == MAP_FAILED)
		return ENOMEM;
	mx_crit_enter();
	real.syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&old, 8,
		     0, 0);
	/* Held for as long as a copy takes; who is stopped does not hold it. */
	while (atomic_exchange(&dumping, 1))
		real.sched_yield();
	result = r;
	getcontext(&uc);
	pid = snapshot(&uc, true, me->dom, me, fd);
	atomic_store(&dumping, 0);
	serve(&uc, true);
	real.syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&old, 0, 8, 0, 0);
	mx_crit_leave();
	if (pid < 0)
		rc = (int)-pid;
	else
		rc = MX_HOP(MX_HOP_LOCK, wait_result(r, pid));
	munmap(r, sizeof(*r));
	errno = saved;
	return rc;
}

/* ---- for debuggers ---- */

/*
 * Where things are, for gdb/mixio-gdb.py, which lists the same names in the same
 * order: an installed object may have no debugging information. A change counts
 * the version up.
 */
__attribute__((visibility("default"), used)) const uintptr_t
    mixio_gdb_layout[] = {
	    0x6d6978696f676462, /* "mixiogdb" */
	    1,
	    (uintptr_t)&mx_domains,
	    offsetof(struct mx_domain, next),
	    offsetof(struct mx_domain, used),
	    offsetof(struct mx_domain, all),
	    offsetof(struct mx_domain, clock),
	    offsetof(struct mx_gt, all),
	    offsetof(struct mx_gt, ctx.sp),
	    offsetof(struct mx_gt, kt),
	    offsetof(struct mx_gt, wait),
	    offsetof(struct mx_gt, tid),
	    offsetof(struct mx_gt, name),
	    offsetof(struct mx_gt, hopping),
	    offsetof(struct mx_gt, hop_call),
	    offsetof(struct mx_gt, why.call),
	    offsetof(struct mx_gt, why.object),
	    offsetof(struct mx_gt, why.since),
	    offsetof(struct mx_gt, state),
	    offsetof(struct mx_kt, tid),
	    offsetof(struct mx_kt, cur),
	    MX_WAIT_ARMED,
	    MX_WAIT_ARMED_INTR,
	    MX_STATE_NEW,
};
