#!/bin/sh
# SPDX-License-Identifier: MIT
# The table of calls against the libc at hand. Every row is exported in each of
# the versions that libc has of the symbol, and real.NAME is libc's own, in its
# default version. Every function that libc exports has a row or a reason in
# left.tbl, so that a new libc's new call makes this test speak up.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/tap.sh"

AWK=${AWK:-awk}
CC=${CC:-cc}
LC_ALL=C
export LC_ALL
src=${MIXIO_SRCDIR:-$here/..}
pre=$src/preload
object=${MIXIO_OBJECT:-}
case $src$object in
/*) ;;
*) object=$(pwd)/$object ;;
esac
pre=$(cd "$pre" && pwd)
# shellcheck disable=SC2154 # tap.sh sets it
cd "$tmp" || exit 1

gen() {
	$AWK -v out="$1" -f "$pre/gen.awk" "$pre/calls.tbl"
}

# Everything that libc is made of; parts of it are empty in newer ones.
libs=
for l in libc.so.6 libpthread.so.0 librt.so.1 libresolv.so.2 libanl.so.1; do
	f=$($CC -print-file-name=$l)
	case $f in
	*/*) libs="$libs $f" ;;
	esac
done
# name, version, default, old or private (between parts of libc)
for l in $libs; do
	readelf -W --dyn-syms "$l"
done | $AWK '
	($4 == "FUNC" || $4 == "IFUNC") && $5 != "LOCAL" && $7 != "UND" {
		at = index($8, "@")
		if (!at)
			next
		name = substr($8, 1, at - 1)
		version = substr($8, at + 1)
		now = sub(/^@/, "", version)
		kind = now ? "default" : "old"
		print name, version, version ~ /PRIVATE/ ? "private" : kind
	}' | sort -u >symbols
ok "libc's symbols can be read" test "$(grep -c . symbols)" -gt 1500
gen names >exported
sed -n 's/^\([A-Za-z_0-9]*\)[@ ].*| *real-only *|.*/\1/p' "$pre/calls.tbl" |
	sort -u exported - >rows

# ---- what libc has and we do not

sed -n '/private$/!s/ .*//p' symbols | sort -u >functions
# A library that a program brings may have these names; nobody else does.
$AWK -v out=check -v rows=rows -f "$pre/left.awk" \
	"$pre/left.tbl" functions >found 2>&1
last=$(tail -n 1 found)
# Another libc than that of the lists may lack some of a family.
sed '$d' found | grep -v ': takes no symbol$' >missing
is "every function of libc has a row or a reason" "$(cat missing)" ""
is "all were looked at" "$last" "$(grep -c . functions) symbols"

# It must be able to fail.
{
	cat functions
	echo zz_wait_for_new_things
} >with-new
$AWK -v out=check -v rows=rows -f "$pre/left.awk" \
	"$pre/left.tbl" with-new >found 2>&1
like "a call that a new libc brings is found" "$(cat found)" \
	"*zz_wait_for_new_things: libc has it;*"
{
	cat "$pre/left.tbl"
	echo recv
} >both.tbl
$AWK -v out=check -v rows=rows -f "$pre/left.awk" both.tbl functions \
	>found 2>&1
like "a name in both lists is found" "$(cat found)" "*recv: has a row*"
for bad in '[sometimes] because' '[waits]' 'a-b'; do
	printf '%s\n' "$bad" | cat "$pre/left.tbl" - >bad.tbl
	$AWK -v out=md -f "$pre/left.awk" bad.tbl >found 2>&1
	like "refused: $bad" "$? $(grep bad.tbl: found)" "1 bad.tbl:*"
done
printf '[waits] because\nfs*\n' >bad.tbl
$AWK -v out=md -f "$pre/left.awk" bad.tbl >found 2>&1
like "refused: a pattern of calls that wait" "$? $(cat found)" "1 bad.tbl:2:*"

# ---- what we have: libc's own behind it

# A row that is missing here must be optional; real.NAME is the default version.
gen h >real.h
gen c >real.c
cp "$src/src/mx_types.h" .
{
	cat <<'END'
#include "real.h"
#include <dlfcn.h>
#include <stdio.h>
static int bad, seen;
/* want: NULL where this libc has no such symbol. */
static void row(const char *name, const char *version, void *got, int has)
{
	void *want = version ? dlvsym(RTLD_NEXT, name, version) : NULL;
	Dl_info info;

	seen++;
	if (!version && has)
		printf("%s: from nowhere\n", name), bad++;
	else if (version && (!has || got != want))
		printf("%s: not libc's, of %s\n", name, version), bad++;
	else if (version && (!dladdr(got, &info) ||
	    !strstr(info.dli_fname, "/lib")))
		printf("%s: not in a library\n", name), bad++;
}
int main(void)
{
	mx_real_resolve();
END
	while read -r name; do
		v=$(sed -n -e "s/^$name \(.*\) default\$/\1/p" \
			-e "s/^$name \(.*\) private\$/\1/p" symbols | tail -n 1)
		# One that only old programs may refer to.
		[ -n "$v" ] ||
			v=$(sed -n "s/^$name \(.*\) old\$/\1/p" symbols | tail -n 1)
		# An alias has no pointer of its own.
		grep -q "(\*$name)(" real.h || continue
		echo "	row(\"$name\", ${v:+\"$v\"}${v:-NULL}, (void *)mx_real.$name, mx_real_has($name));" |
			sed "s/\"$v\"$v/\"$v\"/"
	done <rows
	cat <<'END'
	printf("rows %d bad %d\n", seen, bad);
	return 0;
}
END
} >rows.c
# shellcheck disable=SC2086 # words
ok "what is made from the table compiles" \
	$CC -std=gnu11 -D_GNU_SOURCE -w -O1 -o rows.bin rows.c real.c \
	-Wl,--no-as-needed $libs -ldl
timeout 60 ./rows.bin >out 2>&1
n=$(grep -c "row(\"" rows.c)
is "each row is libc's own function, in its default version" \
	"$(cat out)" "rows $n bad 0"

# ---- ours in front: every name in every version, as programs refer to it

[ -f "$object" ] || {
	is "there is an object to look at" "$object" "a file"
	done_testing
	exit
}
{
	cat <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
static int bad, seen;
static void look(const char *name, const char *version, void *p)
{
	Dl_info info;

	seen++;
	if (!p || !dladdr(p, &info) || !strstr(info.dli_fname, "libmixio.so"))
		printf("%s@%s: not ours\n", name, version), bad++;
}
END
	n=0
	: >calls.c
	while read -r name; do
		# shellcheck disable=SC2094 # it only reads
		sed -n "/private\$/!s/^$name \([^ ]*\) .*/\1/p" symbols >versions
		[ -s versions ] ||
			echo "look(\"$name\", \"\", dlsym(RTLD_DEFAULT, \"$name\"));" >>calls.c
		while read -r v; do
			n=$((n + 1))
			echo "extern void ref_$n(void);"
			echo "__asm__(\".symver ref_$n, $name@$v\");"
			echo "look(\"$name\", \"$v\", (void *)ref_$n);" >>calls.c
		done <versions
	done <exported
	echo 'int main(void) {'
	cat calls.c
	printf '%s\n' 'printf("names %d bad %d\n", seen, bad); return 0; }'
} >ours.c
# shellcheck disable=SC2086 # words
ok "a program that refers to all names links" \
	$CC -std=gnu11 -w -fPIE -pie -o ours.bin ours.c \
	-Wl,--no-as-needed $libs -ldl
LD_PRELOAD=$object timeout 60 ./ours.bin >out 2>&1
n=$(grep -c . calls.c)
is "each name is ours in each of libc's versions" "$(cat out)" \
	"names $n bad 0"

# Another name of the same function would go by us.
for l in $libs; do
	readelf -W --dyn-syms "$l" | $AWK -v lib="${l##*/}" '
		($4 == "FUNC" || $4 == "IFUNC") && $7 != "UND" &&
		$8 !~ /PRIVATE/ && $8 ~ /@@/ {
			sub(/@.*/, "", $8)
			print lib ":" $2, $8
		}'
done | sort >addresses
$AWK '
	FILENAME == "exported" { ours[$1] = 1; next }
	{ list[$1] = list[$1] " " $2; if ($2 in ours) have[$1] = 1 }
	END {
		for (a in have) {
			n = split(list[a], w, " ")
			for (i = 1; i <= n; i++)
				if (!(w[i] in ours))
					print w[i] ": another name of" list[a]
		}
	}' exported addresses | sort >others
is "no other name of a call goes by us" "$(cat others)" ""

done_testing
