/* SPDX-License-Identifier: MIT */
/*
 * The launcher: mixio run [options] [--] PROGRAM [ARGS...]
 *               mixio check [options] [--] PROGRAM [OBJECT...]: see check.c
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
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "config.h"
#include "check.h"

#define OBJECT "libmixio.so"
#define NUMBER_MAX 30000L /* what src/env.c takes */

enum {
	SCRIPT_DEPTH = 5, /* the kernel's own limit on #! chains */
	SCRIPT_LINE = 256 /* BINPRM_BUF_SIZE */
};

static const char usage_text[] =
	"usage: mixio run [options] [--] PROGRAM [ARGS...]\n"
	"       mixio check [options] [--] PROGRAM [OBJECT...]\n"
	"       mixio --version | --help\n";

static const char help_text[] =
	"\n"
	"run: runs PROGRAM with its threads as green threads: its main thread is\n"
	"opted in, blocking calls park, and all threads share one kernel thread.\n"
	"check: says which of PROGRAM's blocking calls mixio handles, and which it\n"
	"does not; see mixio check --help.\n"
	"\n"
	"options of run:\n"
	"  --stats          print counters on standard error at exit\n"
	"  --helpers N      at most N helper kernel threads (1 to 30000; 64)\n"
	"  --handoff-ms N   a thread may be busy for N ms before the others move\n"
	"                   to a spare kernel thread (1 to 30000; 10)\n"
	"  --follow         opt in the programs that PROGRAM executes, too\n"
	"  --debug          report trouble (such as a stack overflow) by thread\n"
	"  --dump-signal S  on signal S (QUIT, USR1, RTMIN+1, a number ...) print\n"
	"                   every thread with its stack on standard error\n"
	"  --version        print the version and exit\n"
	"  --help           print this text and exit\n"
	"\n"
	"exit status: PROGRAM's own; 127 when it is not found, 126 when it cannot\n"
	"be executed, 2 for a bad option or a program that cannot be preloaded\n"
	"(static, setuid, other processor). See mixio(1).\n";

void
mx_die(int status, const char *fmt, ...)
{
	va_list ap;

	fputs("mixio: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(status);
}

void *
mx_must(void *p)
{
	if (!p)
		mx_die(MX_EXIT_NOT_EXEC, "out of memory");
	return p;
}

char *
mx_join(const char *a, const char *b, const char *c)
{
	size_t n = strlen(a) + strlen(b) + strlen(c) + 1;
	char *s = mx_must(malloc(n));

	snprintf(s, n, "%s%s%s", a, b, c);
	return s;
}

/* Text that was asked for: 0, or 1 when it could not be written. */
static __attribute__((noreturn)) void
print_and_exit(const char *a, const char *b)
{
	if (fputs(a, stdout) < 0 || fputs(b, stdout) < 0 || fflush(stdout))
		mx_die(1, "cannot write: %s", strerror(errno));
	exit(0);
}

void
mx_usage_error(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	mx_die(MX_EXIT_USAGE, "%s; see 'mixio --help'", text);
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
		return mx_must(strdup(name));
	}
	if (!dirs)
		dirs = "/bin:/usr/bin";
	for (;; dirs = end + 1) {
		char *path, *dir;

		end = strchrnul(dirs, ':');
		dir = mx_must(strndup(dirs, (size_t)(end - dirs)));
		path = mx_join(dir, *dir ? "/" : "", name);
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

char *
mx_find_program(const char *name)
{
	char *path = search_path(name);

	if (path)
		return path;
	if (errno == EACCES)
		mx_die(MX_EXIT_NOT_EXEC, "%s: not an executable file", name);
	if (errno == ENOENT || errno == ENOTDIR)
		mx_die(MX_EXIT_NOT_FOUND, "%s: not found%s", name,
		    strchr(name, '/') ? "" : " on PATH");
	mx_die(MX_EXIT_NOT_EXEC, "%s: %s", name, strerror(errno));
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
		return mx_must(strdup(named));
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash) {
			*slash = '\0';
			path = mx_join(self, "/.libs/", OBJECT);
			if (!access(path, F_OK))
				return path;
			free(path);
			path = mx_join(self, "/", OBJECT);
			if (!access(path, F_OK))
				return path;
			free(path);
		}
	}
	return mx_must(strdup(PKGLIBDIR "/" OBJECT));
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

static __attribute__((format(printf, 3, 4))) int
because(char why[MX_WHY_SIZE], int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, MX_WHY_SIZE, fmt, ap);
	va_end(ap);
	return status;
}

int
mx_why_not_elf(const char *path, int fd, char why[MX_WHY_SIZE])
{
	char interp[PATH_MAX];
	const char *base;
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	int i, found = 0;

	/* e_machine stands at the same place in both classes. */
	if (read_at(fd, &eh, offsetof(Elf64_Ehdr, e_version), 0))
		return because(why, MX_EXIT_NOT_EXEC, "%s: truncated ELF file",
		    path);
	if (eh.e_ident[EI_DATA] != ELFDATA2LSB)
		return because(why, MX_EXIT_USAGE, "%s: big-endian program; "
		    "mixio runs %s programs here", path, MX_MACHINE_NAME);
	if (eh.e_machine != MX_MACHINE || eh.e_ident[EI_CLASS] != ELFCLASS64)
		return because(why, MX_EXIT_USAGE, "%s: wrong architecture "
		    "(%s%s); this mixio runs 64-bit %s programs: use a build "
		    "of the program for it", path,
		    eh.e_ident[EI_CLASS] == ELFCLASS32 ? "32-bit " : "",
		    machine_name(eh.e_machine), MX_MACHINE_NAME);
	if (eh.e_type != ET_EXEC && eh.e_type != ET_DYN)
		return because(why, MX_EXIT_NOT_EXEC, "%s: not an executable "
		    "ELF file (object file?)", path);
	if (read_at(fd, &eh, sizeof(eh), 0) || eh.e_phentsize != sizeof(ph))
		return because(why, MX_EXIT_NOT_EXEC, "%s: damaged ELF file",
		    path);
	for (i = 0; i < eh.e_phnum; i++) {
		if (read_at(fd, &ph, sizeof(ph),
		    (off_t)(eh.e_phoff + (Elf64_Off)i * sizeof(ph))))
			return because(why, MX_EXIT_NOT_EXEC,
			    "%s: damaged ELF file", path);
		if (ph.p_type == PT_INTERP) {
			found = 1;
			break;
		}
	}
	if (!found)
		return because(why, MX_EXIT_USAGE, "%s: statically linked, so "
		    "nothing can be preloaded into it; link it dynamically",
		    path);
	if (ph.p_filesz == 0 || ph.p_filesz >= sizeof(interp) ||
	    read_at(fd, interp, ph.p_filesz, (off_t)ph.p_offset))
		return because(why, MX_EXIT_NOT_EXEC, "%s: damaged ELF file",
		    path);
	interp[ph.p_filesz] = '\0';
	base = strrchr(interp, '/');
	base = base ? base + 1 : interp;
	if (!strncmp(base, "ld-musl", 7))
		return because(why, MX_EXIT_USAGE, "%s: uses musl; mixio needs "
		    "a program that is linked with glibc", path);
	if (access(interp, F_OK))
		return because(why, MX_EXIT_NOT_FOUND,
		    "%s: its loader %s is not found", path, interp);
	return 0;
}

/*
 * When executing the file raises privileges, the loader ignores LD_PRELOAD.
 * A file system mounted nosuid and no_new_privs raise nothing.
 */
int
mx_why_not_privileged(const char *path, const struct stat *st,
    char why[MX_WHY_SIZE])
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
		return 0;
	if (!statvfs(path, &fs) && (fs.f_flag & ST_NOSUID))
		return 0;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return 0;
	return because(why, MX_EXIT_USAGE, "%s: %s, so the loader ignores "
	    "preloaded objects; run it %s", path, what, remedy);
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
replace_env(struct mx_command *cmd, const char *interp, const char *arg)
{
	const char *base = strrchr(interp, '/');
	char *words[SCRIPT_LINE / 2], **argv;
	size_t n, argc = 0, i;

	if (strcmp(base ? base + 1 : interp, "env") || !*arg)
		return -1;
	n = split_env(mx_must(strdup(arg)), words,
	    sizeof(words) / sizeof(words[0]));
	if (!n)
		return -1;
	while (cmd->argv[argc])
		argc++;
	argv = mx_must(calloc(n + argc + 2, sizeof(*argv)));
	for (i = 0; i < n; i++)
		argv[i] = words[i];
	argv[n] = cmd->path;
	for (i = 1; i < argc; i++)
		argv[n + i] = cmd->argv[i];
	cmd->path = mx_find_program(words[0]);
	cmd->argv = argv;
	return 0;
}

int
mx_follow_scripts(struct mx_command *cmd, char **ret_path, struct stat *ret_st,
    int *ret_elf)
{
	char interp[SCRIPT_LINE], arg[SCRIPT_LINE], magic[SELFMAG];
	char *path = cmd->path;
	int depth, fd, rc, at_cmd = 1;

	for (depth = 0; depth <= SCRIPT_DEPTH; depth++) {
		*ret_path = path;
		*ret_elf = 0;
		rc = why_not_executable(path, ret_st);
		if (rc == ENOENT || rc == ENOTDIR)
			mx_die(MX_EXIT_NOT_FOUND, "%s: its interpreter %s is "
			    "not found", cmd->path, path);
		if (rc)
			mx_die(MX_EXIT_NOT_EXEC, "%s: its interpreter %s "
			    "cannot be executed: %s", cmd->path, path,
			    strerror(rc));
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return -1; /* executable but not readable */
		if (!read_at(fd, magic, sizeof(magic), 0) &&
		    !memcmp(magic, ELFMAG, SELFMAG)) {
			*ret_elf = 1;
			return fd;
		}
		if (read_script(fd, interp, arg))
			return fd; /* the kernel's, or sh's after ENOEXEC */
		close(fd);
		if (at_cmd && !replace_env(cmd, interp, arg)) {
			path = cmd->path;
			continue;
		}
		at_cmd = 0;
		path = mx_must(strdup(interp));
	}
	mx_die(MX_EXIT_NOT_EXEC, "%s: more than %d interpreters in a row",
	    cmd->path, SCRIPT_DEPTH);
}

/* Ends the process where nothing can be preloaded into the program. */
static void
check_program(struct mx_command *cmd)
{
	static char why[MX_WHY_SIZE];
	char *path;
	struct stat st;
	int elf, fd, status = 0;

	fd = mx_follow_scripts(cmd, &path, &st, &elf);
	if (elf)
		status = mx_why_not_elf(path, fd, why);
	if (!status && (elf || fd < 0))
		status = mx_why_not_privileged(path, &st, why);
	if (status)
		mx_die(status, "%s", why);
	if (fd >= 0)
		close(fd);
}

/* ---- the command line ---- */

static void
set(const char *name, const char *value)
{
	if (setenv(name, value, 1))
		mx_die(MX_EXIT_NOT_EXEC, "out of memory");
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
		mx_usage_error("%s wants a number from 1 to %ld, not '%.64s'",
		    option, NUMBER_MAX, value);
	snprintf(text, sizeof(text), "%ld", n);
	set(name, text);
}

/* A number from low to high, or -1. */
static int
between(const char *text, int low, int high)
{
	char *end;
	long n = strtol(text, &end, 10);

	return *text >= '0' && *text <= '9' && !*end && n >= low && n <= high ?
	    (int)n : -1;
}

/* The number of a signal by its name, with or without SIG; -1: none. */
static int
signal_number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} names[] = {
		{ "HUP", SIGHUP }, { "INT", SIGINT }, { "QUIT", SIGQUIT },
		{ "ILL", SIGILL }, { "TRAP", SIGTRAP }, { "ABRT", SIGABRT },
		{ "IOT", SIGIOT }, { "BUS", SIGBUS }, { "FPE", SIGFPE },
		{ "KILL", SIGKILL }, { "USR1", SIGUSR1 }, { "SEGV", SIGSEGV },
		{ "USR2", SIGUSR2 }, { "PIPE", SIGPIPE }, { "ALRM", SIGALRM },
		{ "TERM", SIGTERM }, { "STKFLT", SIGSTKFLT },
		{ "CHLD", SIGCHLD }, { "CLD", SIGCHLD }, { "CONT", SIGCONT },
		{ "STOP", SIGSTOP }, { "TSTP", SIGTSTP }, { "TTIN", SIGTTIN },
		{ "TTOU", SIGTTOU }, { "URG", SIGURG }, { "XCPU", SIGXCPU },
		{ "XFSZ", SIGXFSZ }, { "VTALRM", SIGVTALRM },
		{ "PROF", SIGPROF }, { "WINCH", SIGWINCH }, { "IO", SIGIO },
		{ "POLL", SIGIO }, { "PWR", SIGPWR }, { "SYS", SIGSYS },
	};
	int low = SIGRTMIN, high = SIGRTMAX, n;
	size_t i;

	if (*name >= '0' && *name <= '9')
		return between(name, 1, high);
	if (!strncasecmp(name, "SIG", 3))
		name += 3;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcasecmp(name, names[i].name))
			return names[i].number;
	if (!strcasecmp(name, "RTMIN"))
		return low;
	if (!strcasecmp(name, "RTMAX"))
		return high;
	if (!strncasecmp(name, "RTMIN+", 6)) {
		n = between(name + 6, 0, high - low);
		return n < 0 ? -1 : low + n;
	}
	if (!strncasecmp(name, "RTMAX-", 6)) {
		n = between(name + 6, 0, high - low);
		return n < 0 ? -1 : high - n;
	}
	return -1;
}

/*
 * Faults tell where the program is wrong and come again when the handler
 * returns; 32 and 33 are libc's own.
 */
static void
set_signal(const char *option, const char *name, const char *value)
{
	int n = signal_number(value);
	char text[16];

	if (n < 0)
		mx_usage_error("%s wants a signal (QUIT, USR1, a number from 1 "
		    "to %d), not '%.64s'", option, SIGRTMAX, value);
	if (n == SIGKILL || n == SIGSTOP || n == SIGSEGV || n == SIGBUS ||
	    n == SIGFPE || n == SIGILL || n == 32 || n == 33)
		mx_usage_error("%s cannot use signal '%.64s': no program can "
		    "give it up; take another one", option, value);
	snprintf(text, sizeof(text), "%d", n);
	set(name, text);
}

enum value { NONE, NUMBER, SIGNAL };

static const struct option {
	const char *name;
	const char *variable; /* set in the program's environment */
	enum value value;
} options[] = {
	{ "--stats", "MIXIO_STATS", NONE },
	{ "--debug", "MIXIO_DEBUG", NONE },
	{ "--follow", "MIXIO_FOLLOW", NONE },
	{ "--helpers", "MIXIO_HELPERS", NUMBER },
	{ "--handoff-ms", "MIXIO_HANDOFF_MS", NUMBER },
	{ "--dump-signal", "MIXIO_DUMP_SIGNAL", SIGNAL },
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
			mx_usage_error("unknown option '%.64s'", argv[i]);
		value = argv[i][n] == '=' ? argv[i] + n + 1 : NULL;
		if (o->value == NONE) {
			if (value)
				mx_usage_error("%s takes no value", o->name);
			set(o->variable, "1");
			continue;
		}
		if (!value) {
			if (i + 1 >= argc)
				mx_usage_error("%s wants a %s", o->name,
				    o->value == NUMBER ? "number" : "signal");
			value = argv[++i];
		}
		if (o->value == NUMBER)
			set_number(o->name, o->variable, value);
		else
			set_signal(o->name, o->variable, value);
	}
	return i;
}

static void
set_preload(void)
{
	const char *old = getenv("LD_PRELOAD");
	char *object = find_object();

	if (access(object, R_OK))
		mx_die(MX_EXIT_USAGE, "%s: %s; build and install mixio, or name its "
		    "preload object in MIXIO_LIB", object, strerror(errno));
	if (strpbrk(object, " \t\n:"))
		mx_die(MX_EXIT_USAGE, "%s: the loader cannot preload from a path with "
		    "blanks or colons; move mixio", object);
	set("LD_PRELOAD", old && *old ? mx_join(object, ":", old) : object);
	set("MIXIO_RUN", "1");
}

int
main(int argc, char **argv)
{
	struct mx_command cmd;
	char **sh_argv;
	int i, n, err;

	if (argc < 2)
		mx_usage_error("a command is missing: mixio run PROGRAM "
		    "[ARGS...]");
	if (!strcmp(argv[1], "check"))
		return mx_check_main(argc, argv);
	if (strcmp(argv[1], "run")) {
		if (argv[1][0] != '-')
			mx_usage_error("unknown command '%.64s': mixio run PROGRAM "
			    "[ARGS...]", argv[1]);
		/* mixio --help and --version; any other option is an error. */
		if (strcmp(argv[1], "--help") && strcmp(argv[1], "-h") &&
		    strcmp(argv[1], "--version"))
			mx_usage_error("unknown option '%.64s'", argv[1]);
		parse(argc, argv, 1);
	}
	i = parse(argc, argv, 2);
	if (i >= argc)
		mx_usage_error("run wants a program");

	cmd.path = mx_find_program(argv[i]);
	cmd.argv = argv + i;
	check_program(&cmd);
	set_preload();

	execv(cmd.path, cmd.argv);
	err = errno;
	if (err == ENOEXEC) {
		/* A script without a #! line: as execvp(3), ask the shell. */
		for (n = 0; cmd.argv[n]; n++)
			;
		sh_argv = mx_must(calloc((size_t)n + 2, sizeof(*sh_argv)));
		sh_argv[0] = (char *)"sh";
		sh_argv[1] = cmd.path;
		memcpy(sh_argv + 2, cmd.argv + 1,
		    (size_t)n * sizeof(*sh_argv));
		execv("/bin/sh", sh_argv);
		err = errno;
	}
	mx_die(err == ENOENT ? MX_EXIT_NOT_FOUND : MX_EXIT_NOT_EXEC, "%s: %s",
	    cmd.path, strerror(err));
}
