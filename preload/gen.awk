# SPDX-License-Identifier: MIT
#
# Makes everything that follows from the table of calls.  POSIX awk.
#
#	awk -v out=WHAT -f gen.awk calls.tbl
#	awk -v out=check -f gen.awk calls.tbl table=uncovered uncovered.tbl
#
#	h       real.h: struct mx_real, one pointer a call
#	c       real.c: first-call stubs and the resolver
#	map     libmixio.map: what the preload object exports
#	md      calls.md: the table for readers
#	names   exported names, one a line
#	aliases exported name and the row whose body it shares, one pair a line
#	check   check_calls.c: every call and how it is handled, for mixio check;
#		uncovered.tbl says what has no row, and how its rows look
#
# A row is
#
#	name | return type | parameters | class | version | note
#
# class: park, hop, ours, pass, alias:NAME (exported, body of row NAME) or
# real-only (resolved, not exported).  version: the glibc version for dlvsym,
# or -.  Words in note that mean something here, wherever they stand in it:
#
#	optional     old libcs lack it; see MX_ABSENT in the output of c
#	absent=X     what an optional call returns where it is missing
#	noreturn     the call does not come back
#	early        dlsym itself calls it (libdl's dlerror up to glibc 2.33), so
#	             that has to be found first, and without dlsym
#	refused      what it does natively cannot be done; for mixio check
#	stub=NAME    before anything is resolved, NAME is called instead (same
#	             parameters); for calls that a C stub cannot pass on
#
# name@VERSION is a second, real-only member for an old version of a symbol.
# "## text" in the table starts a section of calls.md.
#
# A bad row stops the build with file:line.

BEGIN {
	FS = "|"
	bad = 0
	n = 0
	nsect = 0
	nun = 0
	if (out !~ /^(h|c|map|md|names|aliases|check)$/) {
		print "gen.awk: -v out=h|c|map|md|names|aliases|check" > "/dev/stderr"
		bad = 1
		exit 1
	}
}

function fail(line, text) {
	printf "%s:%d: %s\n", ending ? calls : FILENAME, line, text \
		> "/dev/stderr"
	bad = 1
}

function trim(s) {
	gsub(/^[ \t]+|[ \t\r]+$/, "", s)
	gsub(/[ \t]+/, " ", s)
	return s
}

# The value of word=... in a note, or "".
function note_value(note, word,    i, k, w) {
	k = split(note, w, /[ ,;]+/)
	for (i = 1; i <= k; i++)
		if (index(w[i], word "=") == 1)
			return substr(w[i], length(word) + 2)
	return ""
}

function note_has(note, word,    i, k, w) {
	k = split(note, w, /[ ,;]+/)
	for (i = 1; i <= k; i++)
		if (w[i] == word)
			return 1
	return 0
}

# Cuts a parameter list at the commas outside parentheses; part[1..n].
function cut(list, part,    i, c, depth, k, cur) {
	k = 0
	depth = 0
	cur = ""
	for (i = 1; i <= length(list); i++) {
		c = substr(list, i, 1)
		if (c == "(")
			depth++
		else if (c == ")")
			depth--
		if (depth < 0)
			return -1
		if (c == "," && depth == 0) {
			part[++k] = trim(cur)
			cur = ""
		} else
			cur = cur c
	}
	part[++k] = trim(cur)
	return depth == 0 ? k : -1
}

# The name that one parameter declares, or "" when it has none.
function param_name(p,    s, words, k) {
	s = p
	# int (*name)(...)
	if (match(s, /\([ ]*\*+[ ]*[A-Za-z_][A-Za-z_0-9]*[ ]*\)/)) {
		s = substr(s, RSTART + 1, RLENGTH - 2)
		gsub(/[ *]/, "", s)
		return s
	}
	while (match(s, /\[[^][]*\][ ]*$/))
		s = trim(substr(s, 1, RSTART - 1))
	gsub(/\*/, " * ", s)
	s = trim(s)
	k = split(s, words, " ")
	if (k < 2 || words[k] !~ /^[A-Za-z_][A-Za-z_0-9]*$/)
		return ""
	if (words[k] ~ /^(const|volatile|restrict|__restrict|struct|union|enum|unsigned|signed|int|long|short|char|void|float|double)$/)
		return ""
	# "struct tag" and "const type" alone declare no name either.
	if (k == 2 && words[1] ~ /^(const|volatile|struct|union|enum)$/)
		return ""
	return words[k]
}

# Argument list for passing on; sets arg_error.
function arguments(list,    part, k, i, name, r) {
	arg_error = ""
	if (list == "void")
		return ""
	k = cut(list, part)
	if (k < 0) {
		arg_error = "parentheses do not match in the parameters"
		return ""
	}
	r = ""
	for (i = 1; i <= k; i++) {
		if (part[i] == "...") {
			arg_error = "give a fixed parameter list instead of ..."
			return ""
		}
		name = param_name(part[i])
		if (name == "") {
			arg_error = "parameter " i " ('" part[i] "') has no name"
			return ""
		}
		r = r (i > 1 ? ", " : "") name
	}
	return r
}

# ">= GLIBC_2.17" as numbers: 64-bit ARM began with 2.17.
function version_for_arm(v,    s, w) {
	s = v
	sub(/^GLIBC_/, "", s)
	split(s, w, ".")
	return w[1] + 0 == 2 && w[2] + 0 < 17 ? "GLIBC_2.17" : v
}

# True for versions that a libc we run on may lack: they came after 2.31.
function version_is_new(v,    s, w) {
	s = v
	sub(/^GLIBC_/, "", s)
	split(s, w, ".")
	return w[1] + 0 > 2 || w[1] + 0 == 2 && w[2] + 0 > 31
}

/^[ \t]*##[ \t]/ {
	s = $0
	sub(/^[ \t]*##[ \t]*/, "", s)
	sections[++nsect] = trim(s)
	next
}
/^[ \t]*(#|\r?$)/ { next }

table == "uncovered" {
	if (NF != 3) {
		fail(FNR, "a row has 3 fields, this one has " NF)
		next
	}
	name = trim($1)
	class = trim($2)
	if (name !~ /^[A-Za-z_][A-Za-z_0-9]*$/)
		fail(FNR, "'" name "' is no name of a call")
	else if (class !~ /^(wait|break|pass)$/)
		fail(FNR, "unknown class '" class "': wait, break or pass")
	else if (trim($3) == "")
		fail(FNR, "'" name "' has no reason")
	else if (name in row && classes[row[name]] != "real-only")
		fail(FNR, "'" name "' is covered: it has a row in " calls)
	else if (name in uncovered)
		fail(FNR, "'" name "' is declared twice")
	else {
		uncovered[name] = class
		reason[name] = trim($3)
		un[++nun] = name
	}
	next
}

{
	calls = FILENAME
	if (NF != 6) {
		fail(FNR, "a row has 6 fields, this one has " NF)
		next
	}
	name = trim($1)
	old = ""
	member = name
	if ((at = index(name, "@")) > 0) {
		old = substr(name, at + 1)
		member = substr(name, 1, at - 1)
	}
	if (member !~ /^[A-Za-z_][A-Za-z_0-9]*$/) {
		fail(FNR, "'" name "' is no name of a call")
		next
	}
	if (old != "") {
		if (old !~ /^GLIBC_[0-9]+(\.[0-9]+)+$/) {
			fail(FNR, "'" old "' is no glibc version (GLIBC_2.17)")
			next
		}
		s = old
		sub(/^GLIBC_/, "", s)
		gsub(/\./, "_", s)
		symbol[n + 1] = member
		member = member "_" s
	} else
		symbol[n + 1] = member
	if (member in row) {
		fail(FNR, "'" name "' is declared twice, first in line " \
			line[row[member]])
		next
	}

	ret = trim($2)
	params = trim($3)
	class = trim($4)
	gsub(/ /, "", class)
	version = trim($5)
	note = trim($6)

	target = ""
	if (index(class, "alias:") == 1) {
		target = substr(class, 7)
		class = "alias"
		if (target !~ /^[A-Za-z_][A-Za-z_0-9]*$/) {
			fail(FNR, "alias:NAME needs the name of a row")
			next
		}
	}
	if (class !~ /^(park|hop|ours|pass|alias|real-only)$/) {
		fail(FNR, "unknown class '" class \
			"': park, hop, ours, pass, alias:NAME or real-only")
		next
	}
	if (old != "" && class != "real-only") {
		fail(FNR, "name@VERSION must be of class real-only")
		next
	}
	if (version !~ /^(-|GLIBC_[0-9]+(\.[0-9]+)+)$/) {
		fail(FNR, "'" version "' is no glibc version: GLIBC_2.17, or -")
		next
	}
	if (old != "" && version != "-" && version != old) {
		fail(FNR, "two versions, '" old "' and '" version "'")
		next
	}

	args = ""
	if (class != "alias") {
		if (ret == "" || ret == "-" || params == "" || params == "-") {
			fail(FNR, "a return type and parameters (or void) are needed")
			next
		}
		args = arguments(params)
		if (arg_error != "") {
			fail(FNR, arg_error)
			next
		}
	}

	n++
	row[member] = n
	line[n] = FNR
	members[n] = member
	rets[n] = ret
	paramss[n] = params
	argss[n] = args
	classes[n] = class
	targets[n] = target
	versions[n] = old != "" ? old : version
	olds[n] = old
	notes[n] = note
	optional[n] = note_has(note, "optional") || old != ""
	noreturn[n] = note_has(note, "noreturn")
	early[n] = note_has(note, "early")
	stubs[n] = note_value(note, "stub")
	absents[n] = note_value(note, "absent")
	sect[n] = nsect
}

END {
	ending = 1
	if (bad)
		exit 1
	if (n == 0) {
		print FILENAME ": the table has no rows" > "/dev/stderr"
		exit 1
	}
	for (i = 1; i <= n; i++) {
		if (classes[i] == "alias") {
			if (!(targets[i] in row))
				fail(line[i], "alias of '" targets[i] \
					"', which has no row")
			else if (classes[row[targets[i]]] ~ /^(alias|real-only)$/)
				fail(line[i], "alias of '" targets[i] \
					"', which has no body: it is " \
					classes[row[targets[i]]])
		}
		if (stubs[i] != "" && (!(stubs[i] in row) || \
				classes[row[stubs[i]]] == "alias"))
			fail(line[i], "stub=" stubs[i] ", which has no row")
	}
	if (bad)
		exit 1

	if (out == "h")
		emit_header()
	else if (out == "c")
		emit_source()
	else if (out == "map")
		emit_map()
	else if (out == "md")
		emit_doc()
	else if (out == "aliases")
		emit_aliases()
	else if (out == "check")
		emit_check()
	else
		emit_names()
}

function pointer(i) {
	return rets[i] (rets[i] ~ /\*$/ ? "" : " ") "(*" members[i] ")(" \
		paramss[i] ")"
}

function banner() {
	print "/* SPDX-License-Identifier: MIT */"
	print "/* Made from calls.tbl by gen.awk; do not edit. */"
}

function emit_header(    i) {
	banner()
	print "#ifndef MX_REAL_H"
	print "#define MX_REAL_H"
	print ""
	print "#if defined _FORTIFY_SOURCE && _FORTIFY_SOURCE > 0"
	print "#error \"_FORTIFY_SOURCE renames the calls that mixio defines\""
	print "#endif"
	print "#ifdef _FILE_OFFSET_BITS"
	print "#error \"_FILE_OFFSET_BITS renames the calls that mixio defines\""
	print "#endif"
	print ""
	print "#include \"mx_types.h\""
	print ""
	print "/*"
	print " * libc's own functions, or those of the next object that defines them."
	print " * Every pointer starts at a stub that resolves it and calls on, so"
	print " * that it can be called at any time and needs no test."
	print " */"
	print "struct mx_real {"
	for (i = 1; i <= n; i++)
		if (classes[i] != "alias")
			print "\t" pointer(i) (noreturn[i] ? \
				" __attribute__((noreturn))" : "") ";"
	print "};"
	print ""
	print "extern struct mx_real mx_real __attribute__((visibility(\"hidden\")));"
	print "#define real mx_real"
	print ""
	print "/*"
	print " * Finds every real function.  May be called any number of times, from"
	print " * any thread and before any constructor; keeps errno.  Ends the process"
	print " * with one line when a call that is not optional cannot be found."
	print " */"
	print "void mx_real_resolve(void) __attribute__((visibility(\"hidden\")));"
	print ""
	print "/* 1 when libc has the optional call `member`. */"
	print "#define mx_real_has(member) \\"
	print "\tmx_real_present(__builtin_offsetof(struct mx_real, member))"
	print "int mx_real_present(unsigned long offset)"
	print "\t__attribute__((visibility(\"hidden\")));"
	print ""
	print "#endif"
}

# What a missing optional call answers: its own absent=, else by convention.
function absent_body(i,    r) {
	r = rets[i]
	if (absents[i] != "")
		return "\terrno = ENOSYS;\n\treturn " absents[i] ";"
	if (r == "void")
		return "\terrno = ENOSYS;"
	if (r ~ /\*$/)
		return "\terrno = ENOSYS;\n\treturn NULL;"
	if (r == "int" && members[i] ~ /^_*(pthread_|posix_|clock_nanosleep)/)
		return "\treturn ENOSYS;"
	return "\terrno = ENOSYS;\n\treturn (" r ")-1;"
}

function emit_source(    i, k, to) {
	banner()
	print "#include <dlfcn.h>"
	print "#include <errno.h>"
	print "#include <stddef.h>"
	print "#include <stdint.h>"
	print "#include <stdlib.h>"
	print "#include <string.h>"
	print "#include <sys/syscall.h>"
	print ""
	print "#include \"real.h\""
	print ""
	print "#pragma GCC diagnostic ignored \"-Wpedantic\""
	print "#pragma GCC diagnostic ignored \"-Wunused-parameter\""
	print ""
	print "/*"
	print " * A sanitizer's interceptors have no version and must stay in the chain,"
	print " * so there names alone decide.  64-bit ARM began with glibc 2.17."
	print " */"
	print "#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__ || \\"
	print "\tdefined MX_SANITIZED"
	print "#define MX_V(x86, arm) NULL"
	print "#elif defined __has_feature"
	print "#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)"
	print "#define MX_V(x86, arm) NULL"
	print "#endif"
	print "#endif"
	print "#ifndef MX_V"
	print "#ifdef __x86_64__"
	print "#define MX_V(x86, arm) x86"
	print "#else"
	print "#define MX_V(x86, arm) arm"
	print "#endif"
	print "#endif"
	print ""
	number_rows()
	print "static void resolve_row(unsigned int i);"
	print ""
	print "/* First-call stubs. */"
	for (i = 1; i <= n; i++) {
		if (classes[i] == "alias")
			continue
		to = stubs[i] != "" ? stubs[i] : members[i]
		print ""
		print "static " (noreturn[i] ? "__attribute__((noreturn)) " : "") \
			rets[i]
		print "stub_" members[i] "(" paramss[i] ")"
		print "{"
		if (stubs[i] == "")
			print "\tresolve_row(" place[i] ");"
		print "\t" (rets[i] == "void" ? "" : "return ") "mx_real." to \
			"(" argss[i] ");"
		print "}"
	}
	print ""
	print "struct mx_real mx_real = {"
	for (i = 1; i <= n; i++)
		if (classes[i] != "alias")
			print "\t." members[i] " = stub_" members[i] ","
	print "};"
	print ""
	print "/* What stands in for calls that this libc lacks: MX_ABSENT. */"
	for (i = 1; i <= n; i++) {
		if (classes[i] == "alias" || !optional[i])
			continue
		print ""
		print "static " (noreturn[i] ? "__attribute__((noreturn)) " : "") \
			rets[i]
		print "absent_" members[i] "(" paramss[i] ")"
		print "{"
		if (noreturn[i])
			print "\tabort();"
		else
			print absent_body(i)
		print "}"
	}
	print ""
	print "typedef void (*any_fn)(void);"
	print ""
	print "struct row {"
	print "\tconst char *name;\t/* symbol */"
	print "\tconst char *version;\t/* ask for this version first, or NULL */"
	print "\tany_fn absent;\t\t/* optional: what stands in, else NULL */"
	print "\tunsigned int offset;\t/* of the pointer in struct mx_real */"
	print "\tunsigned int strict;\t/* this version or none */"
	print "\tunsigned int late;\t/* asking for this version may fail */"
	print "\tunsigned int early;\t/* dlsym of old libcs needs it */"
	print "};"
	print ""
	print "/*"
	print " * What dlsym itself calls comes first.  Lookups that may fail come last, of"
	print " * versions, then of optional rows: one that fails allocates, and by then"
	print " * what the allocator calls is there."
	print " */"
	print "static const struct row rows[] = {"
	for (k = 0; k <= 3; k++)
		for (i = 1; i <= n; i++)
			if (classes[i] != "alias" && k == turn(i))
				emit_row(i)
	print "};"
	print ""
	print "enum { NROWS = sizeof(rows) / sizeof(rows[0]) };"
	emit_resolver()
}

# place[i]: the index of row i in rows[].
function number_rows(    i, k, p) {
	for (k = 0; k <= 3; k++)
		for (i = 1; i <= n; i++)
			if (classes[i] != "alias" && k == turn(i))
				place[i] = p++ + 0
}

function late(i) {
	return versions[i] != "-" && version_is_new(versions[i])
}

function turn(i) {
	return early[i] ? 0 : optional[i] ? 3 : late(i) ? 2 : 1
}

function emit_row(i,    v) {
	if (versions[i] == "-")
		v = "NULL"
	else if (olds[i] != "")
		v = "\"" versions[i] "\""
	else
		v = "MX_V(\"" versions[i] "\", \"" \
			version_for_arm(versions[i]) "\")"
	printf "\t{ \"%s\", %s,\n\t  %s,\n\t  offsetof(struct mx_real, %s), %d, %d, %d },\n", \
		olds[i] != "" ? base_name(members[i]) : members[i], v, \
		optional[i] ? "(any_fn)absent_" members[i] : "NULL", \
		members[i], olds[i] != "", late(i), early[i]
}

function base_name(m) {
	return symbol[row[m]]
}

function emit_resolver() {
	print ""
	print "static any_fn *"
	print "slot_of(const struct row *row)"
	print "{"
	print "\treturn (any_fn *)(void *)((char *)&mx_real + row->offset);"
	print "}"
	print ""
	print "static long"
	print "raw_write(int fd, const void *buf, size_t n)"
	print "{"
	print "#if defined __x86_64__"
	print "\tlong rc = SYS_write;"
	print ""
	print "\t__asm__ volatile(\"syscall\""
	print "\t\t\t : \"+a\"(rc)"
	print "\t\t\t : \"D\"((long)fd), \"S\"(buf), \"d\"(n)"
	print "\t\t\t : \"rcx\", \"r11\", \"memory\");"
	print "\treturn rc;"
	print "#elif defined __aarch64__"
	print "\tregister long x8 __asm__(\"x8\") = SYS_write;"
	print "\tregister long x0 __asm__(\"x0\") = fd;"
	print "\tregister const void *x1 __asm__(\"x1\") = buf;"
	print "\tregister size_t x2 __asm__(\"x2\") = n;"
	print ""
	print "\t__asm__ volatile(\"svc 0\""
	print "\t\t\t : \"+r\"(x0)"
	print "\t\t\t : \"r\"(x8), \"r\"(x1), \"r\"(x2)"
	print "\t\t\t : \"memory\");"
	print "\treturn x0;"
	print "#else"
	print "#error \"add the write system call of this processor to preload/gen.awk\""
	print "#endif"
	print "}"
	print ""
	print "/* One line, no heap, no stdio: this may be the process's first act. */"
	print "static __attribute__((noreturn)) void"
	print "die(const char *name)"
	print "{"
	print "\tstatic const char head[] = \"mixio: this libc has no '\";"
	print "\tstatic const char tail[] = \"', which mixio needs; it cannot run \""
	print "\t\t\t\t   \"here\\n\";"
	print "\tchar text[sizeof(head) + sizeof(tail) + 64];"
	print "\tsize_t n = strnlen(name, 60);"
	print "\tchar *p = text;"
	print ""
	print "\tp = (char *)memcpy(p, head, sizeof(head) - 1) + sizeof(head) - 1;"
	print "\tp = (char *)memcpy(p, name, n) + n;"
	print "\tp = (char *)memcpy(p, tail, sizeof(tail) - 1) + sizeof(tail) - 1;"
	print "\traw_write(2, text, (size_t)(p - text));"
	print "\tabort();"
	print "}"
	print ""
	print "#if !__GLIBC_PREREQ(2, 34)"
	print "/* What dlsym is made of; weak: later libcs have no such thing. */"
	print "extern void *_dl_sym(void *handle, const char *name, void *who)"
	print "    __attribute__((weak));"
	print "#endif"
	print ""
	print "static unsigned char set[NROWS];"
	print ""
	print "static void *"
	print "look_up(const struct row *row, int nested)"
	print "{"
	print "\tvoid *p = NULL;"
	print ""
	print "#if !__GLIBC_PREREQ(2, 34)"
	print "\tif ((row->early || (nested && !row->version && !row->absent)) &&"
	print "\t    _dl_sym)"
	print "\t\treturn _dl_sym(RTLD_NEXT, row->name, (void *)look_up);"
	print "#endif"
	print "\tif (row->version && !(nested && row->late))"
	print "\t\tp = dlvsym(RTLD_NEXT, row->name, row->version);"
	print "\tif (!p && !row->strict)"
	print "\t\tp = dlsym(RTLD_NEXT, row->name);"
	print "\treturn p;"
	print "}"
	print ""
	print "/*"
	print " * No lock: threads that come at the same time find the same addresses and"
	print " * store the same words.  dlsym may allocate (glibc up to 2.33 on its first"
	print " * call, later ones when a lookup fails) and the allocator may call us, so"
	print " * a nested call fills in what the outer one has not reached; rows that are"
	print " * set already are not looked up again."
	print " */"
	print "void"
	print "mx_real_resolve(void)"
	print "{"
	print "\t/* initial-exec: no allocation on first use in a thread */"
	print "\tstatic __thread int depth __attribute__((tls_model(\"initial-exec\")));"
	print "\tstatic int done;"
	print "\tint saved = errno;"
	print "\tint missed = 0;"
	print "\tunsigned int i;"
	print ""
	print "\tif (__atomic_load_n(&done, __ATOMIC_ACQUIRE))"
	print "\t\treturn;"
	print "\tif (++depth > 16)"
	print "\t\tdie(\"dlsym that works before main\");"
	print "\tfor (i = 0; i < NROWS; i++) {"
	print "\t\tany_fn fn;"
	print "\t\tvoid *p;"
	print ""
	print "\t\tif (__atomic_load_n(&set[i], __ATOMIC_ACQUIRE))"
	print "\t\t\tcontinue;"
	print "\t\t/* Nested in a lookup that fails: no further optional ones. */"
	print "\t\tif (rows[i].absent && depth > 1)"
	print "\t\t\tp = NULL;"
	print "\t\telse"
	print "\t\t\tp = look_up(&rows[i], depth > 1);"
	print "\t\tif (rows[i].late)"
	print "\t\t\tmissed = 1; /* perhaps */"
	print "\t\tif (p) {"
	print "\t\t\tmemcpy(&fn, &p, sizeof(fn));"
	print "\t\t} else if (rows[i].absent) {"
	print "\t\t\tmissed = 1;"
	print "\t\t\tfn = rows[i].absent;"
	print "\t\t} else {"
	print "\t\t\tdie(rows[i].name);"
	print "\t\t}"
	print "\t\t__atomic_store_n(slot_of(&rows[i]), fn, __ATOMIC_RELAXED);"
	print "\t\tif ((p && !rows[i].late) || depth == 1)"
	print "\t\t\t__atomic_store_n(&set[i], 1, __ATOMIC_RELEASE);"
	print "\t}"
	print "\tif (--depth == 0) {"
	print "\t\t__atomic_store_n(&done, 1, __ATOMIC_RELEASE);"
	print "\t\tif (missed)"
	print "\t\t\t(void)dlerror(); /* the program must not see it */"
	print "\t}"
	print "\terrno = saved;"
	print "}"
	print ""
	print "/*"
	print " * The first call of one function: that one only. Who calls before our"
	print " * constructor may be an allocator that holds its lock, and of a lookup that"
	print " * is sure to succeed libc allocates nothing (look_up() sees to old ones)."
	print " * mx_real_resolve() comes back to whatever it might find better."
	print " */"
	print "static void"
	print "resolve_row(unsigned int i)"
	print "{"
	print "\tint saved = errno;"
	print "\tany_fn fn;"
	print "\tvoid *p;"
	print ""
	print "\tp = look_up(&rows[i], 1);"
	print "\tif (p)"
	print "\t\tmemcpy(&fn, &p, sizeof(fn));"
	print "\telse if (rows[i].absent)"
	print "\t\tfn = rows[i].absent;"
	print "\telse"
	print "\t\tdie(rows[i].name);"
	print "\t__atomic_store_n(slot_of(&rows[i]), fn, __ATOMIC_RELAXED);"
	print "\tif (p && !rows[i].late)"
	print "\t\t__atomic_store_n(&set[i], 1, __ATOMIC_RELEASE);"
	print "\terrno = saved;"
	print "}"
	print ""
	print "int"
	print "mx_real_present(unsigned long offset)"
	print "{"
	print "\tunsigned int i;"
	print ""
	print "\tmx_real_resolve();"
	print "\tfor (i = 0; i < NROWS; i++)"
	print "\t\tif (rows[i].offset == offset)"
	print "\t\t\treturn !rows[i].absent ||"
	print "\t\t\t       *slot_of(&rows[i]) != rows[i].absent;"
	print "\treturn 0;"
	print "}"
}

# Exported names, sorted (insertion: awk has no sort, the table is short).
function sorted_names(list,    i, k, j, t) {
	k = 0
	for (i = 1; i <= n; i++) {
		if (classes[i] == "real-only")
			continue
		t = members[i]
		for (j = k; j > 0 && list[j] > t; j--)
			list[j + 1] = list[j]
		list[j + 1] = t
		k++
	}
	return k
}

function emit_map(    list, k, i) {
	k = sorted_names(list)
	print "/* Made from calls.tbl by gen.awk; do not edit. */"
	print "{"
	print "global:"
	print "\tmixio_*;"
	for (i = 1; i <= k; i++)
		print "\t" list[i] ";"
	print "local:"
	print "\t*;"
	print "};"
}

function emit_names(    list, k, i) {
	k = sorted_names(list)
	for (i = 1; i <= k; i++)
		print list[i]
}

function emit_aliases(    i) {
	for (i = 1; i <= n; i++)
		if (classes[i] == "alias")
			print members[i], targets[i]
}

# A C string.
function quoted(s) {
	gsub(/\\/, "\\\\", s)
	gsub(/"/, "\\\"", s)
	return "\"" s "\""
}

# One row a name, sorted by strcmp for bsearch; then system calls by number.
function emit_check(    list, k, i, j, t, how, note) {
	k = sorted_names(list)
	for (i = 1; i <= nun; i++) {
		t = un[i]
		if (t ~ /^SYS_/)
			continue
		for (j = k; j > 0 && list[j] > t; j--)
			list[j + 1] = list[j]
		list[j + 1] = t
		k++
	}
	banner()
	print "#include <stddef.h>"
	print "#include <sys/syscall.h>"
	print ""
	print "#include \"check.h\""
	print ""
	print "const struct mx_check_call mx_check_calls[] = {"
	for (i = 1; i <= k; i++) {
		t = list[i]
		if (t in uncovered) {
			how = uncovered[t]
			note = reason[t]
		} else {
			j = row[t]
			if (classes[j] == "alias")
				j = row[targets[j]]
			how = note_has(notes[j], "refused") ? "break" : \
				classes[j]
			note = reader_note(j)
		}
		printf "\t{ %s, MX_CHECK_%s,\n\t  %s },\n", quoted(t), \
			toupper(how), quoted(note)
	}
	print "};"
	print ""
	print "const size_t mx_check_ncalls ="
	print "\tsizeof(mx_check_calls) / sizeof(mx_check_calls[0]);"
	print ""
	print "const struct mx_check_number mx_check_numbers[] = {"
	for (i = 1; i <= k; i++) {
		t = list[i]
		how = t in uncovered ? uncovered[t] : \
			note_has(notes[row[t]], "refused") ? "break" : \
			classes[row[t]]
		if (how ~ /^(park|hop|wait|break)$/)
			emit_number(t, how)
	}
	for (i = 1; i <= nun; i++)
		if (un[i] ~ /^SYS_/)
			emit_number(substr(un[i], 5), uncovered[un[i]])
	print "};"
	print ""
	print "const size_t mx_check_nnumbers ="
	print "\tsizeof(mx_check_numbers) / sizeof(mx_check_numbers[0]);"
}

function emit_number(name, how) {
	print "#ifdef SYS_" name
	printf "\t{ SYS_%s, MX_CHECK_%s, \"%s\" },\n", name, toupper(how), name
	print "#endif"
}

function emit_doc(    i, s, j, text, count) {
	print "<!-- Made from preload/calls.tbl by preload/gen.awk (make calls-md); do not edit. -->"
	print "# The calls"
	print ""
	print "What each call does in a thread that has opted in. Everywhere else it is libc's own."
	print ""
	print "| class | meaning |"
	print "| --- | --- |"
	print "| park | tries, parks the green thread until it can go on, tries again |"
	print "| hop | runs on a helper kernel thread, green thread and all |"
	print "| ours | mixio's own bookkeeping |"
	print "| pass | libc's own; when it blocks, the domain moves on (handoff) |"
	print ""
	print "*Also as* lists the other exported names that share the body."
	for (s = 0; s <= nsect; s++) {
		count = 0
		for (i = 1; i <= n; i++) {
			if (sect[i] != s || classes[i] ~ /^(alias|real-only)$/)
				continue
			if (count++ == 0) {
				print ""
				print "## " (s == 0 ? "Calls" : sections[s])
				print ""
				print "| call | class | also as | note |"
				print "| --- | --- | --- | --- |"
			}
			text = ""
			for (j = 1; j <= n; j++)
				if (classes[j] == "alias" && \
						targets[j] == members[i])
					text = text (text == "" ? "" : ", ") \
						"`" members[j] "`"
			printf "| `%s` | %s | %s | %s |\n", members[i], \
				classes[i], text, reader_note(i)
		}
	}
}

# The note without the words that are for the generator.
function reader_note(i,    k, w, j, r) {
	if (notes[i] == "-")
		return ""
	k = split(notes[i], w, " ")
	r = ""
	for (j = 1; j <= k; j++) {
		if (w[j] ~ /^(noreturn|early|absent=.*|stub=.*)[,;]?$/)
			continue
		if (w[j] ~ /^optional[,;]?$/)
			w[j] = "(where libc has it)"
		r = r (r == "" ? "" : " ") w[j]
	}
	return r
}
