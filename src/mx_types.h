/* SPDX-License-Identifier: MIT */
/*
 * System headers and function types that the table of calls needs. Included by
 * the generated real.h before anything else.
 */
#ifndef MX_TYPES_H
#define MX_TYPES_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <aio.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <mqueue.h>
#include <netdb.h>
#include <netinet/ether.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <resolv.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <shadow.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <termios.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
#include <wordexp.h>

/* stdio.h has macros of these names. */
#undef fread_unlocked
#undef fwrite_unlocked

/* Up to glibc 2.33 these names are macros, and rows of the table. */
#undef res_query
#undef res_search
#undef res_send
#undef res_nquery
#undef res_nsearch
#undef res_nsend
#undef res_querydomain
#undef res_nquerydomain

/* glibc up to 2.33 does not name these; alike on every processor. */
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif
/* Headers older than Linux 5.11. */
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

typedef void *(*mx_start_fn)(void *);
typedef void (*mx_dtor_fn)(void *);
typedef void (*mx_void_fn)(void);
typedef void (*mx_handler_fn)(int);
typedef int (*mx_thrd_fn)(void *);
typedef char *const *mx_argv;

/* Of openat2(2): headers before glibc 2.43 lack it. */
struct open_how;
int openat2(int dir, const char *path, const struct open_how *how, size_t size);
typedef int (*mx_clone_fn)(void *);

#endif
