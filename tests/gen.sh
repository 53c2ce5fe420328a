#!/bin/sh
# SPDX-License-Identifier: MIT
# preload/gen.awk: bad rows stop with file:line, and what it makes from good
# ones compiles, resolves libc's calls, and survives one that is missing.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/tap.sh"

AWK=${AWK:-awk}
CC=${CC:-cc}
gen=$here/../preload/gen.awk
cd "$tmp" || exit 1

cat >good.tbl <<'EOF'
# a comment
## Sockets
recv | ssize_t | int fd, void *buf, size_t n, int flags | park | - | -
__recv | - | - | alias:recv | - | old name
socketpair | int | int domain, int type, int protocol, int sv[2] | pass | - |
## The rest
pthread_cond_wait | int | pthread_cond_t *c, pthread_mutex_t *m | park | GLIBC_2.3.2 |
pthread_cond_wait@GLIBC_2.2.5 | int | pthread_cond_t *c, pthread_mutex_t *m | real-only | - |
signal | mx_handler_fn | int sig, mx_handler_fn handler | ours | - |
qsort | void | void *base, size_t n, size_t size, int (*cmp)(const void *, const void *) | pass | - |
execve | int | const char *path, char *const argv[], char *const envp[] | ours | - |
_exit | void | int status | ours | - | noreturn
fork | pid_t | void | ours | - |
vfork | pid_t | void | ours | - | stub=fork
mx_absent | int | struct timespec *ts, const char *restrict s | park | - | optional; new
pthread_absent_np | int | unsigned long x | park | GLIBC_9.9 | optional
mx_absent_ptr | char * | void | pass | - | optional
mx_absent_seven | int | int x | pass | - | optional absent=7
only_us | int | int x | real-only | - | optional
EOF

for what in h c map md names aliases; do
	ok "makes $what" $AWK -v out=$what -f "$gen" good.tbl
	$AWK -v out=$what -f "$gen" good.tbl >good.$what
done
is "names: every exported row, sorted" \
	"$(grep -c . good.names) $(LC_ALL=C sort -c good.names 2>&1)" "14 "
is "names: nothing that is only resolved" "$(grep -c only_us good.names)" 0
is "aliases" "$(cat good.aliases)" "__recv recv"
ok "map: aliases are exported" grep -q '^	__recv;$' good.map
ok "md: aliases stand in their row" \
	grep -qF '| `recv` | park | `__recv` |' good.md
ok "md: sections" grep -qxF '## The rest' good.md

cat >mx_types.h <<'EOF'
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/types.h>
typedef void (*mx_handler_fn)(int);
EOF
cat >use.c <<'EOF'
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <dlfcn.h>
#include <unistd.h>
#include "real.h"
static int at_start;
/* Before any constructor of ours: preinit_array runs first of all. */
static void early(int argc, char **argv, char **envp)
{
	int sv[2];

	(void)argc, (void)argv, (void)envp;
	errno = 7;
	at_start = real.socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0 &&
		errno == 7 && write(sv[0], "x", 1) == 1 &&
		real.recv(sv[1], sv, 1, 0) == 1;
}
__attribute__((section(".preinit_array"), used))
static void (*const hook)(int, char **, char **) = early;
int main(void)
{
	printf("early %d\n", at_start);
	mx_real_resolve();
	printf("dlerror %d\n", dlerror() != NULL);
	printf("has %d %d\n", mx_real_has(recv), mx_real_has(mx_absent));
	errno = 0;
	printf("absent %d", real.mx_absent(NULL, NULL));
	printf(" %d\n", errno == ENOSYS);
	printf("pthread %d\n", real.pthread_absent_np(1) == ENOSYS);
	printf("pointer %d\n", real.mx_absent_ptr() == NULL);
	printf("given %d\n", real.mx_absent_seven(0));
	printf("libc %d\n", (void *)real.qsort == dlsym(RTLD_NEXT, "qsort"));
	printf("version %d\n", (void *)real.pthread_cond_wait ==
		dlvsym(RTLD_NEXT, "pthread_cond_wait",
#ifdef __x86_64__
		"GLIBC_2.3.2"
#else
		"GLIBC_2.17"
#endif
		));
	fflush(stdout);
	real._exit(5);
}
EOF
cp good.h real.h
cp good.c real.c
flags="-std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Werror"
for o in -O0 -O2; do
	# shellcheck disable=SC2086 # words
	ok "what it makes compiles without a warning at $o" \
		$CC $flags $o -o use real.c use.c -ldl
	timeout 20 ./use >use.out
	is "and works at $o" "$? $(tr '\n' ' ' <use.out)" \
		"5 early 1 dlerror 0 has 1 0 absent -1 1 pthread 1 pointer 1 given 7 libc 1 version 1 "
done
ok "_FORTIFY_SOURCE is refused" \
	sh -c "! $CC -D_GNU_SOURCE -O2 -D_FORTIFY_SOURCE=2 -c real.c 2>err && grep -q FORTIFY err"
ok "_FILE_OFFSET_BITS is refused" \
	sh -c "! $CC -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -c real.c 2>err && grep -q OFFSET err"

echo 'mx_missing_call | int | int x | park | - | -' >missing.tbl
$AWK -v out=h -f "$gen" missing.tbl >real.h
$AWK -v out=c -f "$gen" missing.tbl >real.c
cat >call.c <<'EOF'
#include "real.h"
int main(void)
{
	return real.mx_missing_call(1);
}
EOF
# shellcheck disable=SC2086 # words
ok "a table with a call that no libc has" $CC $flags -o call real.c call.c -ldl
{ timeout 20 ./call; } 2>call.err
rc=$?
# With old libcs a first call goes by dlsym, and there the loader says it.
case $rc:$(getconf GNU_LIBC_VERSION 2>&1) in
127:"glibc 2."[12][0-9] | 127:"glibc 2.3"[0-3]) missing='127 *: undefined symbol: mx_missing_call' ;;
*) missing="134 mixio: this libc has no 'mx_missing_call', which mixio needs*" ;;
esac
like "stops with one line" "$rc $(grep mx_missing_call call.err)" "$missing"

# bad ROW MESSAGE: as line 20 of the table
bad() {
	{
		cat good.tbl
		printf '%s\n' "$1"
	} >bad.tbl
	n=$(grep -c '' bad.tbl)
	err=$($AWK -v out=h -f "$gen" bad.tbl 2>&1 >/dev/null)
	like "refused: $2" "$? $err" "1 bad.tbl:$n: *$2*"
}
bad 'a | int | void | park | -' 'has 5'
bad 'a | int | void | park | - | x | y' 'has 7'
bad 'a-b | int | void | park | - |' 'no name of a call'
bad ' | int | void | park | - |' 'no name of a call'
bad 'a | int | void | jump | - |' "unknown class 'jump'"
bad 'a | int | void | | - |' "unknown class ''"
bad 'recv | int | void | park | - |' 'declared twice, first in line 3'
bad 'a | - | - | alias:nope | - |' "alias of 'nope', which has no row"
bad 'a | - | - | alias:__recv | - |' "alias of '__recv', which has no body"
bad 'a | - | - | alias:only_us | - |' "alias of 'only_us', which has no body"
bad 'a | - | - | alias: | - |' 'alias:NAME needs'
bad 'a | int | int | park | - |' "parameter 1 ('int') has no name"
bad 'a | int | int a, struct x * | park | - |' "parameter 2*has no name"
bad 'a | int | int a, ... | park | - |' 'fixed parameter list'
bad 'a | int | int a) | park | - |' 'parentheses do not match'
bad 'a | int | - | park | - |' 'parameters (or void) are needed'
bad 'a | | void | park | - |' 'return type and parameters'
bad 'a | int | void | park | 2.17 |' "'2.17' is no glibc version"
bad 'a@2.17 | int | void | real-only | - |' "'2.17' is no glibc version"
bad 'a@GLIBC_2.17 | int | void | park | - |' 'must be of class real-only'
bad 'a | int | void | park | - | stub=nope' 'stub=nope, which has no row'
: >empty.tbl
err=$($AWK -v out=h -f "$gen" empty.tbl 2>&1)
like "an empty table is refused" "$? $err" "1 empty.tbl: the table has no rows"
err=$($AWK -v out=x -f "$gen" good.tbl 2>&1)
like "an unknown product is refused" "$? $err" "1 gen.awk: *"

done_testing
