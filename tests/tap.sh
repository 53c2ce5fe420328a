# SPDX-License-Identifier: MIT
# TAP for shell tests: . tests/tap.sh, then ok / is / like / skip, at the end
# done_testing.  A directory for scratch files is in $tmp and goes away at exit.
# shellcheck shell=sh

tap_count=0
tap_failed=0
tmp=$(mktemp -d "${TMPDIR:-/tmp}/mixio-test.XXXXXX")
trap 'chmod -R u+rwx "$tmp" 2>/dev/null; rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

# tap_result STATUS NAME: one line, and where it is not ok whatever is said.
tap_result() {
	tap_count=$((tap_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_count - $2"
	else
		echo "not ok $tap_count - $2"
		tap_failed=$((tap_failed + 1))
	fi
}

tap_say() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# ok NAME COMMAND...: the command must succeed.
ok() {
	tap_name=$1
	shift
	tap_rc=0
	"$@" >"$tmp/.ok" 2>&1 || tap_rc=$?
	tap_result "$tap_rc" "$tap_name"
	[ "$tap_rc" -eq 0 ] || {
		tap_say "status $tap_rc: $*"
		sed 's/^/# /' "$tmp/.ok"
	}
}

# is NAME GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		tap_result 0 "$1"
	else
		tap_result 1 "$1"
		tap_say "got:    $2"
		tap_say "wanted: $3"
	fi
}

# like NAME GOT PATTERN (a pattern of the shell)
like() {
	# shellcheck disable=SC2254 # it is a pattern
	case $2 in
	$3)
		tap_result 0 "$1"
		;;
	*)
		tap_result 1 "$1"
		tap_say "got:    $2"
		tap_say "wanted: $3"
		;;
	esac
}

# skip NAME WHY
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

done_testing() {
	echo "1..$tap_count"
	[ "$tap_failed" -eq 0 ]
}
