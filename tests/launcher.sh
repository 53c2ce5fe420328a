#!/bin/sh
# SPDX-License-Identifier: MIT
# The launcher: what it sets, what it refuses and with which status, and that
# the program's pid, signals and exit status are its own.
#
# The preload object is an empty one here, so that this tests the launcher and
# nothing else; the last tests use the real one.
set -u
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"

MIXIO=${MIXIO:-./mixio}
CC=${CC:-cc}
case $MIXIO in
/*) ;;
*) MIXIO=$PWD/$MIXIO ;;
esac
unset LD_PRELOAD MIXIO_RUN MIXIO_FOLLOW MIXIO_STATS MIXIO_DEBUG \
	MIXIO_HELPERS MIXIO_HANDOFF_MS MIXIO_DUMP_SIGNAL MIXIO_LIB

echo 'int mx_empty = 1;' >"$tmp/empty.c"
echo 'int main(void) { return 7; }' >"$tmp/seven.c"
$CC -shared -fPIC -o "$tmp/empty.so" "$tmp/empty.c" &&
	$CC -o "$tmp/seven" "$tmp/seven.c" &&
	$CC -static -o "$tmp/static" "$tmp/seven.c" &&
	$CC -c -o "$tmp/object.o" "$tmp/seven.c" || {
	echo "Bail out! $CC cannot make the test programs"
	exit 1
}
real_object=${MIXIO_OBJECT:-$(dirname "$MIXIO")/.libs/libmixio.so}
MIXIO_LIB=$tmp/empty.so
export MIXIO_LIB

# try COMMAND...: its output in $out, standard error in $err, status in $rc
try() {
	rc=0
	timeout 20 "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || rc=$?
	out=$(cat "$tmp/out")
	err=$(cat "$tmp/err")
	lines=$(wc -l <"$tmp/err")
}

# refused NAME STATUS PATTERN COMMAND...: exactly one line on standard error
refused() {
	r_name=$1 r_status=$2 r_pattern=$3
	shift 3
	try "$@"
	is "$r_name: status" "$rc" "$r_status"
	like "$r_name: message" "$err" "mixio: $r_pattern"
	is "$r_name: one line, nothing on stdout" "$((lines)):$out" "1:"
}

# ---- what a user asks for
try "$MIXIO" --version
like "--version" "$rc:$out:$err" "0:mixio [0-9]*:"
version=$out
try "$MIXIO" run --version
is "run --version" "$rc:$out:$err" "0:$version:"
try "$MIXIO" --help
like "--help" "$rc:$out:$err" "0:usage: mixio run*--helpers N*:"
help=$out
try "$MIXIO" run --help
is "run --help" "$rc:$out" "0:$help"
rc=0
"$MIXIO" --help >/dev/full 2>"$tmp/err" || rc=$?
is "--help to a full disk" "$rc" 1

# ---- the command line
refused "no command" 2 "*command is missing*" "$MIXIO"
refused "unknown command" 2 "*unknown command 'walk'*" "$MIXIO" walk
refused "unknown option before run" 2 "*unknown option '--stats'*" \
	"$MIXIO" --stats run "$tmp/seven"
refused "unknown option" 2 "*unknown option '--nope'*" \
	"$MIXIO" run --nope "$tmp/seven"
refused "abbreviated option" 2 "*unknown option '--stat'*" \
	"$MIXIO" run --stat "$tmp/seven"
refused "short option" 2 "*unknown option '-s'*" "$MIXIO" run -s "$tmp/seven"
refused "value where none goes" 2 "*--stats takes no value*" \
	"$MIXIO" run --stats=1 "$tmp/seven"
refused "no program" 2 "*wants a program*" "$MIXIO" run
refused "no program after --" 2 "*wants a program*" "$MIXIO" run --stats --
refused "no number" 2 "*--helpers wants a number*" "$MIXIO" run --helpers
for n in '' 0 -1 +3 abc 3x 1.5 30001 99999999999999999999 ' 4'; do
	refused "bad number '$n'" 2 "*--helpers wants a number from 1 to*'$n'*" \
		"$MIXIO" run --helpers "$n" "$tmp/seven"
done
refused "bad number after =" 2 "*--handoff-ms wants a number*'x'*" \
	"$MIXIO" run --handoff-ms=x "$tmp/seven"
refused "no signal" 2 "*--dump-signal wants a signal*" \
	"$MIXIO" run --dump-signal
for s in '' FOO SIG 0 -1 65 3x RTMIN+99 RTMIN- RTMAX+1 'USR1 '; do
	refused "bad signal '$s'" 2 "*--dump-signal wants a signal (*'$s'*" \
		"$MIXIO" run --dump-signal "$s" "$tmp/seven"
done
for s in KILL sigstop SEGV 11 33; do
	refused "signal '$s'" 2 "*--dump-signal cannot use signal '$s'*" \
		"$MIXIO" run --dump-signal="$s" "$tmp/seven"
done

# ---- what the program gets
try "$MIXIO" run env
like "LD_PRELOAD is set" "$out" "*LD_PRELOAD=$tmp/empty.so*"
like "MIXIO_RUN is set" "$out" "*MIXIO_RUN=1*"
is "nothing else is set" "$(printf '%s\n' "$out" | grep -cE \
	'^MIXIO_(RUN|FOLLOW|STATS|DEBUG|HELPERS|HANDOFF_MS|DUMP_SIGNAL)=')" 1
try "$MIXIO" run --stats --debug --follow --helpers 5 --handoff-ms=70 env
for word in STATS=1 DEBUG=1 FOLLOW=1 HELPERS=5 HANDOFF_MS=70; do
	like "options set MIXIO_$word" "$out" "*MIXIO_$word*"
done
for s in USR1=10 sigquit=3 12=12 RTMIN=34 RTMIN+2=36 RTMAX-1=63; do
	try "$MIXIO" run --dump-signal "${s%=*}" env
	like "--dump-signal ${s%=*}" "$out" "*MIXIO_DUMP_SIGNAL=${s#*=}*"
done
try env LD_PRELOAD="$tmp/empty.so" "$MIXIO" run env
like "LD_PRELOAD is prepended to" "$out" \
	"*LD_PRELOAD=$tmp/empty.so:$tmp/empty.so*"
try "$MIXIO" run -- printf '%s|' --stats -x ''
is "arguments are passed on" "$rc:$out" "0:--stats|-x||"
try "$MIXIO" run printf '%s|' --stats --
is "options end at the program" "$rc:$out" "0:--stats|--|"
try sh -c "echo \$\$; exec \"\$0\" run sh -c 'echo \$\$'" "$MIXIO"
is "the pid is kept" "$(printf '%s\n' "$out" | sort -u | wc -l)" 1
try "$MIXIO" run "$tmp/seven"
is "the exit status is the program's" "$rc:$out:$err" "7::"
rc=0
{ sh -c 'exec "$0" run sh -c "kill -TERM \$\$"' "$MIXIO"; } 2>/dev/null || rc=$?
is "so is death by a signal" "$rc" 143
try sh -c 'trap "" USR1; exec "$0" run sh -c "kill -USR1 \$\$; echo alive"' \
	"$MIXIO"
is "ignored signals stay ignored" "$rc:$out" "0:alive"
try sh -c 'echo data | "$0" run cat' "$MIXIO"
is "standard input is the program's" "$out" data

# ---- finding the program
mkdir "$tmp/bin" "$tmp/bin2" "$tmp/dir"
cp "$tmp/seven" "$tmp/bin2/prog"
echo 'no program' >"$tmp/bin/prog"
echo 'no program' >"$tmp/plain"
try env PATH="$tmp/bin:$tmp/bin2:$PATH" "$MIXIO" run prog
is "PATH is searched past files that are not executable" "$rc" 7
refused "not executable on PATH" 126 "prog: not an executable file*" \
	env PATH="$tmp/bin" "$MIXIO" run prog
refused "not found on PATH" 127 "nope-zz: not found on PATH" \
	env PATH=/usr/bin:/bin "$MIXIO" run nope-zz
refused "not found by path" 127 "$tmp/nope: not found" "$MIXIO" run "$tmp/nope"
refused "not found below a file" 127 "$tmp/plain/x: not found" \
	"$MIXIO" run "$tmp/plain/x"
refused "empty name" 127 ": not found*" "$MIXIO" run ''
refused "not executable" 126 "$tmp/plain: not an executable file" \
	"$MIXIO" run "$tmp/plain"
refused "a directory" 126 "$tmp/dir: not an executable file" \
	"$MIXIO" run "$tmp/dir"
mkfifo "$tmp/fifo"
chmod +x "$tmp/fifo"
refused "a FIFO" 126 "$tmp/fifo: not an executable file" \
	"$MIXIO" run "$tmp/fifo"
ln -s loop "$tmp/loop"
refused "a symlink loop" 126 "$tmp/loop: *" "$MIXIO" run "$tmp/loop"
(cd "$tmp" && rc=0 && { PATH="" "$MIXIO" run seven || rc=$?; } && [ $rc = 7 ])
is "an empty PATH is the current directory" $? 0

# ---- what cannot be preloaded
refused "static" 2 "$tmp/static: statically linked*link it dynamically" \
	"$MIXIO" run "$tmp/static"
if $CC -static-pie -fPIE -o "$tmp/spie" "$tmp/seven.c" 2>/dev/null; then
	refused "static-pie" 2 "$tmp/spie: statically linked*" \
		"$MIXIO" run "$tmp/spie"
fi
refused "an object file" 126 "*not an executable file" \
	"$MIXIO" run "$tmp/object.o"
chmod +x "$tmp/object.o"
refused "an executable object file" 126 "*not an executable ELF file*" \
	"$MIXIO" run "$tmp/object.o"

# The file of another machine: e_machine, EI_CLASS, EI_DATA patched.
patch_byte() { # FILE OFFSET OCTAL
	# shellcheck disable=SC2059 # an escape
	printf "\\$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
cp "$tmp/seven" "$tmp/riscv"
patch_byte "$tmp/riscv" 18 363
patch_byte "$tmp/riscv" 19 0
refused "wrong processor" 2 "$tmp/riscv: wrong architecture (riscv)*" \
	"$MIXIO" run "$tmp/riscv"
cp "$tmp/seven" "$tmp/i386"
patch_byte "$tmp/i386" 4 1
patch_byte "$tmp/i386" 18 3
patch_byte "$tmp/i386" 19 0
refused "32-bit" 2 "$tmp/i386: wrong architecture (32-bit i386)*" \
	"$MIXIO" run "$tmp/i386"
cp "$tmp/seven" "$tmp/big"
patch_byte "$tmp/big" 5 2
refused "big-endian" 2 "$tmp/big: big-endian*" "$MIXIO" run "$tmp/big"
dd if="$tmp/seven" of="$tmp/short" bs=1 count=30 2>/dev/null
chmod +x "$tmp/short"
refused "truncated" 126 "$tmp/short: *ELF file" "$MIXIO" run "$tmp/short"
case $(uname -m) in
x86_64) other=aarch64 ;;
*) other=x86_64 ;;
esac
if command -v $other-linux-gnu-gcc >/dev/null 2>&1; then
	$other-linux-gnu-gcc -o "$tmp/other" "$tmp/seven.c"
	refused "a program for $other" 2 \
		"$tmp/other: wrong architecture ($other)*" \
		"$MIXIO" run "$tmp/other"
else
	skip "a program for $other" "no $other-linux-gnu-gcc"
fi

# A program whose privileges rise when it is executed.
if [ "$(id -u)" = 0 ]; then
	cp "$tmp/seven" "$tmp/suid"
	cp "$tmp/seven" "$tmp/sgid"
	cp "$tmp/seven" "$tmp/own"
	chown 65534 "$tmp/suid"
	chown 0:65534 "$tmp/sgid"
	chmod 4755 "$tmp/suid" "$tmp/own"
	chmod 2755 "$tmp/sgid"
	chmod 755 "$tmp"
	refused "setuid" 2 "$tmp/suid: setuid, *ignores*run it as its owner" \
		"$MIXIO" run "$tmp/suid"
	refused "setgid" 2 "$tmp/sgid: setgid, *ignores*run it with its group" \
		"$MIXIO" run "$tmp/sgid"
	try "$MIXIO" run "$tmp/own"
	is "setuid to oneself changes nothing" "$rc" 7
	try setpriv --no-new-privs "$MIXIO" run "$tmp/suid"
	is "setuid under no_new_privs changes nothing" "$rc" 7
	if command -v setcap >/dev/null 2>&1; then
		cp "$tmp/seven" "$tmp/caps"
		setcap cap_net_raw+ep "$tmp/caps"
		try "$MIXIO" run "$tmp/caps"
		is "file capabilities, as root" "$rc" 7
		chmod 644 "$tmp/empty.so"
		# The build tree may be closed to others: a copy of the launcher.
		cp "$MIXIO" "$tmp/mixio"
		refused "file capabilities" 2 "$tmp/caps: *capabilities*" \
			setpriv --reuid 65534 --regid 65534 --clear-groups \
			"$tmp/mixio" run "$tmp/caps"
	else
		skip "file capabilities" "no setcap"
	fi
else
	suid=
	for f in /usr/bin/su /bin/su /usr/bin/passwd /usr/bin/mount; do
		if [ -u "$f" ] && [ -x "$f" ]; then
			suid=$f
			break
		fi
	done
	if [ -n "$suid" ]; then
		refused "setuid" 2 "$suid: setuid, *" \
			"$MIXIO" run "$suid"
	else
		skip "setuid" "no setuid program here, and not root"
	fi
fi

# ---- scripts: the interpreter is what counts
script() { # NAME LINE...
	f=$tmp/$1
	shift
	printf '%s\n' "$@" >"$f"
	chmod +x "$f"
}
script sh1 '#!/bin/sh' 'echo "$0 $*"; exit 9'
try "$MIXIO" run "$tmp/sh1" a b
is "a script" "$rc:$out" "9:$tmp/sh1 a b"
script sh2 '#! /bin/sh -e  ' 'false' 'exit 9'
try "$MIXIO" run "$tmp/sh2"
is "a script whose interpreter takes an argument" "$rc" 1
script st "#!$tmp/static"
refused "a script with a static interpreter" 2 \
	"$tmp/static: statically linked*" "$MIXIO" run "$tmp/st"
script nointerp '#!/nope/interp'
refused "a script without its interpreter" 127 \
	"$tmp/nointerp: its interpreter /nope/interp is not found" \
	"$MIXIO" run "$tmp/nointerp"
script badinterp "#!$tmp/plain"
refused "a script whose interpreter is no program" 126 \
	"$tmp/badinterp: its interpreter $tmp/plain cannot be executed*" \
	"$MIXIO" run "$tmp/badinterp"
script nested "#!$tmp/sh1"
try "$MIXIO" run "$tmp/nested" x
is "a script that a script interprets" "$rc:$out" "9:$tmp/sh1 $tmp/nested x"
script ring "#!$tmp/ring"
refused "a script that interprets itself" 126 "$tmp/ring: more than*" \
	"$MIXIO" run "$tmp/ring"
script bare 'echo "bare $1"; exit 4'
try "$MIXIO" run "$tmp/bare" z
is "a script without #! goes to sh" "$rc:$out" "4:bare z"
: >"$tmp/nothing"
chmod +x "$tmp/nothing"
try "$MIXIO" run "$tmp/nothing"
is "an empty file goes to sh" "$rc:$out:$err" "0::"

# env would be opted in, and what it executes would start clean.
script who '#!/bin/sh' 'readlink /proc/$$/exe >/dev/null; echo "who $*"'
script viaenv '#!/usr/bin/env who' '# nothing'
try env PATH="$tmp:$PATH" "$MIXIO" run "$tmp/viaenv" q
is "#!/usr/bin/env NAME" "$rc:$out" "0:who $tmp/viaenv q"
script viaenv2 '#!/usr/bin/env -S who -x y'
try env PATH="$tmp:$PATH" "$MIXIO" run "$tmp/viaenv2" q
is "#!/usr/bin/env -S NAME ARGS" "$rc:$out" "0:who -x y $tmp/viaenv2 q"
script viaenv3 '#!/usr/bin/env nope-zz'
refused "#!/usr/bin/env of a missing program" 127 "nope-zz: not found*" \
	env PATH=/usr/bin:/bin "$MIXIO" run "$tmp/viaenv3"
script viaenv4 '#!/usr/bin/env static'
refused "#!/usr/bin/env of a static program" 2 "*statically linked*" \
	env PATH="$tmp:$PATH" "$MIXIO" run "$tmp/viaenv4"

# ---- the preload object
refused "no preload object" 2 "$tmp/nope.so: No such file*MIXIO_LIB" \
	env MIXIO_LIB="$tmp/nope.so" "$MIXIO" run "$tmp/seven"
mkdir "$tmp/a b"
cp "$tmp/empty.so" "$tmp/a b/empty.so"
refused "a preload object with a blank in its path" 2 \
	"$tmp/a b/empty.so: *blanks or colons*" \
	env MIXIO_LIB="$tmp/a b/empty.so" "$MIXIO" run "$tmp/seven"
mkdir "$tmp/inst"
cp "$MIXIO" "$tmp/inst/mixio"
cp "$tmp/empty.so" "$tmp/inst/libmixio.so"
try env -u MIXIO_LIB "$tmp/inst/mixio" run env
like "the object beside the launcher" "$out" \
	"*LD_PRELOAD=$tmp/inst/libmixio.so*"
rm "$tmp/inst/libmixio.so"
try env -u MIXIO_LIB "$tmp/inst/mixio" run "$tmp/seven"
like "else the installed one" "$rc:$err" "[27]:*"

# ---- with the real object
MIXIO_LIB=$real_object
try "$MIXIO" run "$tmp/seven"
is "real object: exit status" "$rc:$out:$err" "7::"
try "$MIXIO" run sh -c 'echo "${LD_PRELOAD-}${MIXIO_RUN-}"; env | grep -c MIXIO_RUN'
is "real object: what the program executes starts clean" "$out" "
0"
try "$MIXIO" run --follow sh -c 'env | grep -c MIXIO_RUN'
is "real object: --follow goes on" "$out" 1
try "$MIXIO" run --stats "$tmp/seven"
like "real object: --stats" "$rc:$err" "7:mixio: stats switches=*"

done_testing
