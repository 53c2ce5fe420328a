/* SPDX-License-Identifier: MIT */
/*
 * The Python stacks of CPython's threads, in the copy of a process that prints
 * a dump (dump.h): there is nobody to give up the interpreter's lock, and
 * nobody who minds that it is not taken.
 *
 * What is read differs by version:
 *
 *	3.13, 3.14	the structures, by the offsets that CPython publishes for
 *			debuggers at the head of _PyRuntime
 *	3.9, 3.10	the frames, by public calls that neither lock nor allocate
 *	others		CPython's own function for signal handlers prints them
 */
#include "dump.h"

#define FRAMES 100 /* of one stack, as faulthandler has it */
#define MAX_THREADS 10000000
#define SCAN 512 /* of a thread state, for its thread_id */

static enum { NO_PYTHON, BY_OFFSETS, BY_CALLS, BY_ITSELF } way;

/* Public calls; none of them takes a lock. */
static void *(*interp_head)(void), *(*interp_next)(void *);
static void *(*thread_head)(void *), *(*thread_next)(void *);
static void *(*get_frame)(void *), *(*get_back)(void *), *(*get_code)(void *);
static int (*get_line)(void *);
/* Prints one stack to a descriptor. */
static void *(*print_stack)(int fd, void *tstate);

/* Where things are, by version. */
static struct {
	size_t interp_head, interp_next, threads;
	size_t thread_next, frame, ident;
	size_t back, code, instr, owner, tlbc_index;
	size_t filename, name, linetable, first, bytecode, tlbc;
	size_t bytes_data, state, length, ascii_size;
	unsigned state_shift; /* to the character size in a str's state */
	bool free_threaded;
} at;

/* ---- memory ---- */

static MX_NO_ASAN uintptr_t
word(uintptr_t p)
{
	return *(const volatile uintptr_t *)p;
}

static MX_NO_ASAN uint32_t
word32(uintptr_t p)
{
	return *(const volatile uint32_t *)p;
}

static MX_NO_ASAN unsigned char
byte(uintptr_t p)
{
	return *(const volatile unsigned char *)p;
}

/* A str as UTF-8, without what would spoil a line. */
static void
put_str(uintptr_t s)
{
	uint32_t state = word32(s + at.state) >> at.state_shift, c;
	size_t len = word(s + at.length), i;
	unsigned kind = state & 7;
	uintptr_t data;
	char utf8[4];
	int n;

	if (!s || !(state & 8) || (kind != 1 && kind != 2 && kind != 4)) {
		mx_dump_put("???");
		return;
	}
	data = s + at.ascii_size + (state & 16 ? 0 : 16);
	if (!(state & 16) && at.ascii_size == 48)
		data += 8; /* up to 3.11 there is one word more */
	for (i = 0; i < len && i < 500; i++) {
		c = kind == 4	? word32(data + 4 * i)
		    : kind == 2 ? (uint32_t)(byte(data + 2 * i) |
					     byte(data + 2 * i + 1) << 8)
				: byte(data + i);
		if (c < ' ' || (c >= 0x7f && c < 0xa0) ||
		    (c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
			c = '?';
		n = 0;
		if (c < 0x80) {
			utf8[n++] = (char)c;
		} else if (c < 0x800) {
			utf8[n++] = (char)(0xc0 | c >> 6);
			utf8[n++] = (char)(0x80 | (c & 63));
		} else if (c < 0x10000) {
			utf8[n++] = (char)(0xe0 | c >> 12);
			utf8[n++] = (char)(0x80 | (c >> 6 & 63));
			utf8[n++] = (char)(0x80 | (c & 63));
		} else {
			utf8[n++] = (char)(0xf0 | c >> 18);
			utf8[n++] = (char)(0x80 | (c >> 12 & 63));
			utf8[n++] = (char)(0x80 | (c >> 6 & 63));
			utf8[n++] = (char)(0x80 | (c & 63));
		}
		mx_dump_text(utf8, (size_t)n);
	}
	if (i < len)
		mx_dump_put("...");
}

static void
put_frame(uintptr_t code, int line)
{
	mx_dump_put("      File \"");
	put_str(word(code + at.filename));
	mx_dump_put("\", line ");
	if (line >= 0)
		mx_dump_put("%d", line);
	else
		mx_dump_put("???");
	mx_dump_put(", in ");
	put_str(word(code + at.name));
	mx_dump_put("\n");
}

/* ---- 3.13, 3.14 ---- */

/* A line's difference in a location table: 6 bits a byte, then the sign. */
static int
signed_varint(uintptr_t *p)
{
	unsigned v = 0, shift = 0;
	unsigned char b;

	do {
		b = byte((*p)++);
		v |= (unsigned)(b & 63) << shift;
		shift += 6;
	} while ((b & 64) && shift < 32);
	return v & 1 ? -(int)(v >> 1) : (int)(v >> 1);
}

/* CPython's Objects/locations.md: each entry is for some code units. */
static int
line_of(uintptr_t code, uintptr_t offset)
{
	uintptr_t p = word(code + at.linetable) + at.bytes_data, here = 0;
	int line = (int)word32(code + at.first), kind, i;
	unsigned char b;

	for (i = 0; i < 1 << 20; i++) {
		b = byte(p++);
		if (!(b & 128))
			return -1;
		kind = b >> 3 & 15;
		if (kind == 14 || kind == 13)
			line += signed_varint(&p);
		else if (kind >= 10 && kind <= 12)
			line += kind - 10;
		here += ((uintptr_t)(b & 7) + 1) * 2;
		if (offset < here)
			return kind == 15 ? -1 : line;
		while (!(byte(p) & 128))
			if (++i == 1 << 20)
				return -1;
			else
				p++;
	}
	return -1;
}

static void
by_offsets(uintptr_t tstate)
{
	uintptr_t frame = word(tstate + at.frame), code, start, array;
	int n, owner;

	for (n = 0; frame && n < FRAMES; frame = word(frame + at.back)) {
		owner = byte(frame + at.owner);
		/* The interpreter's own, between Python and C: no code. */
		if (owner >= 3)
			continue;
		code = word(frame + at.code) & ~(uintptr_t)7;
		start = code + at.bytecode;
		if (at.tlbc) {
			array = word(code + at.tlbc);
			start = word(
				array + 8 +
				8 * (uintptr_t)word32(frame + at.tlbc_index));
		}
		put_frame(code, line_of(code, word(frame + at.instr) - start));
		n++;
	}
	if (frame)
		mx_dump_put("      ...\n");
}

/* The published offsets, counted in words from the cookie: versions differ. */
static bool
read_offsets(const uint64_t *o)
{
	unsigned minor = (unsigned)(o[1] >> 16 & 0xff), t, f, c, u;

	if (o[1] >> 24 != 3 || (minor != 13 && minor != 14))
		return false;
	t = minor == 13 ? 19 : 22; /* thread state */
	f = minor == 13 ? 28 : 31; /* frame */
	c = minor == 13 ? 34 : 39; /* code */
	u = minor == 13 ? 64 : 74; /* bytes, str */
	at.free_threaded = o[2] != 0;
	at.interp_head = o[5];
	at.interp_next = o[8];
	at.threads = o[9];
	at.thread_next = o[t + 2];
	at.frame = o[t + 4];
	at.ident = o[t + 5];
	at.back = o[f + 1];
	at.code = o[f + 2];
	at.instr = o[f + 3];
	at.owner = o[f + 5];
	at.filename = o[c + 1];
	at.name = o[c + 3]; /* with the class */
	at.linetable = o[c + 4];
	at.first = o[c + 5];
	at.bytecode = o[c + 9];
	if (minor == 14 && at.free_threaded) {
		at.tlbc_index = o[f + 7];
		at.tlbc = o[c + 10];
	}
	at.bytes_data = o[u + 2];
	at.state = o[u + 4];
	at.length = o[u + 5];
	at.ascii_size = o[u + 6];
	at.state_shift = minor == 14 && at.free_threaded ? 8 : 2;
	return true;
}

/* ---- 3.9, 3.10 ---- */

static void
by_calls(uintptr_t tstate)
{
	void *frame = get_frame((void *)tstate);
	int n;

	/* Each call adds a reference, in this copy of the memory only. */
	for (n = 0; frame && n < FRAMES; n++) {
		put_frame((uintptr_t)get_code(frame), get_line(frame));
		frame = get_back(frame);
	}
	if (frame)
		mx_dump_put("      ...\n");
}

static bool
find_calls(void)
{
	const char *(*version)(void) = mx_symbols_exported("Py_GetVersion");
	const char *v;

	get_frame = mx_symbols_exported("PyThreadState_GetFrame");
	get_back = mx_symbols_exported("PyFrame_GetBack");
	get_code = mx_symbols_exported("PyFrame_GetCode");
	get_line = mx_symbols_exported("PyFrame_GetLineNumber");
	if (!version || !get_frame || !get_back || !get_code || !get_line)
		return false;
	v = version();
	if (strncmp(v, "3.9.", 4) && strncmp(v, "3.10.", 5))
		return false;
	/* Of these versions all is final. */
	at.filename = 104;
	at.name = 112;
	at.state = 32;
	at.length = 16;
	at.ascii_size = 48;
	at.state_shift = 2;
	return true;
}

/* ---- others ---- */

/* CPython writes to a descriptor: to a file of our own, to be indented. */
static void
by_itself(uintptr_t tstate)
{
	static char text[1 << 15];
	static int fd = -1;
	char *line, *end, *where;
	ssize_t len;

	if (fd < 0)
		fd = memfd_create("mixio", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return;
	print_stack(fd, (void *)tstate);
	len = lseek(fd, 0, SEEK_SET) < 0
		      ? 0
		      : real.read(fd, text, sizeof(text) - 1);
	text[len > 0 ? len : 0] = '\0';
	for (line = text; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		if (!strncmp(line, "  ...", 5))
			mx_dump_put("    %s\n", line);
		if (strncmp(line, "  File", 6) ||
		    !(where = strstr(line, "\", line ")))
			continue;
		/* As tracebacks have it: with a comma. */
		where += strcspn(where + 8, " ") + 8;
		mx_dump_put("    %.*s%s%s\n", (int)(where - line), line,
			    *where ? "," : "", where);
	}
}

/* ---- all ---- */

/* thread_id is the only word of a thread state that equals a pthread_t. */
static long
place_of(uintptr_t tstate)
{
	static bool known;
	size_t i;
	long n;

	if (known || way == BY_OFFSETS)
		return mx_dump_thread(word(tstate + at.ident));
	for (i = 0; i < SCAN; i += sizeof(uintptr_t)) {
		n = mx_dump_thread(word(tstate + i));
		if (n >= 0) {
			at.ident = i;
			known = true;
			return n;
		}
	}
	return -1;
}

static void
visit(uintptr_t tstate, void (*found)(long place, uintptr_t tstate))
{
	long n = place_of(tstate);

	if (n >= 0)
		found(n, tstate);
}

/* Reports each thread state that belongs to a thread of the dump. */
void
mx_pystack_init(void (*found)(long place, uintptr_t tstate))
{
	const uint64_t *runtime;
	uintptr_t i, t;
	long n = 0;

	interp_head = mx_symbols_exported("PyInterpreterState_Head");
	interp_next = mx_symbols_exported("PyInterpreterState_Next");
	thread_head = mx_symbols_exported("PyInterpreterState_ThreadHead");
	thread_next = mx_symbols_exported("PyThreadState_Next");
	if (!interp_head || !interp_next || !thread_head || !thread_next)
		return;
	print_stack = mx_symbols_exported("PyUnstable_DumpTraceback");
	if (!print_stack)
		print_stack = mx_symbols_exported("_Py_DumpTraceback");
	runtime = mx_symbols_exported("_PyRuntime");
	if (runtime && !memcmp(runtime, "xdebugpy", 8) &&
	    read_offsets(runtime)) {
		way = BY_OFFSETS;
		for (i = word((uintptr_t)runtime + at.interp_head); i;
		     i = word(i + at.interp_next))
			for (t = word(i + at.threads); t && n++ < MAX_THREADS;
			     t = word(t + at.thread_next))
				visit(t, found);
		return;
	}
	if (print_stack) {
		way = BY_ITSELF;
	} else if (find_calls()) {
		way = BY_CALLS;
	} else {
		/* Perhaps the program is not stripped. */
		print_stack = mx_symbols_find("PyInterpreterState_Head",
					      "_Py_DumpTraceback");
		if (!print_stack)
			return;
		way = BY_ITSELF;
	}
	for (i = (uintptr_t)interp_head(); i;
	     i = (uintptr_t)interp_next((void *)i))
		for (t = (uintptr_t)thread_head((void *)i);
		     t && n++ < MAX_THREADS;
		     t = (uintptr_t)thread_next((void *)t))
			visit(t, found);
}

void
mx_pystack_put(uintptr_t tstate)
{
	mx_dump_put("    Python (most recent call first):\n");
	if (way == BY_OFFSETS)
		by_offsets(tstate);
	else if (way == BY_CALLS)
		by_calls(tstate);
	else
		by_itself(tstate);
}
