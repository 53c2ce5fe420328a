# SPDX-License-Identifier: MIT
#
# What is made of left.tbl. POSIX awk.
#
#	awk -v out=md -f left.awk left.tbl
#	awk -v out=check -v rows=NAMES -f left.awk left.tbl SYMBOLS
#
#	md	the last section of doc/calls.md
#	check	prints what is wrong: a symbol (one a line in SYMBOLS) that is
#		neither in the table (one a line in NAMES) nor in left.tbl,
#		a name that is in both or twice, a pattern that takes nothing;
#		says on the last line how many symbols it has seen
#
# A bad line stops the run with file:line.

BEGIN {
	if (out !~ /^(md|check)$/) {
		print "left.awk: -v out=md|check" > "/dev/stderr"
		bad = 1
		exit 1
	}
	kinds["waits"] = kinds["thread"] = kinds["never"] = 1
	while (out == "check" && (getline name < rows) > 0) {
		row[name] = 1
		nrows++
	}
	if (out == "check" && !nrows) {
		print "left.awk: no names in " rows > "/dev/stderr"
		bad = 1
		exit 1
	}
}

function fail(text) {
	printf "%s:%d: %s\n", FILENAME, FNR, text > "/dev/stderr"
	bad = 1
	exit 1
}

# A shell's pattern as a regular expression.
function pattern(s) {
	gsub(/\*/, "[A-Za-z_0-9]*", s)
	return "^" s "$"
}

FNR == 1 { files++ }
files == 2 {
	nsymbols++
	if ($1 in row || $1 in word)
		next
	for (i = 1; i <= npatterns; i++)
		if ($1 ~ re[i]) {
			used[i] = 1
			next
		}
	print $1 ": libc has it; give it a row in calls.tbl, or a reason in " \
		"left.tbl"
	next
}

/^[ \t]*(#|$)/ { next }
/^\[/ {
	kind = $0
	sub(/^\[/, "", kind)
	sub(/\].*/, "", kind)
	reason = $0
	sub(/^[^]]*\][ \t]*/, "", reason)
	if (!(kind in kinds))
		fail("unknown kind '" kind "': waits, thread or never")
	if (kind != "never" && reason == "")
		fail("[" kind "] needs a reason")
	section++
	kind_of[section] = kind
	reason_of[section] = reason
	next
}
{
	if (!section)
		fail("a word before the first [kind]")
	for (i = 1; i <= NF; i++) {
		if ($i ~ /\*/) {
			if (kind != "never")
				fail("'" $i "': only [never] may have patterns")
			re[++npatterns] = pattern($i)
			glob[npatterns] = $i
			continue
		}
		if ($i !~ /^[A-Za-z_][A-Za-z_0-9]*$/)
			fail("'" $i "' is no name")
		if ($i in word && out == "check")
			print $i ": twice in left.tbl"
		if ($i in row)
			print $i ": has a row, and is in left.tbl"
		word[$i] = 1
		words[section] = words[section] (words[section] == "" ? "" : \
			", ") "`" $i "`"
	}
}

function table(kind,    s) {
	print ""
	print "| calls | why |"
	print "| --- | --- |"
	for (s = 1; s <= section; s++)
		if (kind_of[s] == kind)
			print "| " words[s] " | " reason_of[s] " |"
}

END {
	if (bad)
		exit 1
	if (out == "check") {
		for (i = 1; i <= npatterns; i++)
			if (!used[i])
				print glob[i] ": takes no symbol"
		print nsymbols + 0 " symbols"
		exit 0
	}
	print ""
	print "## Left to libc"
	print ""
	print "These may wait. libc's own are called; while one does, the other threads"
	print "move on to another kernel thread."
	table("waits")
	print ""
	print "And these act on the kernel thread that happens to run the caller:"
	table("thread")
}
