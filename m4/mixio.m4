dnl SPDX-License-Identifier: MIT

dnl MX_FLAG(VARIABLE, FLAG, [required])
dnl Appends FLAG to VARIABLE when the compiler of the current language takes it.
AC_DEFUN([MX_FLAG], [
	AC_MSG_CHECKING([whether the compiler takes $2])
	mx_flag_save=$[]_AC_LANG_PREFIX[]FLAGS
	_AC_LANG_PREFIX[]FLAGS="$mx_flag_save -Werror $2"
	AC_COMPILE_IFELSE([AC_LANG_SOURCE([[int mx_flag_unit;]])],
		[AC_MSG_RESULT([yes])
		 $1="$$1 $2"],
		[AC_MSG_RESULT([no])
		 m4_if([$3], [required],
			[AC_MSG_ERROR([the compiler lacks $2, which mixio needs])])])
	_AC_LANG_PREFIX[]FLAGS=$mx_flag_save
])

dnl MX_STRIP_FLAGS(VARIABLES)
dnl Takes -D_FORTIFY_SOURCE, -D_FILE_OFFSET_BITS and -flto out of VARIABLES.
AC_DEFUN([MX_STRIP_FLAGS], [
	for mx_var in $1; do
		eval "mx_old=\$$mx_var"
		mx_new=
		for mx_word in $mx_old; do
			AS_CASE([$mx_word],
				[-D_FORTIFY_SOURCE*|-Wp,-D_FORTIFY_SOURCE*|-D_FILE_OFFSET_BITS*|-D_TIME_BITS*|-flto*],
					[AC_MSG_NOTICE([taking $mx_word out of $mx_var: it renames or merges the calls that we define])],
				[mx_new="$mx_new${mx_new:+ }$mx_word"])
		done
		AS_IF([test "x$mx_new" != "x$mx_old" && test -n "$mx_old"],
			[eval "$mx_var=\$mx_new"])
	done
])

dnl MX_LIBEV
dnl A program may use a libev of its own, so ours has to be private: the
dnl archive is linked in and hidden.  Distributions compile that archive for
dnl executables; what keeps it out of a shared object is the direct reference
dnl to libc's stderr, which src/libev.syms renames.  Where the archive does not
dnl link even so, the shared libev must do.
AC_DEFUN([MX_LIBEV], [
	AC_MSG_CHECKING([for a libev.a that links into a shared object])
	mx_libev=no
	mx_libev_a=`$CC $CFLAGS $LDFLAGS -print-file-name=libev.a 2>/dev/null`
	# A path given by -L comes first, which -print-file-name does not know.
	for mx_word in $LDFLAGS; do
		AS_CASE([$mx_word],
			[-L*], [mx_dir=`AS_ECHO(["$mx_word"]) | sed 's/^-L//'`
				AS_IF([test -f "$mx_dir/libev.a"],
					[mx_libev_a=$mx_dir/libev.a])])
	done
	AS_IF([test -f "$mx_libev_a" && $OBJCOPY --redefine-syms="$srcdir/src/libev.syms" \
			"$mx_libev_a" conftest.a >&AS_MESSAGE_LOG_FD 2>&1], [
		mx_libev_cflags=$CFLAGS mx_libev_ldflags=$LDFLAGS mx_libev_libs=$LIBS
		CFLAGS="$CFLAGS -fPIC"
		LDFLAGS="$LDFLAGS -shared -Wl,-z,text"
		LIBS="-Wl,conftest.a -Wl,--exclude-libs,ALL -Wl,-z,defs -lm $LIBS"
		# Whatever libev.syms redirects exists here as a plain word.
		mx_libev_decls=`sed -n 's/^[[^#]][[^ ]]* \{1,\}\([[A-Za-z_0-9]]*\).*/__attribute__((visibility("hidden"))) void *\1;/p' "$srcdir/src/libev.syms"`
		AC_LINK_IFELSE([AC_LANG_SOURCE([
#include <ev.h>
$mx_libev_decls
struct ev_loop *mx_libev_probe(void);
struct ev_loop *mx_libev_probe(void) { return ev_loop_new(0); }
			])], [mx_libev=static])
		CFLAGS=$mx_libev_cflags LDFLAGS=$mx_libev_ldflags LIBS=$mx_libev_libs])
	rm -f conftest.a
	AS_IF([test $mx_libev = static],
		[AC_MSG_RESULT([$mx_libev_a])
		 AC_DEFINE([MX_LIBEV_STATIC], [1], [libev is linked in, hidden])],
		[AC_MSG_RESULT([no])
		 AC_CHECK_LIB([ev], [ev_loop_new], [mx_libev=shared],
			[AC_MSG_ERROR([libev is missing: install it (Debian: libev-dev)])])
		 AC_MSG_WARN([libev.a does not link into a shared object; using -lev, which a program that brings its own libev may clash with])])
	MX_LIBEV_A=$mx_libev_a
	AC_SUBST([MX_LIBEV_A])
	AS_IF([test $mx_libev = static],
		# libm in one word with it: libtool would put it before, where
		# a linker that is told --as-needed (Debian 14, Ubuntu) drops it.
		[LIBEV_LIBS="-Wl,libmxev.a,-lm"],
		[LIBEV_LIBS="-Wl,--as-needed -lev"])
	AC_SUBST([LIBEV_LIBS])
	AM_CONDITIONAL([MX_LIBEV_STATIC], [test $mx_libev = static])
])
