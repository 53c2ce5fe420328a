/* SPDX-License-Identifier: MIT */
/*
 * mixio check [options] [--] PROGRAM [OBJECT...]
 *
 * Reads PROGRAM, the libraries that the loader would give it, and OBJECTs that
 * it loads later by itself, and says which calls that can block they import
 * and how each is handled.  Nothing of them is executed.
 *
 * Memory lives until the process ends; the report needs all of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "check.h"

static const char usage_text[] =
	"usage: mixio check [--json] [--libs] [--] PROGRAM [OBJECT...]\n";

static const char help_text[] =
	"\n"
	"Says which calls that can block PROGRAM and its libraries import, and\n"
	"what mixio does with each in a green thread. Executes nothing. Name as\n"
	"OBJECT what the program loads by itself: plug-ins, Python extension\n"
	"modules. PROGRAM may be such an object, too, or a script.\n"
	"\n"
	"options:\n"
	"  --libs     say it for every object, not for all of them together\n"
	"  --json     print one JSON object instead, for programs\n"
	"  --version  print the version and exit\n"
	"  --help     print this text and exit\n"
	"\n"
	"how:\n"
	"  park       tries, lets other threads run until it can go on\n"
	"  hop        runs on a helper kernel thread\n"
	"  ours       mixio's own: threads, signals, descriptors\n"
	"  pass       libc's own; waits for a disk, or in rare cases only\n"
	"  wait       NOT COVERED: libc's own, and can wait for long; the other\n"
	"             threads go on after 10 ms (--handoff-ms)\n"
	"  break      NOT COVERED: acts on the kernel thread below\n"
	"\n"
	"exit status: 0 when everything is covered; 1 when something is not, or\n"
	"nothing can be preloaded into PROGRAM; 2 for an error; 126 when PROGRAM\n"
	"cannot be executed, 127 when it is not found. See mixio(1).\n";

enum { MAX_OBJECTS = 10000, WIDTH = 78 };

static const char *const how_names[MX_CHECK_NHOW] = {
	"park", "hop", "ours", "pass", "wait", "break",
};

struct object {
	char *path; /* as found */
	const char *name; /* its last part */
	const char *asked; /* the name that was looked for */
	struct mx_libs_user user; /* for what it needs itself */
	struct mx_elf elf;
	dev_t dev;
	ino_t ino;
	int libc; /* part of libc: its inside is not looked at */
	unsigned char *uses; /* by index into mx_check_calls: imports it */
	struct mx_scan scan;
};

static struct {
	int json, libs; /* options */
	const char *script; /* PROGRAM, where another one interprets it */
	char *path; /* what is examined */
	struct object **objects;
	size_t nobjects;
	char **reasons; /* why it cannot be run so, one sentence each */
	size_t nreasons;
	char **errors; /* what could not be examined */
	size_t nerrors;
} chk;

static __attribute__((format(printf, 3, 4))) void
note(char ***list, size_t *n, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	*list = mx_must(realloc(*list, (*n + 1) * sizeof(**list)));
	(*list)[(*n)++] = mx_must(text);
}

/* ---- objects ---- */

static int
starts(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/* glibc's objects: what they do inside is libc's affair, and ours. */
static int
is_libc(const char *soname)
{
	static const char *const names[] = {
		"libc.so.",
		"ld-linux",
		"libpthread.so.",
		"libm.so.",
		"libmvec.so.",
		"libdl.so.",
		"librt.so.",
		"libresolv.so.",
		"libutil.so.",
		"libanl.so.",
		"libnsl.so.1",
		"libnss_",
		"libBrokenLocale.so.",
		"libthread_db.so.",
		"libmixio.so",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (starts(soname, names[i]))
			return 1;
	return 0;
}

static int
compare(const void *key, const void *call)
{
	return strcmp(key, ((const struct mx_check_call *)call)->name);
}

static const struct mx_check_call *
look_up(const char *name)
{
	return bsearch(name, mx_check_calls, mx_check_ncalls,
		       sizeof(mx_check_calls[0]), compare);
}

/* Whether a library of that name is there already, as the loader asks. */
static int
loaded(const char *name)
{
	size_t i;

	for (i = 0; i < chk.nobjects; i++) {
		const struct object *o = chk.objects[i];

		if (!strcmp(o->asked, name) ||
		    (o->elf.soname && !strcmp(o->elf.soname, name)))
			return 1;
	}
	return 0;
}

static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return mx_must(strdup("."));
	return mx_must(
		strndup(path, slash == path ? 1 : (size_t)(slash - path)));
}

static void
examine(struct object *o)
{
	size_t i;

	o->uses = mx_must(calloc(mx_check_ncalls, 1));
	if (o->libc)
		return;
	for (i = 0; i < o->elf.nimports; i++) {
		const struct mx_check_call *c = look_up(o->elf.imports[i]);

		if (c)
			o->uses[c - mx_check_calls] = 1;
	}
	if (mx_scan_elf(&o->elf, &o->scan))
		note(&chk.errors, &chk.nerrors, "%s: its code cannot be read",
		     o->path);
	if (o->elf.go)
		note(&chk.reasons, &chk.nreasons,
		     "%s: made by Go, whose "
		     "threads and system calls bypass libc",
		     o->path);
}

/* Takes path; asked for as name by loader, or by us (NULL). */
static void
add(char *path, const char *name, const struct object *loader)
{
	struct object *o = mx_must(calloc(1, sizeof(*o)));
	const char *soname;
	struct stat st;
	size_t i;
	int fd;

	if (chk.nobjects == MAX_OBJECTS)
		mx_die(MX_EXIT_USAGE, "%s: more than %d libraries", chk.path,
		       MAX_OBJECTS);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st)) {
		note(&chk.errors, &chk.nerrors, "%s: %s", path,
		     strerror(errno));
		goto drop;
	}
	for (i = 0; i < chk.nobjects; i++)
		if (chk.objects[i]->dev == st.st_dev &&
		    chk.objects[i]->ino == st.st_ino)
			goto drop;
	if (mx_elf_load(&o->elf, fd, !loader && chk.nobjects == 0)) {
		note(&chk.errors, &chk.nerrors, "%s: %s", path, o->elf.trouble);
		goto drop;
	}
	o->path = path;
	o->name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	o->asked = name;
	o->dev = st.st_dev;
	o->ino = st.st_ino;
	o->user.loader = loader ? &loader->user : NULL;
	o->user.origin = folder_of(path);
	o->user.rpath = o->elf.rpath;
	o->user.runpath = o->elf.runpath;
	o->user.nodeflib = o->elf.nodeflib;
	soname = o->elf.soname ? o->elf.soname : o->name;
	o->libc = is_libc(soname);
	if (starts(soname, "libasan.so") || starts(soname, "libtsan.so"))
		note(&chk.reasons, &chk.nreasons,
		     "needs %s, which refuses to "
		     "start behind a preloaded object",
		     soname);
	examine(o);
	close(fd);
	o->elf.fd = -1;
	chk.objects = mx_must(realloc(
		chk.objects, (chk.nobjects + 1) * sizeof(*chk.objects)));
	chk.objects[chk.nobjects++] = o;
	return;
drop:
	if (fd >= 0)
		close(fd);
	mx_elf_free(&o->elf);
	free(o);
	free(path);
}

/* What LD_PRELOAD or /etc/ld.so.preload name; changes text. */
static void
add_preloads(char *text, const char *separators)
{
	char *save, *w, *path;

	if (chk.nobjects == 0)
		return;
	for (w = strtok_r(text, separators, &save); w;
	     w = strtok_r(NULL, separators, &save)) {
		path = loaded(w) ? NULL
				 : mx_libs_find(w, &chk.objects[0]->user);
		/* The loader ignores one that it does not find. */
		if (path)
			add(path, w, chk.objects[0]);
	}
}

static void
add_all_preloads(void)
{
	const char *text = getenv("LD_PRELOAD");
	static char file[4096];
	ssize_t n;
	int fd;

	if (text && *text)
		add_preloads(mx_must(strdup(text)), ": ");
	fd = open("/etc/ld.so.preload", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	n = read(fd, file, sizeof(file) - 1);
	close(fd);
	if (n > 0)
		add_preloads(file, ": \t\n");
}

/* All that is needed, in the loader's order: breadth first. */
static void
add_needed(void)
{
	size_t i, k;

	for (i = 0; i < chk.nobjects; i++) {
		const struct object *o = chk.objects[i];

		for (k = 0; k < o->elf.nneeded; k++) {
			const char *name = o->elf.needed[k];
			char *path;

			if (loaded(name))
				continue;
			path = mx_libs_find(name, &o->user);
			if (path)
				add(path, name, o);
			else
				note(&chk.errors, &chk.nerrors,
				     "%s: its "
				     "library %s is not found",
				     o->path, name);
		}
	}
}

/* ---- the answer ---- */

static int
counts(enum mx_check_how how)
{
	return how == MX_CHECK_WAIT || how == MX_CHECK_BREAK;
}

/* Index of a user of the call from `from` on, or nobjects. */
static size_t
user_of(size_t call, size_t from)
{
	for (; from < chk.nobjects; from++)
		if (chk.objects[from]->uses[call])
			break;
	return from;
}

static const struct mx_check_number *
number(unsigned int nr)
{
	size_t i;

	for (i = 0; i < mx_check_nnumbers; i++)
		if (mx_check_numbers[i].number == (long)nr)
			return &mx_check_numbers[i];
	return NULL;
}

/* Places with calls that can block or break, or that are not known. */
static unsigned int
raw_places(const struct object *o)
{
	unsigned int i, n = o->scan.of[MX_SCAN_UNKNOWN];

	for (i = 0; i < MX_SCAN_NUMBERS; i++)
		if (o->scan.of[i] && number(i))
			n += o->scan.of[i];
	return n;
}

/* Calls that the program defines itself: it then does not call ours. */
static const char *
own_definition(size_t i)
{
	const struct object *o = chk.nobjects ? chk.objects[0] : NULL;
	const struct mx_check_call *c;

	if (!o || o->elf.library || o->libc)
		return NULL;
	c = look_up(o->elf.defines[i]);
	return c && c->how <= MX_CHECK_OURS ? c->name : NULL;
}

struct totals {
	size_t how[MX_CHECK_NHOW]; /* calls that are used */
	size_t own; /* that the program defines itself */
	size_t raw; /* objects with raw system calls */
	size_t uncovered; /* calls */
};

static struct totals
total(void)
{
	struct totals t = { 0 };
	size_t i;

	for (i = 0; i < mx_check_ncalls; i++)
		if (user_of(i, 0) < chk.nobjects)
			t.how[mx_check_calls[i].how]++;
	for (i = 0; chk.nobjects && i < chk.objects[0]->elf.ndefines; i++)
		t.own += own_definition(i) != NULL;
	for (i = 0; i < chk.nobjects; i++)
		t.raw += raw_places(chk.objects[i]) > 0;
	t.uncovered = t.how[MX_CHECK_WAIT] + t.how[MX_CHECK_BREAK] + t.own;
	return t;
}

static int
status_of(const struct totals *t)
{
	if (chk.nerrors)
		return MX_EXIT_USAGE;
	return t->uncovered || t->raw || chk.nreasons ? 1 : 0;
}

/* ---- for people ---- */

/* Names come from files: no control characters on the terminal. */
static void
put_clean(const char *s, FILE *f)
{
	for (; *s; s++)
		putc((unsigned char)*s < ' ' || *s == 127 ? '?' : *s, f);
}

/* A word of a list that is broken at WIDTH; column in *col. */
static void
put_word(const char *word, int *col, int indent)
{
	int n = (int)strlen(word);

	if (*col > indent && *col + 2 + n > WIDTH) {
		printf(",\n%*s", indent, "");
		*col = indent;
	} else if (*col > indent) {
		fputs(", ", stdout);
		*col += 2;
	}
	fputs(word, stdout);
	*col += n;
}

/* The calls of one kind that o imports, or (NULL) all objects do. */
static void
print_kind(const struct object *o, enum mx_check_how how)
{
	enum { INDENT = 9 };
	int col = INDENT, any = 0;
	size_t i;

	for (i = 0; i < mx_check_ncalls; i++) {
		if (mx_check_calls[i].how != how ||
		    !(o ? o->uses[i] : user_of(i, 0) < chk.nobjects))
			continue;
		if (!any)
			printf("  %-6s ", how_names[how]);
		any = 1;
		put_word(mx_check_calls[i].name, &col, INDENT);
	}
	if (any)
		putchar('\n');
}

/* "2 places: futex 1, number unknown 1" */
static void
print_raw(const struct object *o)
{
	const char *separator = ": ";
	unsigned int i, harmless = 0;

	printf("%u place%s", o->scan.places, o->scan.places == 1 ? "" : "s");
	for (i = 0; i < MX_SCAN_NUMBERS; i++) {
		const struct mx_check_number *n;

		if (!o->scan.of[i])
			continue;
		n = number(i);
		if (!n) {
			harmless += o->scan.of[i];
			continue;
		}
		printf("%s%s %u", separator, n->name, o->scan.of[i]);
		separator = ", ";
	}
	if (o->scan.of[MX_SCAN_UNKNOWN]) {
		printf("%snumber unknown %u", separator,
		       o->scan.of[MX_SCAN_UNKNOWN]);
		separator = ", ";
	}
	if (harmless)
		printf("%swhich do not block %u", separator, harmless);
}

static void
print_uncovered(const struct totals *t)
{
	size_t i, k, n;

	printf("not covered:\n");
	for (i = 0; i < chk.nreasons; i++) {
		fputs("  ", stdout);
		put_clean(chk.reasons[i], stdout);
		putchar('\n');
	}
	for (i = 0; i < mx_check_ncalls; i++) {
		const struct mx_check_call *c = &mx_check_calls[i];

		k = user_of(i, 0);
		if (!counts(c->how) || k == chk.nobjects)
			continue;
		printf("  %-18s %-5s  %s\n%26s in ", c->name, how_names[c->how],
		       c->note, "");
		put_clean(chk.objects[k]->name, stdout);
		for (n = 0; (k = user_of(i, k + 1)) < chk.nobjects; n++)
			if (n < 2)
				printf(", %s", chk.objects[k]->name);
		if (n > 2)
			printf(" and %zu more", n - 2);
		putchar('\n');
	}
	for (i = 0; t->own && i < chk.objects[0]->elf.ndefines; i++)
		if (own_definition(i))
			printf("  %-18s own    the program has a function of "
			       "this name, which is called instead\n",
			       own_definition(i));
	for (i = 0; i < chk.nobjects; i++) {
		if (!raw_places(chk.objects[i]))
			continue;
		fputs("  ", stdout);
		put_clean(chk.objects[i]->name, stdout);
		printf(" may make raw system calls (");
		print_raw(chk.objects[i]);
		printf(")\n");
	}
	if (t->raw)
		printf("  (Raw system calls are guessed from the bytes of the "
		       "code.)\n");
}

static int
uses(const char *name)
{
	const struct mx_check_call *c = look_up(name);

	return c && user_of((size_t)(c - mx_check_calls), 0) < chk.nobjects;
}

static void
print_report(const struct totals *t)
{
	enum mx_check_how how;
	size_t i, n = 0;
	int status = status_of(t);

	put_clean(chk.path, stdout);
	if (chk.script) {
		printf(", which interprets ");
		put_clean(chk.script, stdout);
	}
	for (i = 1; i < chk.nobjects; i++)
		n++;
	if (chk.nobjects)
		printf(": %zu librar%s", n, n == 1 ? "y" : "ies");
	putchar('\n');
	if (chk.libs) {
		for (i = 0; i < chk.nobjects; i++) {
			const struct object *o = chk.objects[i];

			putchar('\n');
			put_clean(o->path, stdout);
			printf("%s\n", o->libc ? ": part of libc, and covered "
						 "by its callers"
					       : "");
			for (how = 0; how < MX_CHECK_NHOW; how++)
				print_kind(o, how);
			if (o->scan.places) {
				fputs("  raw    ", stdout);
				print_raw(o);
				putchar('\n');
			}
		}
		putchar('\n');
	} else {
		for (how = 0; how <= MX_CHECK_PASS; how++)
			print_kind(NULL, how);
	}
	if (status == 1 || t->uncovered || t->raw || chk.nreasons)
		print_uncovered(t);
	if (uses("dlopen"))
		printf("not seen: what is loaded later (dlopen); name it after "
		       "the program\n");
	if (status == MX_EXIT_USAGE)
		printf("result: incomplete, see the errors\n");
	else if (status == 0)
		printf("result: every call is covered\n");
	else
		printf("result: not covered: %zu call%s, raw system calls in "
		       "%zu object%s%s\n",
		       t->uncovered, t->uncovered == 1 ? "" : "s", t->raw,
		       t->raw == 1 ? "" : "s",
		       chk.nreasons ? ", and see above" : "");
}

/* ---- for programs ---- */

/* Bytes of a UTF-8 sequence at s, or 0: it is none. */
static int
utf8(const unsigned char *s)
{
	int n, i;

	if (s[0] < 0x80)
		return 1;
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong, surrogates, beyond Unicode. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* A JSON string; a byte that is no UTF-8 as Python's surrogateescape. */
static void
json(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	int n;

	putchar('"');
	for (; *s; s += n) {
		n = utf8(s);
		if (n == 0) {
			n = 1;
			printf("\\udc%02x", *s);
		} else if (*s == '"' || *s == '\\') {
			printf("\\%c", *s);
		} else if (*s < ' ') {
			printf("\\u%04x", *s);
		} else {
			fwrite(s, 1, (size_t)n, stdout);
		}
	}
	putchar('"');
}

static void
json_list(const char *key, char *const *list, size_t n)
{
	size_t i;

	printf("  \"%s\": [", key);
	for (i = 0; i < n; i++) {
		printf("%s\n    ", i ? "," : "");
		json(list[i]);
	}
	printf("%s],\n", n ? "\n  " : "");
}

static void
json_calls(void)
{
	const char *separator = "";
	size_t i, k;

	printf("  \"calls\": [");
	for (i = 0; i < mx_check_ncalls; i++) {
		const struct mx_check_call *c = &mx_check_calls[i];
		const char *comma = "";

		k = user_of(i, 0);
		if (k == chk.nobjects)
			continue;
		printf("%s\n    {\"name\": \"%s\", \"how\": \"%s\", "
		       "\"covered\": %s, \"note\": ",
		       separator, c->name, how_names[c->how],
		       counts(c->how) ? "false" : "true");
		json(c->note);
		printf(", \"objects\": [");
		for (; k < chk.nobjects; k = user_of(i, k + 1)) {
			fputs(comma, stdout);
			json(chk.objects[k]->path);
			comma = ", ";
		}
		printf("]}");
		separator = ",";
	}
	printf("%s],\n", *separator ? "\n  " : "");
}

static void
json_objects(void)
{
	size_t i;
	unsigned int k;

	printf("  \"objects\": [");
	for (i = 0; i < chk.nobjects; i++) {
		const struct object *o = chk.objects[i];
		const char *comma = "";

		printf("%s\n    {\"path\": ", i ? "," : "");
		json(o->path);
		printf(", \"libc\": %s,\n     \"raw_system_calls\": "
		       "{\"places\": %u, \"uncovered\": %u, \"numbers\": {",
		       o->libc ? "true" : "false", o->scan.places,
		       raw_places(o));
		for (k = 0; k < MX_SCAN_NUMBERS; k++) {
			if (!o->scan.of[k])
				continue;
			printf("%s\"%u\": %u", comma, k, o->scan.of[k]);
			comma = ", ";
		}
		printf("}, \"unknown\": %u}}", o->scan.of[MX_SCAN_UNKNOWN]);
	}
	printf("%s],\n", chk.nobjects ? "\n  " : "");
}

static void
print_json(const struct totals *t)
{
	const char *comma = "";
	size_t i;

	printf("{\n  \"program\": ");
	json(chk.path);
	printf(",\n  \"script\": ");
	if (chk.script)
		json(chk.script);
	else
		printf("null");
	printf(",\n  \"status\": %d,\n", status_of(t));
	json_list("reasons", chk.reasons, chk.nreasons);
	json_list("errors", chk.errors, chk.nerrors);
	json_calls();
	printf("  \"own_definitions\": [");
	for (i = 0; t->own && i < chk.objects[0]->elf.ndefines; i++) {
		if (!own_definition(i))
			continue;
		printf("%s\"%s\"", comma, own_definition(i));
		comma = ", ";
	}
	printf("],\n");
	json_objects();
	printf("  \"loads_later\": %s\n}\n", uses("dlopen") ? "true" : "false");
}

/* ---- the command ---- */

static __attribute__((noreturn)) void
finish(int status)
{
	if (fflush(stdout) || ferror(stdout))
		mx_die(MX_EXIT_USAGE, "cannot write: %s", strerror(errno));
	exit(status);
}

static int
parse(int argc, char **argv)
{
	int i;

	for (i = 2; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--"))
			return i + 1;
		if (!strcmp(argv[i], "--json")) {
			chk.json = 1;
		} else if (!strcmp(argv[i], "--libs")) {
			chk.libs = 1;
		} else if (!strcmp(argv[i], "--version")) {
			puts(PACKAGE_STRING);
			finish(0);
		} else if (!strcmp(argv[i], "--help") ||
			   !strcmp(argv[i], "-h")) {
			fputs(usage_text, stdout);
			fputs(help_text, stdout);
			finish(0);
		} else {
			mx_usage_error("unknown option '%.64s'", argv[i]);
		}
	}
	return i;
}

/* A shared object by path, which need not be executable. */
static int
is_library(const char *path)
{
	struct mx_elf e;
	int fd, library = 0;

	if (!strchr(path, '/'))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return 0;
	if (mx_elf_ours(fd)) {
		library = !mx_elf_load(&e, fd, 0) && e.library;
		mx_elf_free(&e);
	}
	close(fd);
	return library;
}

/* The program, or what interprets it; 0: there is nothing to read in it. */
static int
find(char *name)
{
	static char why[MX_WHY_SIZE];
	char *argv[] = { name, NULL };
	struct mx_command cmd = { NULL, argv };
	struct stat st;
	int elf, fd, status;
	char *path;

	if (is_library(name)) {
		chk.path = mx_must(strdup(name));
		return 1;
	}
	cmd.path = mx_find_program(name);
	path = cmd.path;
	fd = mx_follow_scripts(&cmd, &chk.path, &st, &elf);
	if (fd >= 0 && !elf) {
		/* As mixio run: what the kernel does not know goes to sh. */
		close(fd);
		cmd.path = mx_must(strdup("/bin/sh"));
		fd = mx_follow_scripts(&cmd, &chk.path, &st, &elf);
	}
	if (strcmp(chk.path, path))
		chk.script = path;
	if (fd < 0)
		mx_die(MX_EXIT_USAGE, "%s: cannot be read: %s", chk.path,
		       strerror(errno));
	if (!elf)
		mx_die(MX_EXIT_NOT_EXEC, "%s: not an ELF file", chk.path);
	status = mx_why_not_elf(chk.path, fd, why);
	close(fd);
	if (status && status != MX_EXIT_USAGE)
		mx_die(status, "%s", why);
	if (status) {
		note(&chk.reasons, &chk.nreasons, "%s", why);
		return 0;
	}
	if (mx_why_not_privileged(chk.path, &st, why))
		note(&chk.reasons, &chk.nreasons, "%s", why);
	return 1;
}

int
mx_check_main(int argc, char **argv)
{
	int i = parse(argc, argv);
	struct totals t;
	char *path;

	if (i >= argc)
		mx_usage_error("check wants a program");
	if (find(argv[i])) {
		/* $ORIGIN is where the file is, not a link to it. */
		path = realpath(chk.path, NULL);
		add(path ? path : mx_must(strdup(chk.path)), "", NULL);
		add_all_preloads();
		while (++i < argc) {
			path = realpath(argv[i], NULL);
			if (!path)
				mx_die(MX_EXIT_NOT_FOUND, "%s: %s", argv[i],
				       strerror(errno));
			add(path, argv[i],
			    chk.nobjects ? chk.objects[0] : NULL);
		}
		add_needed();
	}
	t = total();
	if (chk.json)
		print_json(&t);
	else
		print_report(&t);
	fflush(stdout);
	for (i = 0; i < (int)chk.nerrors; i++) {
		fputs("mixio: ", stderr);
		put_clean(chk.errors[i], stderr);
		putc('\n', stderr);
	}
	finish(status_of(&t));
}
