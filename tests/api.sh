#!/bin/sh
# SPDX-License-Identifier: MIT
# mixio.h: what its calls say without the preloaded object, and all that they
# do with LD_PRELOAD alone, from C and from Python.
set -u
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"

SRCDIR=${MIXIO_SRCDIR:-$(dirname "$0")/..}
BUILDDIR=${MIXIO_BUILDDIR:-.}
object=${MIXIO_OBJECT:-$BUILDDIR/.libs/libmixio.so}
case $object in
/*) ;;
*) object=$PWD/$object ;;
esac
CC=${CC:-cc}
limit=$(awk "BEGIN { print int(60 * ${MIXIO_TEST_SLOW:-1}) }")
unset LD_PRELOAD MIXIO_RUN MIXIO_FOLLOW MIXIO_STATS MIXIO_DEBUG \
	MIXIO_HELPERS MIXIO_HANDOFF_MS MIXIO_LIB

[ -e "$object" ] || {
	echo "Bail out! no $object: build first, or set MIXIO_OBJECT"
	exit 1
}
# shellcheck disable=SC2086 # words
$CC -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -pthread \
	-I"$SRCDIR/src" -o "$tmp/api" "$SRCDIR/tests/api/api.c" -ldl || {
	echo "Bail out! $CC cannot make the test program"
	exit 1
}

# results GROUP COMMAND...: its "ok" lines as ours, and it must end well
results() {
	group=$1
	shift
	rc=0
	timeout "$limit" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || rc=$?
	while IFS= read -r line; do
		case $line in
		"ok "*) tap_result 0 "$group: ${line#ok }" ;;
		"not ok "*) tap_result 1 "$group: ${line#not ok }" ;;
		*) tap_say "$line" ;;
		esac
	done <"$tmp/out"
	# 1 says that a line above is "not ok".
	[ "$rc" -eq 1 ] && grep -q '^not ok ' "$tmp/out" && rc=0
	is "$group: comes to its end" "$rc" 0
	is "$group: nothing on standard error" "$(head -c 500 "$tmp/err")" ""
}

# ---- the header by itself: any language, no macros of the program's
echo '#include "mixio.h"
int main(void) { return mixio_entered() + (mixio_version() != 0); }' \
	>"$tmp/alone.c"
cp "$tmp/alone.c" "$tmp/alone.cc"
# shellcheck disable=SC2086
ok "the header in C99" $CC -std=c99 -Wall -Wextra -Werror -pedantic-errors \
	-Wno-pedantic -I"$SRCDIR/src" -o "$tmp/alone" "$tmp/alone.c" -ldl
ok "which runs" "$tmp/alone"
if [ -n "${CXX:-}" ] || command -v c++ >/dev/null; then
	# shellcheck disable=SC2086
	ok "the header in C++" ${CXX:-c++} -Wall -Wextra -Werror \
		-I"$SRCDIR/src" -o "$tmp/alone" "$tmp/alone.cc" -ldl
	ok "which runs" "$tmp/alone"
else
	skip "the header in C++" "no compiler"
fi

# ---- without and with the object
results bare "$tmp/api" bare
for group in enter cycles stats dump kernel_threads domains orphans fork \
	interrupt; do
	results "$group" env LD_PRELOAD="$object" "$tmp/api" "$group"
done

if command -v python3 >/dev/null; then
	results python env LD_PRELOAD="$object" PYTHONDONTWRITEBYTECODE=1 \
		python3 "$SRCDIR/tests/api/threads.py"
else
	skip "python" "no python3"
fi
done_testing
