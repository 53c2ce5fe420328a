/* SPDX-License-Identifier: MIT */
/*
 * Where the loader would find a library: the order of ld.so(8), without
 * running anything.  What is named glibc-hwcaps is left out: such a variant
 * of a library imports what the plain one does.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "check.h"

#define CACHE "/etc/ld.so.cache"

enum {
	CACHE_LIMIT = 1 << 26, /* bytes */
	/* Of an entry's flags: the kind of library, and its processor. */
	CACHE_LIBC6 = 3,
#if defined __x86_64__
	CACHE_FLAGS = 0x0300 | CACHE_LIBC6
#elif defined __aarch64__
	CACHE_FLAGS = 0x0a00 | CACHE_LIBC6
#endif
};

/* The file that ldconfig(8) writes; sysdeps/generic/dl-cache.h of glibc. */
struct cache_head {
	char magic[20]; /* "glibc-ld.so.cache1.1" */
	uint32_t nlibs;
	uint32_t len_strings;
	uint32_t unused[5];
};

struct cache_entry {
	int32_t flags;
	uint32_t key, value; /* strings, from the head on */
	uint32_t osversion;
	uint64_t hwcap; /* not 0: for some processors only */
};

static const char old_magic[] = "ld.so-1.7.0"; /* up to glibc 2.31 */
static const char new_magic[] = "glibc-ld.so.cache1.1";

static const char *const default_dirs[] = {
	"/lib/" MX_MULTIARCH,
	"/usr/lib/" MX_MULTIARCH,
	"/lib64",
	"/usr/lib64",
	"/lib",
	"/usr/lib",
};

enum { NDEFAULT = sizeof(default_dirs) / sizeof(default_dirs[0]) };

/* path, if the loader would take it; it goes on past foreign files. */
static char *
usable(char *path)
{
	int fd, ok;

	if (!path)
		return NULL;
	/* O_NONBLOCK: a FIFO must not stop us. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ok = fd >= 0 && mx_elf_ours(fd);
	if (fd >= 0)
		close(fd);
	if (ok)
		return path;
	free(path);
	return NULL;
}

static int
add(char *buf, size_t *len, const char *text, size_t n)
{
	if (n >= PATH_MAX - *len)
		return -1;
	memcpy(buf + *len, text, n);
	*len += n;
	buf[*len] = '\0';
	return 0;
}

/* Puts $ORIGIN, $LIB and $PLATFORM in; 0, or -1: the loader cannot, either. */
static int
expand(const char *s, size_t n, const char *origin, char buf[PATH_MAX])
{
	static const char *const names[] = { "ORIGIN", "LIB", "PLATFORM" };
	const char *value[3], *end = s + n;
	size_t len = 0, i;
	struct stat st;

	value[0] = origin;
	value[1] =
		stat("/lib/" MX_MULTIARCH, &st) ? "lib64" : "lib/" MX_MULTIARCH;
	value[2] = MX_MACHINE_NAME;
	buf[0] = '\0';
	while (s < end) {
		size_t left = (size_t)(end - s), k = 0, skip = 1;

		for (i = 0; *s == '$' && i < 3; i++) {
			k = strlen(names[i]);
			if (left > k + 2 && s[1] == '{' &&
			    !memcmp(s + 2, names[i], k) && s[k + 2] == '}') {
				skip = k + 3;
				break;
			}
			if (left > k && !memcmp(s + 1, names[i], k)) {
				skip = k + 1;
				break;
			}
		}
		if (*s == '$' && i < 3) {
			if (!value[i] ||
			    add(buf, &len, value[i], strlen(value[i])))
				return -1;
		} else if (add(buf, &len, s, 1)) {
			return -1;
		}
		s += skip;
	}
	return 0;
}

/* Tries name in every folder of a list; an empty one is the current one. */
static char *
in_list(const char *name, const char *list, const char *separators,
	const char *origin)
{
	char dir[PATH_MAX], *path;
	size_t n;

	for (;; list += n + 1) {
		n = strcspn(list, separators);
		if (!expand(list, n, origin, dir)) {
			path = usable(mx_join(*dir ? dir : ".", "/", name));
			if (path)
				return path;
		}
		if (!list[n])
			return NULL;
	}
}

static const char *
cache_string(const char *cache, size_t from, size_t size, uint32_t at)
{
	if (at >= size - from ||
	    !memchr(cache + from + at, '\0', size - from - at))
		return NULL;
	return cache + from + at;
}

static char *
read_cache(size_t *ret_size)
{
	int fd = open(CACHE, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *buf = NULL;
	struct stat st;
	size_t n = 0;

	if (fd < 0)
		return NULL;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    st.st_size < CACHE_LIMIT) {
		buf = mx_must(malloc((size_t)st.st_size));
		while (n < (size_t)st.st_size) {
			ssize_t k = read(fd, buf + n, (size_t)st.st_size - n);

			if (k <= 0)
				break;
			n += (size_t)k;
		}
	}
	close(fd);
	*ret_size = n;
	return buf;
}

static int
in_default_dir(const char *path)
{
	size_t i, n;

	for (i = 0; i < NDEFAULT; i++) {
		n = strlen(default_dirs[i]);
		if (!strncmp(path, default_dirs[i], n) && path[n] == '/' &&
		    !strchr(path + n + 1, '/'))
			return 1;
	}
	return 0;
}

static char *
in_cache(const char *name, int nodeflib)
{
	static char *cache;
	static size_t size;
	struct cache_head head;
	struct cache_entry entry;
	size_t from = 0, i;
	uint32_t nold;

	if (!cache)
		cache = read_cache(&size);
	if (!cache)
		return NULL;
	/* The old head, 12 bytes an entry, may stand before the new one. */
	if (size >= 16 && !memcmp(cache, old_magic, sizeof(old_magic) - 1)) {
		memcpy(&nold, cache + 12, sizeof(nold));
		from = (16 + (size_t)nold * 12 + 7) & ~(size_t)7;
	}
	if (from > size || size - from < sizeof(head))
		return NULL;
	memcpy(&head, cache + from, sizeof(head));
	if (memcmp(head.magic, new_magic, sizeof(head.magic)))
		return NULL;
	if (head.nlibs > (size - from - sizeof(head)) / sizeof(entry))
		return NULL;
	for (i = 0; i < head.nlibs; i++) {
		const char *key, *value;

		memcpy(&entry, cache + from + sizeof(head) + i * sizeof(entry),
		       sizeof(entry));
		if (entry.flags != CACHE_FLAGS || entry.hwcap)
			continue;
		key = cache_string(cache, from, size, entry.key);
		if (!key || strcmp(key, name))
			continue;
		value = cache_string(cache, from, size, entry.value);
		if (value && !(nodeflib && in_default_dir(value)))
			return usable(mx_must(strdup(value)));
	}
	return NULL;
}

char *
mx_libs_find(const char *name, const struct mx_libs_user *user)
{
	const struct mx_libs_user *u;
	const char *list;
	char buf[PATH_MAX], *path;
	size_t i;

	if (!*name)
		return NULL;
	if (strchr(name, '/')) {
		if (expand(name, strlen(name), user->origin, buf))
			return NULL;
		return usable(mx_must(strdup(buf)));
	}
	/* RPATH of the object and of all that led to it, or RUNPATH alone. */
	for (u = user; u && !user->runpath; u = u->loader) {
		if (!u->rpath || !*u->rpath || u->runpath)
			continue;
		path = in_list(name, u->rpath, ":", u->origin);
		if (path)
			return path;
	}
	list = getenv("LD_LIBRARY_PATH");
	if (list && *list) {
		path = in_list(name, list, ":;", user->origin);
		if (path)
			return path;
	}
	if (user->runpath && *user->runpath) {
		path = in_list(name, user->runpath, ":", user->origin);
		if (path)
			return path;
	}
	path = in_cache(name, user->nodeflib);
	for (i = 0; !path && !user->nodeflib && i < NDEFAULT; i++)
		path = usable(mx_join(default_dirs[i], "/", name));
	return path;
}
