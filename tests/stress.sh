#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/stress/stress with a random seed: $STRESS_SECONDS (10) under mixio, and
# 5 natively, which shows that the program itself is right.
# tests/stress.sh [OPTION...]: passed on, e.g. --seed N to repeat a run.
set -u
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"

SRCDIR=${MIXIO_SRCDIR:-$(dirname "$0")/..}
BUILDDIR=${MIXIO_BUILDDIR:-.}
MIXIO=${MIXIO:-$BUILDDIR/mixio}
CC=${CC:-cc}
seconds=${STRESS_SECONDS:-10}
unset LD_PRELOAD MIXIO_RUN MIXIO_FOLLOW MIXIO_STATS MIXIO_DEBUG \
	MIXIO_HELPERS MIXIO_HANDOFF_MS

program=$BUILDDIR/tests/stress/stress
[ -x "$program" ] || {
	program=$tmp/stress
	# shellcheck disable=SC2086 # words
	$CC -std=gnu11 -D_GNU_SOURCE -O2 -g -pthread \
		-o "$program" "$SRCDIR/tests/stress/stress.c" -ldl
} || {
	echo "Bail out! $CC cannot make the stress program"
	exit 1
}

# stress NAME SECONDS COMMAND...: its results as ours, and it must end well
stress() {
	name=$1 length=$2
	shift 2
	seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
	tap_say "$name: seed $seed, $length s"
	# Its own watchdog says more than an end by us would.
	limit=$(awk "BEGIN {
		print int($length + 90 * ${MIXIO_TEST_SLOW:-1}) }")
	rc=0
	timeout -s ABRT -k 10 "$limit" "$@" --seed "$seed" \
		--seconds "$length" $options >"$tmp/out" 2>&1 </dev/null ||
		rc=$?
	while IFS= read -r line; do
		case $line in
		"ok "*) tap_result 0 "$name: ${line#ok * - }" ;;
		"not ok "*) tap_result 1 "$name: ${line#not ok * - }" ;;
		1..*) ;;
		*) tap_say "${line#\# }" ;;
		esac
	done <"$tmp/out"
	is "$name: comes to its end" "$rc" 0
}

options=$*
stress natively 5 "$program"
# Lookups keep children from making threads, see actors.h.
stress "natively, without lookups" 2 "$program" --only ickxbfs
# TWIN_MIXIO: another way to run under mixio, e.g. in an emulator.
# shellcheck disable=SC2086 # words
stress "under mixio" "$seconds" ${TWIN_MIXIO:-"$MIXIO" run --stats --} \
	"$program"
done_testing
