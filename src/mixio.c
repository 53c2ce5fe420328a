/* SPDX-License-Identifier: MIT */
/*
 * The launcher: mixio run [options] [--] PROGRAM [ARGS...]
 *
 * Sets the environment that the preload object reads and executes PROGRAM in
 * its own place, so that pid, signals and exit status are PROGRAM's. What the
 * loader would silently ignore (static, setuid, foreign programs) is refused
 * here with one line. Stand-alone: shares nothing with the runtime.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "config.h"

#define OBJECT "libmixio.so"
#define NUMBER_MAX 30000L /* what src/env.c takes */

enum {
	EXIT_USAGE = 2,	    /* bad option, or a program that cannot be run so */
	EXIT_NOT_EXEC = 126, /* as env(1): found, but cannot be executed */
	EXIT_NOT_FOUND = 127,
	SCRIPT_DEPTH = 5, /* the kernel's own limit on #! chains */
	SCRIPT_LINE = 256 /* BINPRM_BUF_SIZE */
};

#if defined __x86_64__
enum { MACHINE = EM_X86_64 };
#define MACHINE_NAME "x86_64"
#elif defined __aarch64__
enum { MACHINE = EM_AARCH64 };
#define MACHINE_NAME "aarch64"
#else
#error "no support for this processor: add it here and in arch/"
#endif

static const char usage_text[] =
	"usage: mixio run [options] [--] PROGRAM [ARGS...]\n"
	"       mixio --version | --help\n";

static const char help_text[] =
	"\n"
	"Runs PROGRAM with its threads as green threads: its main thread is opted\n"
	"in, blocking calls park, and all threads share one kernel thread.\n"
	"\n"
	"options:\n"
	"  --stats          print counters on standard error at exit\n"
	"  --helpers N      at most N helper kernel threads (1 to 30000; 64)\n"
	"  --handoff-ms N   a thread may be busy for N ms before the others move\n"
	"                   to a spare kernel thread (1 to 30000; 10)\n"
	"  --follow         opt in the programs that PROGRAM executes, too\n"
	"  --debug          report trouble (such as a stack overflow) by thread\n"
	"  --version        print the version and exit\n"
	"  --help           print this text and exit\n"
	"\n"
	"exit status: PROGRAM's own; 127 when it is not found, 126 when it cannot\n"
	"be executed, 2 for a bad option or a program that cannot be preloaded\n"
	"(static, setuid, other processor). See mixio(1).\n";

struct command {
	char *path;  /* to execute */
	char **argv; /* as PROGRAM shall see it */
};

static __attribute__((noreturn, format(printf, 2, 3))) void
die(int status, const char *fmt, ...)
{
	va_list ap;

	fputs("mixio: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(status);
}

static void *
must(void *p)
{
	if (!p)
		die(EXIT_NOT_EXEC, "out of memory");
	return p;
}

static char *
join(const char *a, const char *b, const char *c)
{
	size_t n = strlen(a) + strlen(b) + strlen(c) + 1;
	char *s = must(malloc(n));

	snprintf(s, n, "%s%s%s", a, b, c);
	return s;
}

/* Text that was asked for: 0, or 1 when it could not be written. */
static __attribute__((noreturn)) void
print_and_exit(const char *a, const char *b)
{
	if (fputs(a, stdout) < 0 || fputs(b, stdout) < 0 || fflush(stdout))
		die(1, "cannot write: %s", strerror(errno));
	exit(0);
}

static __attribute__((noreturn)) void
usage_error(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	die(EXIT_USAGE, "%s; see 'mixio --help'", text);
}

/* ---- finding files ---- */

/* 0, or why the kernel would not execute path. */
static int
why_not_executable(const char *path, struct stat *ret_st)
{
	if (stat(path, ret_st))
		return errno;
	if (!S_ISREG(ret_st->st_mode))
		return EACCES;
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS))
		return errno;
	return 0;
}

/* As execvp(3) searches; NULL and errno when there is none. */
static char *
search_path(const char *name)
{
	const char *dirs = getenv("PATH"), *end;
	int refused = 0;
	struct stat st;
	int err;

	if (!*name) {
		errno = ENOENT;
		return NULL;
	}
	if (strchr(name, '/')) {
		err = why_not_executable(name, &st);
		if (err) {
			errno = err;
			return NULL;
		}
		return must(strdup(name));
	}
	if (!dirs)
		dirs = "/bin:/usr/bin";
	for (;; dirs = end + 1) {
		char *path, *dir;

		end = strchrnul(dirs, ':');
		dir = must(strndup(dirs, (size_t)(end - dirs)));
		path = join(dir, *dir ? "/" : "", name);
		free(dir);
		err = why_not_executable(path, &st);
		if (!err)
			return path;
		free(path);
		if (err == EACCES)
			refused = 1;
		if (!*end)
			break;
	}
	errno = refused ? EACCES : ENOENT;
	return NULL;
}

static char *
find_program(const char *name)
{
	char *path = search_path(name);

	if (path)
		return path;
	if (errno == EACCES)
		die(EXIT_NOT_EXEC, "%s: not an executable file", name);
	if (errno == ENOENT || errno == ENOTDIR)
		die(EXIT_NOT_FOUND, "%s: not found%s", name,
		    strchr(name, '/') ? "" : " on PATH");
	die(EXIT_NOT_EXEC, "%s: %s", name, strerror(errno));
}

/* The preload object: named, beside us in a build tree, or installed. */
static char *
find_object(void)
{
	const char *named = getenv("MIXIO_LIB");
	char self[PATH_MAX], *path, *slash;
	ssize_t n;

	if (named && *named && !getauxval(AT_SECURE)) {
		path = realpath(named, NULL);
		if (path)
			return path;
		return must(strdup(named));
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash) {
			*slash = '\0';
			path = join(self, "/.libs/", OBJECT);
			if (!access(path, F_OK))
				return path;
			free(path);
			path = join(self, "/", OBJECT);
			if (!access(path, F_OK))
				return path;
			free(path);
		}
	}
	return must(strdup(PKGLIBDIR "/" OBJECT));
}

/* ---- what kind of program ---- */

static const char *
machine_name(unsigned int machine)
{
	static char number[32];

	switch (machine) {
	case EM_X86_64:
		return "x86_64";
	case EM_AARCH64:
		return "aarch64";
	case EM_386:
		return "i386";
	case EM_ARM:
		return "arm";
	case EM_RISCV:
		return "riscv";
	case EM_PPC64:
		return "ppc64";
	case EM_S390:
		return "s390";
	case EM_MIPS:
		return "mips";
	default:
		snprintf(number, sizeof(number), "ELF machine %u", machine);
		return number;
	}
}

static int
read_at(int fd, void *buf, size_t n, off_t off)
{
	return pread(fd, buf, n, off) == (ssize_t)n ? 0 : -1;
}

/* Ends the process unless the ELF file is one that we can be loaded into. */
static void
check_elf(const char *path, int fd)
{
	char interp[PATH_MAX];
	const char *base;
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	int i, found = 0;

	/* e_machine stands at the same place in both classes. */
	if (read_at(fd, &eh, offsetof(Elf64_Ehdr, e_version), 0))
		die(EXIT_NOT_EXEC, "%s: truncated ELF file", path);
	if (eh.e_ident[EI_DATA] != ELFDATA2LSB)
		die(EXIT_USAGE, "%s: big-endian program; mixio runs %s "
		    "programs here", path, MACHINE_NAME);
	if (eh.e_machine != MACHINE || eh.e_ident[EI_CLASS] != ELFCLASS64)
		die(EXIT_USAGE, "%s: wrong architecture (%s%s); this mixio runs "
		    "64-bit %s programs: use a build of the program for it",
		    path, eh.e_ident[EI_CLASS] == ELFCLASS32 ? "32-bit " : "",
		    machine_name(eh.e_machine), MACHINE_NAME);
	if (eh.e_type != ET_EXEC && eh.e_type != ET_DYN)
		die(EXIT_NOT_EXEC, "%s: not an executable ELF file (object "
		    "file?)", path);
	if (read_at(fd, &eh, sizeof(eh), 0) || eh.e_phentsize != sizeof(ph))
		die(EXIT_NOT_EXEC, "%s: damaged ELF file", path);
	for (i = 0; i < eh.e_phnum; i++) {
		if (read_at(fd, &ph, sizeof(ph),
		    (off_t)(eh.e_phoff + (Elf64_Off)i * sizeof(ph))))
			die(EXIT_NOT_EXEC, "%s: damaged ELF file", path);
		if (ph.p_type == PT_INTERP) {
			found = 1;
			break;
		}
	}
	if (!found)
		die(EXIT_USAGE, "%s: statically linked, so nothing can be "
		    "preloaded into it; link it dynamically", path);
	if (ph.p_filesz == 0 || ph.p_filesz >= sizeof(interp) ||
	    read_at(fd, interp, ph.p_filesz, (off_t)ph.p_offset))
		die(EXIT_NOT_EXEC, "%s: damaged ELF file", path);
	interp[ph.p_filesz] = '\0';
	base = strrchr(interp, '/');
	base = base ? base + 1 : interp;
	if (!strncmp(base, "ld-musl", 7))
		die(EXIT_USAGE, "%s: uses musl; mixio needs a program that is "
		    "linked with glibc", path);
	if (access(interp, F_OK))
		die(EXIT_NOT_FOUND, "%s: its loader %s is not found", path,
		    interp);
}

/*
 * Ends the process when executing the file raises privileges: the loader then
 * ignores LD_PRELOAD. A file system mounted nosuid and no_new_privs raise
 * nothing.
 */
static void
check_privileges(const char *path, const struct stat *st)
{
	const char *what = NULL, *remedy = "as its owner";
	struct statvfs fs;
	char caps[64];

	if ((st->st_mode & S_ISUID) && st->st_uid != geteuid())
		what = "setuid";
	else if ((st->st_mode & S_ISGID) && (st->st_mode & S_IXGRP) &&
	    st->st_gid != getegid())
		what = "setgid", remedy = "with its group";
	else if (geteuid() != 0 &&
	    getxattr(path, "security.capability", caps, sizeof(caps)) > 0)
		what = "has file capabilities", remedy = "as root";
	if (!what)
		return;
	if (!statvfs(path, &fs) && (fs.f_flag & ST_NOSUID))
		return;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return;
	die(EXIT_USAGE, "%s: %s, so the loader ignores preloaded objects; run "
	    "it %s", path, what, remedy);
}

/*
 * Reads a #! line into ret_interp and ret_arg ("" when there is none), as the
 * kernel does: one argument, blanks inside it kept. 0, or -1: not a script.
 */
static int
read_script(int fd, char *ret_interp, char *ret_arg)
{
	char line[SCRIPT_LINE], *p, *end;
	ssize_t n;

	n = pread(fd, line, sizeof(line) - 1, 0);
	if (n < 2 || line[0] != '#' || line[1] != '!')
		return -1;
	line[n] = '\0';
	end = strchrnul(line, '\n');
	*end = '\0';
	while (end > line + 2 && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	p = line + 2;
	p += strspn(p, " \t");
	n = (ssize_t)strcspn(p, " \t");
	memcpy(ret_interp, p, (size_t)n);
	ret_interp[n] = '\0';
	p += n;
	p += strspn(p, " \t");
	memcpy(ret_arg, p, strlen(p) + 1);
	return *ret_interp ? 0 : -1;
}

/* Words of env's argument in "#!/usr/bin/env ARG"; 0 when it is not simple. */
static size_t
split_env(char *arg, char **ret_words, size_t max)
{
	size_t n = 0;
	char *save, *w;
	int split = !strncmp(arg, "-S", 2);

	if (strpbrk(arg, "\"'\\$="))
		return 0;
	if (!split) {
		if (*arg == '-' || strpbrk(arg, " \t"))
			return 0;
		ret_words[n++] = arg;
		return n;
	}
	for (w = strtok_r(arg + 2, " \t", &save); w;
	    w = strtok_r(NULL, " \t", &save)) {
		if (n == max)
			return 0;
		ret_words[n++] = w;
	}
	return n > 0 && *ret_words[0] != '-' ? n : 0;
}

/*
 * A script that starts by "#!/usr/bin/env NAME" would opt in env, whose exec
 * starts clean: put NAME in env's place. Returns 0 when cmd was changed.
 */
static int
replace_env(struct command *cmd, const char *interp, const char *arg)
{
	const char *base = strrchr(interp, '/');
	char *words[SCRIPT_LINE / 2], **argv;
	size_t n, argc = 0, i;

	if (strcmp(base ? base + 1 : interp, "env") || !*arg)
		return -1;
	n = split_env(must(strdup(arg)), words,
	    sizeof(words) / sizeof(words[0]));
	if (!n)
		return -1;
	while (cmd->argv[argc])
		argc++;
	argv = must(calloc(n + argc + 2, sizeof(*argv)));
	for (i = 0; i < n; i++)
		argv[i] = words[i];
	argv[n] = cmd->path;
	for (i = 1; i < argc; i++)
		argv[n + i] = cmd->argv[i];
	cmd->path = find_program(words[0]);
	cmd->argv = argv;
	return 0;
}

/* Follows #! lines to the program that the loader will see, and checks it. */
static void
check_program(struct command *cmd)
{
	char interp[SCRIPT_LINE], arg[SCRIPT_LINE], magic[SELFMAG];
	char *path = cmd->path;
	int depth, fd, rc, at_cmd = 1;
	struct stat st;

	for (depth = 0; depth <= SCRIPT_DEPTH; depth++) {
		rc = why_not_executable(path, &st);
		if (rc == ENOENT || rc == ENOTDIR)
			die(EXIT_NOT_FOUND, "%s: its interpreter %s is not "
			    "found", cmd->path, path);
		if (rc)
			die(EXIT_NOT_EXEC, "%s: its interpreter %s cannot be "
			    "executed: %s", cmd->path, path, strerror(rc));
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			/* Executable but not readable: all there is to see. */
			check_privileges(path, &st);
			return;
		}
		if (!read_at(fd, magic, sizeof(magic), 0) &&
		    !memcmp(magic, ELFMAG, SELFMAG)) {
			check_elf(path, fd);
			check_privileges(path, &st);
			close(fd);
			return;
		}
		rc = read_script(fd, interp, arg);
		close(fd);
		if (rc) {
			/* Left to the kernel, or to sh after ENOEXEC. */
			return;
		}
		if (at_cmd && !replace_env(cmd, interp, arg)) {
			path = cmd->path;
			continue;
		}
		at_cmd = 0;
		path = must(strdup(interp));
	}
	die(EXIT_NOT_EXEC, "%s: more than %d interpreters in a row", cmd->path,
	    SCRIPT_DEPTH);
}

/* ---- the command line ---- */

static void
set(const char *name, const char *value)
{
	if (setenv(name, value, 1))
		die(EXIT_NOT_EXEC, "out of memory");
}

static void
set_number(const char *option, const char *name, const char *value)
{
	const char *p;
	char text[16];
	long n = 0;

	for (p = value; *p >= '0' && *p <= '9' && n <= NUMBER_MAX; p++)
		n = n * 10 + (*p - '0');
	if (*p || p == value || n < 1 || n > NUMBER_MAX)
		usage_error("%s wants a number from 1 to %ld, not '%.64s'",
		    option, NUMBER_MAX, value);
	snprintf(text, sizeof(text), "%ld", n);
	set(name, text);
}

static const struct option {
	const char *name;
	const char *variable; /* set in the program's environment */
	int number;	      /* takes a value */
} options[] = {
	{ "--stats", "MIXIO_STATS", 0 },
	{ "--debug", "MIXIO_DEBUG", 0 },
	{ "--follow", "MIXIO_FOLLOW", 0 },
	{ "--helpers", "MIXIO_HELPERS", 1 },
	{ "--handoff-ms", "MIXIO_HANDOFF_MS", 1 },
};

/* Reads the options of run; returns the index of PROGRAM in argv. */
static int
parse(int argc, char **argv, int i)
{
	size_t k, n;

	for (; i < argc && argv[i][0] == '-'; i++) {
		const struct option *o = NULL;
		const char *value;

		if (!strcmp(argv[i], "--"))
			return i + 1;
		if (!strcmp(argv[i], "--version"))
			print_and_exit(PACKAGE_STRING, "\n");
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			print_and_exit(usage_text, help_text);
		n = strcspn(argv[i], "=");
		for (k = 0; k < sizeof(options) / sizeof(options[0]); k++)
			if (strlen(options[k].name) == n &&
			    !strncmp(argv[i], options[k].name, n))
				o = &options[k];
		if (!o)
			usage_error("unknown option '%.64s'", argv[i]);
		value = argv[i][n] == '=' ? argv[i] + n + 1 : NULL;
		if (!o->number) {
			if (value)
				usage_error("%s takes no value", o->name);
			set(o->variable, "1");
			continue;
		}
		if (!value) {
			if (i + 1 >= argc)
				usage_error("%s wants a number", o->name);
			value = argv[++i];
		}
		set_number(o->name, o->variable, value);
	}
	return i;
}

static void
set_preload(void)
{
	const char *old = getenv("LD_PRELOAD");
	char *object = find_object();

	if (access(object, R_OK))
		die(EXIT_USAGE, "%s: %s; build and install mixio, or name its "
		    "preload object in MIXIO_LIB", object, strerror(errno));
	if (strpbrk(object, " \t\n:"))
		die(EXIT_USAGE, "%s: the loader cannot preload from a path with "
		    "blanks or colons; move mixio", object);
	set("LD_PRELOAD", old && *old ? join(object, ":", old) : object);
	set("MIXIO_RUN", "1");
}

int
main(int argc, char **argv)
{
	struct command cmd;
	char **sh_argv;
	int i, n, err;

	if (argc < 2)
		usage_error("a command is missing: mixio run PROGRAM [ARGS...]");
	if (strcmp(argv[1], "run")) {
		if (argv[1][0] != '-')
			usage_error("unknown command '%.64s': mixio run PROGRAM "
			    "[ARGS...]", argv[1]);
		/* mixio --help and --version; any other option is an error. */
		if (strcmp(argv[1], "--help") && strcmp(argv[1], "-h") &&
		    strcmp(argv[1], "--version"))
			usage_error("unknown option '%.64s'", argv[1]);
		parse(argc, argv, 1);
	}
	i = parse(argc, argv, 2);
	if (i >= argc)
		usage_error("run wants a program");

	cmd.path = find_program(argv[i]);
	cmd.argv = argv + i;
	check_program(&cmd);
	set_preload();

	execv(cmd.path, cmd.argv);
	err = errno;
	if (err == ENOEXEC) {
		/* A script without a #! line: as execvp(3), ask the shell. */
		for (n = 0; cmd.argv[n]; n++)
			;
		sh_argv = must(calloc((size_t)n + 2, sizeof(*sh_argv)));
		sh_argv[0] = (char *)"sh";
		sh_argv[1] = cmd.path;
		memcpy(sh_argv + 2, cmd.argv + 1,
		    (size_t)n * sizeof(*sh_argv));
		execv("/bin/sh", sh_argv);
		err = errno;
	}
	die(err == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXEC, "%s: %s", cmd.path,
	    strerror(err));
}
