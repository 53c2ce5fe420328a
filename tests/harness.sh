#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/twin/twin by itself: it must see each kind of difference that it says it
# compares. The "second run" of these programs is native with DIFFERS set.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/tap.sh"

# program NAME DIRECTIVES CODE
program() {
	# shellcheck disable=SC2154 # tap.sh sets it
	cat >"$tmp/$1.c" <<END
/* twin: $2 */
#include "t.h"
int
main(void)
{
	const char *d = getenv("DIFFERS");

	$3
	return 0;
}
END
}

# twin NAME OPTIONS: verdict and what it says
twin() {
	name=$1
	shift
	"$here/twin/twin" --bindir "$tmp/bin" --mixio-cmd "env DIFFERS=1" "$@" \
		"$tmp/$name.c" 2>&1
}

program same "stderr trace" 'say("x"); trace_event("a", "b %p", (void *)&d);
	fprintf(stderr, "%d %p\n", getpid(), (void *)&d); (void)d;'
like "equal but for numbers and addresses" "$(twin same)" "*ok 1 - *"
like "more runs" "$(twin same --repeat 3)" "*ok 1 - *"
program out "" 'say(d ? "x" : "y");'
like "standard output" "$(twin out)" "*not ok 1 *-y*+x*"
program status "" 'return d ? 3 : 4;'
like "exit status" "$(twin status)" "*not ok 1 *exit 4*exit 3*"
program killed "" 'raise(d ? SIGTERM : SIGINT);'
like "signal" "$(twin killed)" "*not ok 1 *signal 2*signal 15*"
program err "" 'fprintf(stderr, "%s\n", d ? "x" : "y");'
like "standard error is not asked for" "$(twin err)" "*
ok 1 - *"
like "standard error, when it is" "$(twin err --stderr)" "*not ok 1 *-y*+x*"
program asked "stderr" 'fprintf(stderr, "%s\n", d ? "x" : "y");'
like "standard error, by the program" "$(twin asked)" "*not ok 1 *-y*+x*"
program order "trace" 'trace_event("a", d ? "2" : "1"); trace_event("a", d ? "1" : "2");'
like "the order of one thread's events" "$(twin order)" '*not ok 1 *trace of "a"*'
program between "trace" 'trace_event(d ? "b" : "a", "1"); trace_event(d ? "a" : "b", "1");'
like "the order between threads is not compared" "$(twin between)" "*
ok 1 - *"
program lost "trace" 'if (!d) trace_event("a", "1");'
like "an event that is missing" "$(twin lost)" '*not ok 1 *-1*'
program hangs "timeout=3" 'if (d) pause();'
like "no end" "$(twin hangs)" "*not ok 1 *no end within *"

done_testing
