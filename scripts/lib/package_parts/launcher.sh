#!/bin/sh
# Starts the command, unless this system's C library is older than what the command is linked with:
# the loader would only name a version that it did not find.
needs=@GLIBC@
refuse() {
  echo "needletail: this system has $1, and the command needs glibc $needs or later; use a newer system," \
    "or build the command here (scripts/package)" >&2
  exit 1
}
[ -e /lib64/ld-linux-x86-64.so.2 ] || refuse "no glibc for x86_64"
version=$(getconf GNU_LIBC_VERSION 2>/dev/null)
case $version in
  "glibc 2."*)
    minor=${version#glibc 2.}
    [ "${minor%%.*}" -ge "${needs#2.}" ] || refuse "$version"
    ;;
esac
self=$0
[ ! -h "$self" ] || self=$(readlink -f "$self")
exec "${self%/*}/../libexec/needletail" "$@"
