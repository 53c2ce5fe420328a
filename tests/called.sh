#!/bin/sh
# SPDX-License-Identifier: MIT
# Every row of the table of calls has a twin program that calls it. Looks at
# what the compiled programs import, so a second name or a fortified one counts
# only where a program really refers to it. Rows that the libc at hand lacks, or
# has for its own parts only, cannot be called and are left out.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/tap.sh"

AWK=${AWK:-awk}
CC=${CC:-cc}
LC_ALL=C
export LC_ALL
src=${MIXIO_SRCDIR:-$here/..}
table=$(cd "$src/preload" && pwd)/calls.tbl
build=$(cd "${MIXIO_BUILDDIR:-$here/../build}" && pwd)

ok "the twin programs compile" "$here/twin/twin" --builddir "$build" --build

# shellcheck disable=SC2154 # tap.sh sets it
cd "$tmp" || exit 1

# calls TABLE: the names of its rows
calls() {
	sed -n 's/^\([A-Za-z_0-9]*\)[@ ][^|]*|.*/\1/p' "$1" | sort -u
}

# libc's own names; what is private to its parts no program can refer to
for l in libc.so.6 libpthread.so.0 librt.so.1 libresolv.so.2 libanl.so.1; do
	f=$($CC -print-file-name=$l)
	case $f in
	*/*) readelf -W --dyn-syms "$f" ;;
	esac
done | $AWK '
	($4 == "FUNC" || $4 == "IFUNC") && $7 != "UND" && $8 !~ /PRIVATE/ {
		sub(/@.*/, "", $8)
		print $8
	}' | sort -u >libc
# A weak reference is not a call: it may be to nothing.
nm -D --undefined-only "$build"/tests/twin/bin/*/* 2>/dev/null |
	$AWK '$1 == "U" { sub(/@.*/, "", $2); print $2 }' | sort -u >called
ok "they refer to libc" test "$(grep -c . called)" -gt 400

# uncalled TABLE: its rows that are in libc and not called
uncalled() {
	calls "$1" | comm -12 - libc | comm -23 - called
}

is "every row has a program" "$(uncalled "$table")" ""
# It must be able to fail.
{
	cat "$table"
	echo 'getauxval | unsigned long | unsigned long type | pass | - |'
} >more.tbl
is "a row without a program is found" "$(uncalled more.tbl)" "getauxval"
tap_say "$(calls "$table" | comm -12 - libc | grep -c .) rows in this libc," \
	"$(calls "$table" | comm -23 - libc | grep -c .) are not:" \
	"$(calls "$table" | comm -23 - libc | tr '\n' ' ')"

done_testing
