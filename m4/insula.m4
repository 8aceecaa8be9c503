dnl SPDX-License-Identifier: Apache-2.0

dnl INS_ADD_FLAGS(VARIABLE, FLAGS) - add each compiler flag that the compiler takes. A flag that is
dnl unknown to clang is only a warning, hence -Werror.
AC_DEFUN([INS_ADD_FLAGS], [
	for ins_flag in m4_normalize([$2]); do
		AS_VAR_PUSHDEF([ins_cache], [ins_cv_cflag_$ins_flag])dnl
		AC_CACHE_CHECK([whether $CC takes $ins_flag], [ins_cache], [
			ins_saved=$CFLAGS
			CFLAGS="-Werror $ins_flag"
			AC_COMPILE_IFELSE([AC_LANG_SOURCE([int ins_symbol(void); int ins_symbol(void) { return 0; }])],
				[AS_VAR_SET([ins_cache], [yes])], [AS_VAR_SET([ins_cache], [no])])
			CFLAGS=$ins_saved
		])
		AS_VAR_IF([ins_cache], [yes], [AS_VAR_APPEND([$1], [" $ins_flag"])])
		AS_VAR_POPDEF([ins_cache])dnl
	done
])

dnl INS_ADD_LDFLAGS(VARIABLE, FLAGS) - the same for the linker.
AC_DEFUN([INS_ADD_LDFLAGS], [
	for ins_flag in m4_normalize([$2]); do
		AS_VAR_PUSHDEF([ins_cache], [ins_cv_ldflag_$ins_flag])dnl
		AC_CACHE_CHECK([whether $CC links with $ins_flag], [ins_cache], [
			ins_saved=$LDFLAGS
			LDFLAGS="$LDFLAGS $ins_flag"
			AC_LINK_IFELSE([AC_LANG_PROGRAM()],
				[AS_VAR_SET([ins_cache], [yes])], [AS_VAR_SET([ins_cache], [no])])
			LDFLAGS=$ins_saved
		])
		AS_VAR_IF([ins_cache], [yes], [AS_VAR_APPEND([$1], [" $ins_flag"])])
		AS_VAR_POPDEF([ins_cache])dnl
	done
])

dnl INS_REQUIRE_FLAGS(FLAGS) - stop if the compiler cannot build a program with them.
AC_DEFUN([INS_REQUIRE_FLAGS], [
	AC_MSG_CHECKING([whether $CC builds with $1])
	ins_saved=$CFLAGS
	CFLAGS="$CFLAGS $1"
	AC_LINK_IFELSE([AC_LANG_PROGRAM()], [AC_MSG_RESULT([yes])], [
		AC_MSG_RESULT([no])
		AC_MSG_ERROR([$CC cannot build with $1])])
	CFLAGS=$ins_saved
])

dnl INS_CHECK_FORTIFY - _FORTIFY_SOURCE, unless the caller's flags set it or do not optimize.
AC_DEFUN([INS_CHECK_FORTIFY], [
	AC_CACHE_CHECK([whether to set _FORTIFY_SOURCE], [ins_cv_fortify], [
		AC_COMPILE_IFELSE([AC_LANG_SOURCE([
#if defined(_FORTIFY_SOURCE) && _FORTIFY_SOURCE > 0
#error the flags set it
#elif !defined(__OPTIMIZE__)
#error it needs optimization
#endif
int ins_symbol;])], [ins_cv_fortify=yes], [ins_cv_fortify=no])
	])
	AS_IF([test "x$ins_cv_fortify" = xyes],
		[INS_CPPFLAGS="$INS_CPPFLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"])
])

dnl INS_CHECK_STATIC(VARIABLE, LIBS) - the flag with which a program is linked statically with all
dnl libraries: "-static-pie", "-static", or "no".
AC_DEFUN([INS_CHECK_STATIC], [
	AC_MSG_CHECKING([how to link statically])
	ins_saved_ld=$LDFLAGS
	ins_saved_cflags=$CFLAGS
	ins_saved_libs=$LIBS
	LIBS="$2 $LIBS"
	$1=no
	for ins_flag in -static-pie -static; do
		AS_IF([test $$1 = no], [
			LDFLAGS="$ins_saved_ld $ins_flag"
			CFLAGS="$ins_saved_cflags -fPIE"
			AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <jansson.h>
#include <seccomp.h>]], [[return json_object() != NULL && seccomp_version() != NULL;]])], [$1=$ins_flag])
		])
	done
	LDFLAGS=$ins_saved_ld
	CFLAGS=$ins_saved_cflags
	LIBS=$ins_saved_libs
	AC_MSG_RESULT([$$1])
])
