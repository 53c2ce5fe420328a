#!/bin/sh
# SPDX-License-Identifier: MIT
# mixio check: what it says about programs that are built here and about real
# ones, where nm and ldd are the oracle; statuses; JSON; damaged files.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/tap.sh"

MIXIO=${MIXIO:-./mixio}
CC=${CC:-cc}
AWK=${AWK:-awk}
builddir=${MIXIO_BUILDDIR:-$(dirname "$MIXIO")}
case $MIXIO in
/*) ;;
*) MIXIO=$PWD/$MIXIO ;;
esac
case $builddir in
/*) ;;
*) builddir=$PWD/$builddir ;;
esac
unset LD_PRELOAD LD_LIBRARY_PATH
cd "$tmp" || exit 1

# try COMMAND...: its output in $out, standard error in $err, status in $rc
try() {
	rc=0
	timeout 60 "$@" >out 2>err </dev/null || rc=$?
	out=$(cat out)
	err=$(cat err)
}

# refused NAME STATUS PATTERN ARGUMENT...: one line on standard error
refused() {
	r_name=$1 r_status=$2 r_pattern=$3
	shift 3
	try "$MIXIO" check "$@"
	is "$r_name: status" "$rc" "$r_status"
	like "$r_name: message" "$err" "mixio: $r_pattern"
	is "$r_name: one line, nothing on stdout" \
		"$(($(wc -l <err))):$out" "1:"
}

# field EXPRESSION: of the JSON document d in $out
field() {
	python3 -c 'import json, sys
d = json.load(sys.stdin)
print(eval(sys.argv[1]))' "$1" <out 2>&1
}

# ---- the command line
try "$MIXIO" check --help
like "--help" "$rc:$out:$err" "0:usage: mixio check*--json*:"
try "$MIXIO" check --version
is "--version" "$rc:$out" "0:$("$MIXIO" --version)"
like "mixio --help has it" "$("$MIXIO" --help)" "*mixio check*"
refused "no program" 2 "check wants a program*"
refused "no program after --" 2 "check wants a program*" --json --
refused "unknown option" 2 "unknown option '--nope'*" --nope x
rc=0
"$MIXIO" check "$MIXIO" >/dev/full 2>err || rc=$?
is "to a full disk" "$rc:$(cat err)" "2:mixio: cannot write: No space left on device"

# ---- what a program imports
cat >plain.c <<'E'
int main(void) { return 0; }
E
cat >covered.c <<'E'
#include <pthread.h>
#include <sys/socket.h>
#include <netdb.h>
#include <unistd.h>
#include <stdio.h>
int main(void)
{
	char buf[10];
	struct addrinfo *ai;
	pthread_t pt;
	recv(0, buf, sizeof(buf), 0);
	getaddrinfo("a", "b", 0, &ai);
	pthread_create(&pt, 0, 0, 0);
	return fsync(0);
}
E
cat >uncovered.c <<'E'
#define _GNU_SOURCE
#include <sched.h>
#include <sys/ptrace.h>
#include <unistd.h>
int main(void)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	return unshare(0) + (int)read(0, 0, 0);
}
E
for f in plain covered uncovered; do
	$CC -U_FORTIFY_SOURCE -pthread -o $f $f.c -ldl || {
		echo "Bail out! $CC cannot make $f"
		exit 1
	}
done
try "$MIXIO" check ./plain
is "nothing is imported" "$rc:$err:$(echo "$out" | sed -n '$p')" \
	"0::result: every call is covered"
try "$MIXIO" check ./covered
is "everything is covered: status" "$rc:$err" "0:"
like "park" "$out" "*park   recv*"
like "hop" "$out" "*hop    getaddrinfo*"
like "ours" "$out" "*ours   pthread_create*"
like "pass" "$out" "*pass   fsync*"
try "$MIXIO" check --json ./covered
is "JSON: status" "$rc:$(field 'd["status"]')" 0:0
is "JSON: calls" "$(field '[(c["name"], c["how"], c["covered"]) for c in d["calls"]]')" \
	"[('fsync', 'pass', True), ('getaddrinfo', 'hop', True), ('pthread_create', 'ours', True), ('recv', 'park', True)]"
is "JSON: the object that imports them" \
	"$(field 'd["calls"][0]["objects"] == [d["objects"][0]["path"]]')" True
try "$MIXIO" check ./uncovered
is "something is not covered: status" "$rc:$err" "1:"
like "the call is named with its reason" "$out" \
	"*not covered:*ptrace *break *kernel thread*in uncovered*unshare*"
like "the result counts" "$out" "*result: not covered: 2 calls, raw system calls in 0 objects"
try "$MIXIO" check --json ./uncovered
is "JSON: what is not covered" "$rc:$(field \
	'[c["name"] for c in d["calls"] if not c["covered"]]')" \
	"1:['ptrace', 'unshare']"

# ---- a function of the program's own takes the place of ours
cat >own.c <<'E'
#include <dlfcn.h>
unsigned sleep(unsigned n) { return n; }
int main(void) { return (int)sleep(0); }
E
$CC -rdynamic -o own own.c
try "$MIXIO" check ./own
like "a definition of its own" "$rc:$out" "1:*sleep *own*"

# ---- libraries: as the loader finds them
mkdir -p lib1 lib2 run
echo 'int set_ns(void) { extern int setns(); return setns(); }' >inner.c
echo 'int outer(void) { extern int set_ns(); return set_ns(); }' >outer.c
echo 'int main(void) { extern int outer(); return outer(); }' >user.c
$CC -shared -fPIC -w -Wl,-soname,libinner.so.1 -o lib2/libinner.so.1 inner.c
ln -s libinner.so.1 lib2/libinner.so
$CC -shared -fPIC -w -Wl,--enable-new-dtags,-rpath,'$ORIGIN/../lib2' \
	-o lib1/libouter.so outer.c -Llib2 -linner
$CC -w -Wl,--enable-new-dtags,-rpath,'$ORIGIN/lib1' -Wl,--allow-shlib-undefined -o user user.c \
	-Llib1 -louter
try "$MIXIO" check ./user
like "RUNPATH with \$ORIGIN, each object's own" "$rc:$err:$out" \
	"1::*setns *in libinner.so.1*"
ln -s ../user run/user
try "$MIXIO" check run/user
is "\$ORIGIN is behind links" "$rc:$err" "1:"
$CC -w -Wl,--disable-new-dtags,-rpath,"$tmp/lib1:\${ORIGIN}/lib2" \
	-Wl,--allow-shlib-undefined -o rpath user.c -Llib1 -louter
$CC -shared -fPIC -w -o lib1/libouter.so outer.c -Llib2 -linner
try "$MIXIO" check ./rpath
is "RPATH holds for libraries of libraries" "$rc:$err" "1:"
try "$MIXIO" check ./user
like "RUNPATH does not: status 2" "$rc:$err" \
	"2:mixio: *libouter.so: its library libinner.so.1 is not found"
like "what is known is printed all the same" "$out" "*result: incomplete*"
try "$MIXIO" check --json ./user
is "JSON of it" "$rc:$(field 'd["status"], len(d["errors"])')" "2:(2, 1)"
try env LD_LIBRARY_PATH="/nope:$tmp/lib2" "$MIXIO" check ./user
is "LD_LIBRARY_PATH" "$rc:$err" "1:"
try env LD_PRELOAD="$tmp/lib2/libinner.so.1" "$MIXIO" check ./plain
like "LD_PRELOAD" "$rc:$err:$out" "1::*setns *in libinner.so.1*"
cp "$MIXIO" lib1/libinner.so.1
printf '\003' | dd of=lib1/libinner.so.1 bs=1 seek=18 conv=notrunc 2>/dev/null
try env LD_LIBRARY_PATH="$tmp/lib1:$tmp/lib2" "$MIXIO" check ./user
is "a file of another processor is passed over" "$rc:$err" "1:"
try "$MIXIO" check --libs lib2/libinner.so.1
like "a library by itself, executable or not" "$rc:$out" \
	"1:*libinner.so.1*break  setns*"
chmod 644 lib2/libinner.so.1
try "$MIXIO" check ./plain lib2/libinner.so.1
like "an object that is loaded later" "$rc:$err:$out" "1::*setns*"
refused "an object that is not there" 127 "lib2/nope: No such file*" \
	./plain lib2/nope
try "$MIXIO" check ./plain plain.c
like "an object that is none" "$rc:$err" "2:mixio: *plain.c: *ELF file"

# ---- raw system calls
case $(uname -m) in
x86_64)
	ins='syscall' number='mov $202, %%eax' alien='mov $39, %%eax'
	# The bytes of the instruction inside of another one.
	inside='mov $0x050f050f, %%ecx'
	after=1 # the number is gone after the call
	;;
aarch64)
	ins='svc 0' number='mov x8, 98' alien='mov x8, 172'
	inside='nop' after=0
	;;
esac
raw() { # NAME ASSEMBLY
	echo "int main(void) { __asm__ volatile(\"$2\" ::: \"memory\"); return 0; }" \
		>raw.c
	$CC -O1 -o "$1" raw.c
}
raw raw1 "$number; $ins"
raw raw2 "$alien; $ins"
raw raw3 "$inside"
raw raw4 "$number; nop; $ins; $ins; $alien; $ins"
try "$MIXIO" check ./raw1
like "a raw system call" "$rc:$out" \
	"1:*raw1 may make raw system calls (1 place: futex 1)*guessed*"
try "$MIXIO" check ./raw2
is "one that cannot block" "$rc" 0
try "$MIXIO" check ./raw3
is "bytes inside of another instruction" "$rc" 0
try "$MIXIO" check --json ./raw4
is "JSON of raw ones" "$rc:$(field 'd["objects"][0]["raw_system_calls"]["places"]'):$(
	field 'd["objects"][0]["raw_system_calls"]["unknown"]')" "1:3:$after"

# ---- what cannot be preloaded
$CC -static -o static plain.c
try "$MIXIO" check ./static
like "static" "$rc:$err:$out" "1::*statically linked*result: not covered*"
try "$MIXIO" check --json ./static
is "static, JSON" "$rc:$(field 'd["status"], len(d["reasons"])')" "1:(1, 1)"
if $CC -static-pie -fPIE -o spie plain.c 2>/dev/null; then
	try "$MIXIO" check ./spie
	like "static-pie" "$rc:$out" "1:*statically linked*"
fi
byte() { # FILE OFFSET OCTAL
	# shellcheck disable=SC2059 # an escape
	printf "\\$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
cp plain riscv
byte riscv 18 363
byte riscv 19 0
try "$MIXIO" check ./riscv
like "another processor" "$rc:$err:$out" "1::*wrong architecture (riscv)*"
cp plain big
byte big 5 2
try "$MIXIO" check --json ./big
like "big-endian" "$rc:$(field 'd["reasons"][0]')" "1:*big-endian*"
if [ "$(id -u)" = 0 ]; then
	cp plain suid
	chown 65534 suid
	chmod 4755 suid
	try "$MIXIO" check ./suid
	like "setuid" "$rc:$out" "1:*suid: setuid*"
	cp covered caps
	setcap cap_net_raw+ep caps
	chmod 755 "$tmp"
	cp "$MIXIO" mixio
	try setpriv --reuid 65534 --regid 65534 --clear-groups \
		./mixio check ./caps
	like "file capabilities" "$rc:$out" "1:*has file capabilities*"
	try "$MIXIO" check ./caps
	is "file capabilities, as root" "$rc" 0
else
	skip "setuid" "not root"
fi
if command -v go >/dev/null 2>&1; then
	mkdir go
	cat >go/main.go <<'E'
package main

// int one(void) { return 1; }
import "C"

func main() { C.one() }
E
	(cd go && CGO_ENABLED=1 GOCACHE=$tmp/gocache GO111MODULE=off \
		go build -o ../gone main.go) >go.log 2>&1
	try "$MIXIO" check ./gone
	like "Go, linked with libc" "$rc:$out" "1:*made by Go*"
fi

# ---- what is no program
refused "not found" 127 "nope-zz: not found on PATH" nope-zz
refused "not found by path" 127 "./nope: not found" ./nope
refused "a directory" 126 "$tmp: not an executable file" "$tmp"
refused "a text file" 126 "./plain.c: not an executable file" ./plain.c
: >empty
refused "an empty file" 126 "./empty: not an executable file" ./empty
mkfifo fifo
refused "a FIFO" 126 "./fifo: not an executable file" ./fifo
dd if=plain of=short bs=1 count=30 2>/dev/null
chmod +x short
refused "truncated" 126 "./short: *ELF file" ./short
dd if=plain of=half bs=1 count=2000 2>/dev/null
chmod +x half
try "$MIXIO" check ./half
like "cut in the middle" "$rc:$err" "2:mixio: *half: *outside the file"
$CC -c -o object.o plain.c
chmod +x object.o
refused "an object file" 126 "*not an executable ELF file*" ./object.o

# ---- scripts
printf '#!%s\n' "$tmp/uncovered" >script
printf '#!/usr/bin/env uncovered\n' >viaenv
printf '#!/nope/interp\n' >nointerp
echo 'exit 0' >bare
chmod +x script viaenv nointerp bare
try "$MIXIO" check ./script
like "a script is what interprets it" "$rc:$out" \
	"1:$tmp/uncovered, which interprets ./script*unshare*"
try env PATH="$tmp:$PATH" "$MIXIO" check --json viaenv
is "env NAME is NAME" "$rc:$(field 'd["program"], d["script"]')" \
	"1:('$tmp/uncovered', '$tmp/viaenv')"
refused "a script without its interpreter" 127 \
	"./nointerp: its interpreter /nope/interp is not found" ./nointerp
try "$MIXIO" check ./bare
like "without #! it is sh" "$out" "/bin/sh, which interprets ./bare*"

# ---- names that do harm
mkdir 'a"b\
c'
cp plain "$(printf 'a"b\\\nc/\033[1m\377')"
try "$MIXIO" check --json "$(printf 'a"b\\\nc/\033[1m\377')"
like "JSON of a strange name" "$rc:$(field 'ascii(d["program"])')" \
	'0:*a"b\\\\\\nc/\\x1b?1m\\udcff*'
try "$MIXIO" check "$(printf 'a"b\\\nc/\033[1m\377')"
is "no control characters in text" \
	"$rc:$(LC_ALL=C tr -d '\n -~\200-\377' <out | wc -c)" 0:0

# ---- real programs: the same libraries as ldd's, the same calls as nm's
$AWK -v out=names -f "$here/../preload/gen.awk" "$here/../preload/calls.tbl" \
	>names
sed -n 's/^\([A-Za-z_][A-Za-z_0-9]*\) *|.*/\1/p' \
	"$here/../preload/uncovered.tbl" >>names
for p in tinyproxy microsocks gdb git "$(python3 -c 'import sys
print(sys.executable)')" "$MIXIO"; do
	path=$(command -v "$p") && [ -r "$path" ] || {
		skip "$p" "not here"
		continue
	}
	path=$(realpath "$path")
	try "$MIXIO" check --json "$path"
	is "$p: no error" "$(field 'd["errors"]'):$err" "[]:"
	is "$p: status" "$(field 'd["status"]')" "$rc"
	field '"\n".join(sorted(set(map(__import__("os").path.realpath, (o["path"] for o in d["objects"][1:] if "/ld-linux" not in o["path"]))) - {""}))' |
		sed '/^$/d' >mine
	ldd "$path" | $AWK '/=> \// { print $3 }' |
		xargs -r -n 1 realpath | LC_ALL=C sort -u >theirs
	is "$p: the loader's libraries" "$(cat mine)" "$(cat theirs)"
	field '"\n".join(sorted(c["name"] for c in d["calls"] if d["objects"][0]["path"] in c["objects"]))' |
		sed '/^$/d' >mine
	nm -D --undefined-only "$path" | sed 's/.* //; s/@.*//' |
		grep -Fxf names | LC_ALL=C sort -u >theirs
	is "$p: its calls are those that nm shows" "$(cat mine)" "$(cat theirs)"
done

# ---- the table itself
cat >bad.tbl <<'E'
recv | wait | it has a row
zzz | wait | twice
zzz | wait | twice
9x | wait | no name
a | maybe | no class
b | wait |
c | wait
E
try $AWK -v out=check -f "$here/../preload/gen.awk" \
	"$here/../preload/calls.tbl" table=uncovered bad.tbl
is "bad rows are named, and stop it" "$rc:$(grep -c '^bad.tbl:[1-9]*: ' err)" \
	1:6
like "a call that is covered" "$err" "bad.tbl:1: 'recv' is covered*"
$AWK '/^const struct mx_check_number/ { exit }
	/^\t\{ "/ { gsub(/[^a-zA-Z0-9_]/, "", $2); print $2 }' \
	"$builddir/preload/check_calls.c" >made
is "the table that is built in is sorted" \
	"$(LC_ALL=C sort -c made 2>&1):$(($(wc -l <made) > 300))" ":1"

# ---- damage: in process, with the sanitizers, and from outside
seed=${MIXIO_FUZZ_SEED:-$(date +%s)}
seconds=${MIXIO_FUZZ_SECONDS:-5}
if $CC -g -O1 -D_GNU_SOURCE -fsanitize=address,undefined \
	-fno-sanitize-recover=all -I"$here/../src" -I"$builddir" -o fuzz \
	"$here/check/fuzz.c" "$here/../src/check_elf.c" \
	"$here/../src/check_scan.c" 2>fuzz.err; then
	# lsan wants to stop the process, which a container may forbid
	try env ASAN_OPTIONS=allocator_may_return_null=1 \
		./fuzz "$seconds" "$seed" plain covered user lib2/libinner.so.1
	is "fuzz: seed $seed" "$rc:$err" "0:"
	tap_say "$out"
else
	tap_say "$(cat fuzz.err)"
	skip "fuzz" "$CC has no sanitizers"
fi
cat >mutate.py <<'E'
import random, subprocess, sys
mixio, seed, path = sys.argv[1:]
r = random.Random(int(seed))
orig = open(path, "rb").read()
seen = {}
for i in range(150):
    b = bytearray(orig)
    for _ in range(r.randint(1, 6)):
        b[r.randrange(r.choice([64, 1024, len(b)]))] = r.choice([0, 255, r.randrange(256)])
    with open("mutant", "wb") as f:
        f.write(b[: r.choice([len(b)] * 5 + [r.randrange(len(b))])])
    p = subprocess.run(["./mutant.sh", mixio], capture_output=True, timeout=60)
    seen[p.returncode] = seen.get(p.returncode, 0) + 1
    if p.returncode not in (0, 1, 2, 126, 127):
        sys.exit(f"run {i}: status {p.returncode}: {p.stderr!r}")
    if p.returncode >= 2 and not p.stderr.startswith(b"mixio: "):
        sys.exit(f"run {i}: no reason: {p.stderr!r}")
print(seen)
E
printf '#!/bin/sh\nchmod +x mutant; exec "$1" check ./mutant\n' >mutant.sh
chmod +x mutant.sh
ok "damaged programs: a status and a reason, seed $seed" \
	python3 mutate.py "$MIXIO" "$seed" user

done_testing
