/* SPDX-License-Identifier: MIT */
/*
 * Whether other processes can see a piece of memory. Language runtimes call
 * futex without FUTEX_PRIVATE_FLAG on words of their own heap (libstdc++ for
 * std::future, latches, semaphores, std::atomic::wait), and such a wait may park
 * if the word is the process's own.
 *
 * Asked from the kernel each time and never remembered: a program may map
 * something else at an address at any time. Called in user code, on any kernel
 * thread; takes no lock.
 */
#include "mx.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* linux/fs.h of Linux 6.11, which the headers at hand may not know yet. */
struct procmap_query {
	uint64_t size;		/* of this struct: the kernel's version of it */
	uint64_t query_flags;
	uint64_t query_addr;
	uint64_t start, end;
	uint64_t flags;		/* out: MAP_IS_* */
	uint64_t page_size;
	uint64_t offset;
	uint64_t inode;
	uint32_t dev[2];
	uint32_t name_size;	/* 0: no name wanted */
	uint32_t build_id_size;	/* likewise */
	uint64_t name_addr;
	uint64_t build_id_addr;
};

#define MAP_QUERY _IOWR('f', 17, struct procmap_query)
#define MAP_IS_SHARED 0x08

/* Documentation/admin-guide/mm/pagemap.rst */
#define PAGE_PRESENT (UINT64_C(1) << 63)
#define PAGE_IS_FILE (UINT64_C(1) << 61)	/* or shared memory */

enum { NOT_YET = -1, NEVER = -2 };

static _Atomic int maps_fd = NOT_YET;
static _Atomic int pages_fd = NOT_YET;

/* Our copy of a file in /proc/self: a descriptor or a negative number. */
static int
get(_Atomic int *fdp, const char *path)
{
	int fd = atomic_load_explicit(fdp, memory_order_acquire), none = NOT_YET;

	if (fd != NOT_YET)
		return fd;
	fd = mx_fd_high(real.openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0));
	if (fd < 0) {
		/* A table of descriptors that is full now may not stay so. */
		if (errno != EMFILE && errno != ENFILE)
			atomic_compare_exchange_strong(fdp, &none, NEVER);
		return NOT_YET;
	}
	mx_fd_own(fd);
	if (!atomic_compare_exchange_strong(fdp, &none, fd)) {
		mx_fd_disown(fd);
		real.close(fd);
		fd = none;
	}
	return fd;
}

/* Linux 6.11: 1 shared, 0 private, else not known. */
static int
ask_map(const volatile void *addr)
{
	struct procmap_query q = {
		.size = sizeof(q), .query_addr = (uintptr_t)addr,
	};
	int fd = get(&maps_fd, "/proc/self/maps");

	if (fd < 0)
		return -1;
	if (real.ioctl(fd, MAP_QUERY, &q) == 0)
		return (q.flags & MAP_IS_SHARED) != 0;
	if (errno == ENOTTY)
		atomic_store(&maps_fd, NEVER);
	return -1;
}

/*
 * Older: a page that is there and belongs to no file and no shared memory. (A
 * file on memory that is not the kernel's own to manage, DAX, looks the same
 * here.)
 */
static int
ask_page(const volatile void *addr)
{
	uint64_t entry, size = (uint64_t)sysconf(_SC_PAGESIZE);
	int fd = get(&pages_fd, "/proc/self/pagemap");

	if (fd < 0 || pread(fd, &entry, sizeof(entry),
	    (off_t)((uintptr_t)addr / size * sizeof(entry))) != sizeof(entry))
		return -1;
	return (entry & (PAGE_PRESENT | PAGE_IS_FILE)) == PAGE_PRESENT ? 0 : -1;
}

/*
 * True when the word at addr, which the caller has just read, is certainly seen
 * by this process alone. Keeps errno.
 */
bool
mx_pages_private(const volatile void *addr)
{
	int saved = errno, rc;

	rc = ask_map(addr);
	if (rc < 0 && atomic_load(&maps_fd) == NEVER)
		rc = ask_page(addr);
	errno = saved;
	return rc == 0;
}

/* The child of a fork: our files tell about the parent's memory. */
void
mx_pages_fork(void)
{
	_Atomic int *fds[] = { &maps_fd, &pages_fd };
	int fd;
	size_t i;

	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		fd = atomic_load(fds[i]);
		if (fd < 0)
			continue;
		mx_fd_disown(fd);
		real.close(fd);
		atomic_store(fds[i], NOT_YET);
	}
}
