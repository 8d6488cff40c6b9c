#!/bin/bash
# SPDX-License-Identifier: MIT
#
# build-glibc.sh - build the XSC C library and lay out what gets installed
#
# usage: tools/build-glibc.sh [BUILD_DIRECTORY]        (default: <repo>/build)
#
#   BUILD/glibc-src     sources: Debian's glibc, our series, our new files
#   BUILD/glibc         objects
#   BUILD/glibc-stage   "make install" with Debian's paths
#   BUILD/xsc-prefix    what to copy to / of the guest (/usr/lib/xsc/...)
#   BUILD/log/glibc.log all that the tools said
#
# Each phase leaves a stamp which names its input, so an interrupted run
# resumes, a changed patch is built, and a run with nothing to do does nothing.

set -euo pipefail
export LC_ALL=C
umask 022

repo=$(cd "$(dirname "$0")/.." && pwd)
case "${1-}" in
-h | --help) sed -n '3,/^$/s/^# \{0,1\}//p' "$0"; exit 0 ;;
-*) echo "build-glibc: unknown option $1; see --help" >&2; exit 2 ;;
esac
mkdir -p "${1:-$repo/build}"
build=$(cd "${1:-$repo/build}" && pwd)

version=2.36
debian=/usr/src/glibc
tarball=$debian/glibc-$version.tar.xz
host=x86_64-linux-gnu
prefix=/usr/lib/xsc
libdir=$prefix/lib/$host
overlay=$repo/glibc/sysdeps
uapi=$repo/kernel/drivers/xsc/xsc_uapi.h
xscdir=sysdeps/unix/sysv/linux/x86_64/64/xsc

src=$build/glibc-src obj=$build/glibc stage=$build/glibc-stage
out=$build/xsc-prefix stamps=$build/.stamps/glibc log=$build/log/glibc.log
jobs=$(nproc)
objects=7200		# about what a full build compiles, for the count

mkdir -p "$stamps" "$build/log"
start=$SECONDS
say() { printf 'glibc: %s\n' "$*"; }
die() { printf 'glibc: %s\n' "$*" >&2; exit 1; }

# A phase is current when its stamp holds the same key.
current() { [ -f "$stamps/$1" ] && [ "$(cat "$stamps/$1")" = "$2" ]; }
done_phase() { echo "$2" > "$stamps/$1"; }

# run NAME COMMAND...: COMMAND's output goes to the log; a failure names it.
run() {
	local name=$1 ret=0
	shift
	printf '\n=== %s: %s\n' "$name" "$*" >> "$log"
	"$@" >> "$log" 2>&1 || ret=$?
	if [ $ret -ne 0 ]; then
		tail -n 15 "$log" | sed 's/^/    /' >&2
		die "$name failed (status $ret) after $((SECONDS - start)) s; all of it is in $log"
	fi
}

# ---------------------------------------------------------------- sources ---

unpack() {
	local new=$src.new last f

	rm -rf "$new"
	mkdir "$new"
	tar -xf "$tarball" -C "$new" --strip-components=1

	# Debian's tarball is that of its patched sources.  Should it ever be
	# the pristine one, apply the series.
	last=$debian/debian/patches/$(grep -v '^ *\(#\|$\)' \
		"$debian/debian/patches/series" | tail -n 1)
	if ! patch -d "$new" -p1 -R --dry-run -sf < "$last"; then
		(cd "$new" && QUILT_PATCHES=$debian/debian/patches \
			quilt --quiltrc "$debian/debian/quiltrc" push -a)
		rm -rf "$new/.pc"
	fi

	(cd "$new" && QUILT_PATCHES=$repo/glibc/patches quilt --quiltrc - push -a)
	cp -R "$overlay/." "$new/sysdeps/"
	cp "$uapi" "$new/$xscdir/xsc_uapi.h"

	# configure is never made from configure.ac here.
	find "$new" -name '*.ac' -exec touch -r "$new/version.h" {} +

	# make goes by modification times.  A file that is what it was in the
	# last tree keeps its own.
	if [ -d "$src" ]; then
		find "$new" -name .pc -prune -o -type f -newer "$new/version.h" \
			-printf '%P\n' | while IFS= read -r f; do
			if cmp -s "$new/$f" "$src/$f"; then
				touch -r "$src/$f" "$new/$f"
			fi
		done
		rm -rf "$src"
	fi
	mv "$new" "$src"
}

# -------------------------------------------------------------- configure ---

# The kernel's headers and nothing else of /usr/include, as Debian does.
headers() {
	rm -rf "$build/glibc-headers"
	mkdir -p "$build/glibc-headers"
	ln -s /usr/include/linux /usr/include/asm-generic "$build/glibc-headers/"
	ln -s "/usr/include/$host/asm" "$build/glibc-headers/asm"
	touch "$build/glibc-headers/assert.h"	# configure asks for it
}

# Debian's options and paths (debian/rules, rules.d/build.mk, sysdeps/), as
# far as they matter to the ABI and to what the library looks for where.
#
# The kernel that builds need not be able to run the result, so this is a
# cross build.
configure() {
	local cc="$host-gcc-12 -Wl,--hash-style=both" cxx="$host-g++-12 -Wl,--hash-style=both"
	local ccache= map

	if type -p ccache > /dev/null; then
		ccache="ccache "
	fi
	map="-ffile-prefix-map=$src=glibc-$version -ffile-prefix-map=$obj=glibc-build"

	headers
	rm -rf "$obj"
	mkdir "$obj"
	cd "$obj"
	cat > configparms <<-EOF
	BUILD_CC = gcc-12
	BUILD_CXX = g++-12
	CFLAGS = -pipe -O2 -g1 $map
	ASFLAGS = -pipe -O2 -g1 $map
	BUILD_CFLAGS = -O2
	LDFLAGS =
	BASH := /bin/bash
	KSH := /bin/bash
	SHELL := /bin/bash
	LIBGD = no
	bindir = /usr/bin
	datadir = /usr/share
	complocaledir = /usr/lib/locale
	sysconfdir = /etc
	libexecdir = /usr/lib
	rootsbindir = /sbin
	includedir = /usr/include
	docdir = /usr/share/doc
	mandir = /usr/share/man
	sbindir = /usr/sbin
	vardbdir = /var/lib/misc
	libdir = /usr/lib/$host
	slibdir = /lib/$host
	rtlddir = /lib64
	install_root = $stage
	EOF

	CC="$ccache$cc" CXX="$ccache$cxx" AUTOCONF=false MAKEINFO=: \
	CPPFLAGS="-isystem $build/glibc-headers" \
	"$src/configure" \
		--host=$host --build=x86_64-cross-linux-gnu --prefix=/usr \
		--without-selinux --disable-crypt \
		--enable-stackguard-randomization --enable-stack-protector=strong \
		--with-headers="$build/glibc-headers" --enable-kernel=3.2 \
		--enable-multi-arch --disable-build-nscd --disable-werror \
		--with-pkgversion="Debian GLIBC XSC" \
		--with-bugurl="http://www.debian.org/Bugs/" \
		--enable-xsc --with-xsc-libdir=$libdir
}

# ---------------------------------------------------------- make, install ---

# make, with the number of objects compiled so far.
compile() {
	local pid ret=0 n first tick=0

	printf '\n=== make\n' >> "$log"
	first=$(wc -l < "$log")
	make -C "$obj" -j"$jobs" >> "$log" 2>&1 &
	pid=$!
	trap 'kill $pid 2> /dev/null' EXIT
	while kill -0 $pid 2> /dev/null; do
		sleep 1
		tick=$((tick + 1))
		if [ $((tick % 15)) -eq 0 ]; then
			n=$(tail -n "+$first" "$log" | grep -c -- ' -c ' || :)
			say "compiling: $n of about $objects objects, $((SECONDS - start)) s"
		fi
	done
	wait $pid || ret=$?
	trap - EXIT
	if [ $ret -ne 0 ]; then
		grep -n -E 'error:|Error [0-9]|undefined reference' "$log" |
			head -n 15 | sed 's/^/    /' >&2 || :
		die "make failed (status $ret) after $((SECONDS - start)) s; all of it is in $log"
	fi
}

install_stage() {
	rm -rf "$stage"
	make -C "$obj" -j"$jobs" install
}

# From Debian's paths to ours.
layout() {
	local new=$out.new lib f

	rm -rf "$new"
	lib=$new$libdir
	mkdir -p "$lib" "$new$prefix"/{lib64,bin,sbin,share/doc}

	cp -a "$stage/lib/$host/." "$lib/"
	# Objects and archives, and the names by which the linker finds libraries.
	find "$stage/usr/lib/$host" -maxdepth 1 -name '*.[ao]' -exec cp -a {} "$lib/" \;
	find "$stage/usr/lib/$host" -maxdepth 1 -name '*.so' -type l -print |
	while IFS= read -r f; do
		ln -s "$(basename "$(readlink "$f")")" "$lib/$(basename "$f")"
	done
	if [ -d "$stage/usr/lib/$host/audit" ]; then
		cp -a "$stage/usr/lib/$host/audit" "$lib/"
	fi
	ar rcs "$lib/libpthread_nonshared.a"	# as Debian, for old link lines

	# The linker looks for a bare name where the script is, so this also
	# works from the build directory.
	printf '%s\n' "/* GNU ld script */" "OUTPUT_FORMAT(elf64-x86-64)" \
		"GROUP ( libc.so.6 libc_nonshared.a AS_NEEDED ( ld-linux-x86-64.so.2 ) )" \
		> "$lib/libc.so"
	printf '%s\n' "/* GNU ld script */" "OUTPUT_FORMAT(elf64-x86-64)" \
		"GROUP ( libm.so.6 AS_NEEDED ( libmvec.so.1 ) )" > "$lib/libm.so"
	printf '%s\n' "/* GNU ld script */" "OUTPUT_FORMAT(elf64-x86-64)" \
		"GROUP ( libm-$version.a libmvec.a )" > "$lib/libm.a"

	# The loader: the file with the libraries, a link where the kernel looks.
	if [ ! -e "$lib/ld-linux-x86-64.so.2" ]; then
		cp -a "$stage/lib64/ld-linux-x86-64.so.2" "$lib/"
	fi
	ln -s "../lib/$host/ld-linux-x86-64.so.2" "$new$prefix/lib64/ld-linux-x86-64.so.2"

	cp -a "$stage"/usr/bin/. "$new$prefix/bin/"
	cp -a "$stage"/usr/sbin/. "$stage"/sbin/. "$new$prefix/sbin/"
	rm -f "$new$prefix/bin/ld.so"
	sed -i "s|^RTLDLIST=.*|RTLDLIST=\"$prefix/lib64/ld-linux-x86-64.so.2\"|" \
		"$new$prefix/bin/ldd"

	# The symbol table stays: xsc-scan and perf name functions by it.
	find "$new$prefix" -type f -print | while IFS= read -r f; do
		case "$(head -c 4 "$f" | tr -d '\0')" in
		$'\x7fELF' | '!<ar') strip --strip-debug -p "$f" ;;
		esac
	done

	rmdir --ignore-fail-on-non-empty -p "$new$prefix/share/doc"
	rm -rf "$out"
	mv "$new" "$out"
}

# What ld.so searches in our directory must be what we install there.
check_names() {
	local got want

	want=$(cd "$out$libdir" && printf '%s\n' *.so.[0-9]* libmemusage.so libpcprofile.so | sort)
	got=$(strings -n 5 "$out$libdir/ld-linux-x86-64.so.2" |
		grep -oE '(lib|ld-)[A-Za-z0-9_-]+\.so(\.[0-9]+)?$' | sort -u)
	if [ -n "$(comm -23 <(echo "$want") <(echo "$got"))" ]; then
		echo "installed, but not searched for in $libdir:"
		comm -23 <(echo "$want") <(echo "$got")
		return 1
	fi
}

# ------------------------------------------------------------------- main ---

for f in "$tarball" "$debian/debian/patches/series"; do
	[ -e "$f" ] || die "$f is missing: apt-get install glibc-source"
done

hash_of() { sha256sum | cut -c 1-32; }
key_src=$({ stat -c '%s %Y' "$tarball"
	cd "$repo/glibc"
	find patches sysdeps -type f -print0 | sort -z | xargs -0 sha256sum
	sha256sum < "$uapi"
	declare -f unpack; } | hash_of)
key_conf=$({ sha256sum < "$repo/glibc/patches/0001-configure-enable-xsc.patch"
	declare -f configure headers; echo "$build $prefix"
	$host-gcc-12 --version; } | hash_of)
key_make=$(echo "$key_src $key_conf" | hash_of)
key_out=$({ echo "$key_make"; declare -f layout install_stage check_names; } | hash_of)

if current layout "$key_out" && [ -d "$out" ]; then
	say "up to date"
	exit 0
fi
: > "$log"

if ! current src "$key_src"; then
	say "unpacking Debian's sources, applying $(grep -c '^[^#]' "$repo/glibc/patches/series") patches and new files"
	run "unpack" unpack
	done_phase src "$key_src"
fi
if ! current configure "$key_conf"; then
	say "configuring"
	run "configure" configure
	done_phase configure "$key_conf"
fi
if ! current make "$key_make"; then
	say "compiling with $jobs jobs"
	compile
	done_phase make "$key_make"
fi
say "installing to $stage"
run "install" install_stage
say "laying out $out"
run "layout" layout
run "check of the names ld.so searches for" check_names
done_phase layout "$key_out"
say "done in $((SECONDS - start)) s"
