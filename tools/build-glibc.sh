#!/bin/bash
# SPDX-License-Identifier: MIT
# build-glibc.sh - build the XSC C library and lay out what gets installed
#
# usage: tools/build-glibc.sh [--stock] [BUILD_DIRECTORY]   (default $XSC_BUILD, or build)
#
# With --stock the same sources without --enable-xsc, for tests to compare with:
# build/glibc-stock has the objects, build/glibc-stock-stage what they install.
# Without:
#
# build/glibc-src     sources: Debian's glibc, our series, our new files
# build/glibc         objects
# build/glibc-stage   "make install" with Debian's paths
# build/xsc-prefix    what to copy to / of the guest (/usr/lib/xsc/...)
# build/log/glibc*.log  all that the tools said, one file for each phase
#
# Each phase leaves a stamp that names its input, so an interrupted run resumes
# and a changed patch is built.  With nothing to do it does nothing, and says so.
set -euo pipefail
umask 022

phase='' kind=xsc
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) sed -n '3,/^set/s/^# \{0,1\}//p' "$0"; exit 0 ;;
	--stock) kind=stock; shift ;;
	--phase) phase=$2; shift 2 ;;		# of ourselves: see run below
	-*) echo "${0##*/}: unknown option: $1 (see --help)" >&2; exit 2 ;;
	*) break ;;
	esac
done
if [ -n "${1-}" ]; then
	mkdir -p "$1"
	XSC_BUILD=$(cd "$1" && pwd)
	export XSC_BUILD
fi
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/lib.sh"

export XSC_GLIBC_CFLAGS=${XSC_GLIBC_CFLAGS-}	# such as -g, to debug in build/glibc

version=2.36
debian=/usr/src/glibc
tarball=$debian/glibc-$version.tar.xz
host=x86_64-linux-gnu
prefix=/usr/lib/xsc
libdir=$prefix/lib/$host
series=$XSC_TOP/glibc/patches
overlay=$XSC_TOP/glibc/sysdeps
uapi=$XSC_TOP/kernel/drivers/xsc/xsc_uapi.h
xscdir=sysdeps/unix/sysv/linux/x86_64/64/xsc

src=$XSC_BUILD/glibc-src obj=$XSC_BUILD/glibc stage=$XSC_BUILD/glibc-stage
out=$XSC_BUILD/xsc-prefix stamps=$XSC_BUILD/glibc-stamps
objects=7800		# lines with -c in the log of a full build, about
name=glibc		# of stamps and logs
ours=(--with-pkgversion="Debian GLIBC XSC" --enable-xsc "--with-xsc-libdir=$libdir")
if [ $kind = stock ]; then
	obj=$XSC_BUILD/glibc-stock stage=$XSC_BUILD/glibc-stock-stage name=glibc-stock
	ours=(--with-pkgversion="Debian GLIBC stock")
fi

# Let ccache serve any checkout, and not run the preprocessor first.
export CCACHE_BASEDIR=$XSC_BUILD CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1

# What a library beside the stock one does not need: character sets, locales,
# time zones and documents are Debian's, and libsupport is for glibc's tests.
skip="iconvdata localedata timezone manual po conform support"

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

	(cd "$new" && QUILT_PATCHES=$series quilt --quiltrc - push -a)
	cp -R "$overlay/." "$new/sysdeps/"
	cp "$uapi" "$new/$xscdir/xsc_uapi.h"

	# configure is never made from configure.ac here.
	find "$new" -name '*.ac' -exec touch -r "$new/version.h" {} +

	# make goes by modification times.  A file that is what it was in the
	# last tree keeps its own.
	if [ -d "$src" ]; then
		find "$new" -name .pc -prune -o -type f -newer "$tarball" \
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
	rm -rf "$XSC_BUILD/glibc-headers"
	mkdir -p "$XSC_BUILD/glibc-headers"
	ln -s /usr/include/linux /usr/include/asm-generic "$XSC_BUILD/glibc-headers/"
	ln -s "/usr/include/$host/asm" "$XSC_BUILD/glibc-headers/asm"
	touch "$XSC_BUILD/glibc-headers/assert.h"	# configure asks for it
}

# Debian's options and paths (debian/rules, rules.d/build.mk, sysdeps/), as
# far as they matter to the ABI and to what the library looks for where.
#
# The kernel that builds need not be able to run the result, so this is a
# cross build.
configure() {
	local cc="$host-gcc-12 -Wl,--hash-style=both" cxx="$host-g++-12 -Wl,--hash-style=both"
	local ccache='' map

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
	CFLAGS = -pipe -O2 $XSC_GLIBC_CFLAGS $map
	ASFLAGS = -pipe -O2 $XSC_GLIBC_CFLAGS $map
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
	CPPFLAGS="-isystem $XSC_BUILD/glibc-headers" \
	"$src/configure" \
		--host=$host --build=x86_64-cross-linux-gnu --prefix=/usr \
		--without-selinux --disable-crypt \
		--enable-stackguard-randomization --enable-stack-protector=strong \
		--with-headers="$XSC_BUILD/glibc-headers" --enable-kernel=3.2 \
		--enable-multi-arch --disable-build-nscd --disable-werror \
		--with-bugurl="http://www.debian.org/Bugs/" "${ours[@]}"
}

# ------------------------------------------------- make, install, lay out ---

# make in the directories that we need
make_in() {
	local subdirs

	# Made anew, and with it what must name all directories before we name
	# some: else make may write that for ours, see that it is not all, and
	# write it again without end.
	rm -f "$obj/sysd-sorted"
	make -C "$obj" "$obj/sysd-sorted" &&
	subdirs=$(sed -n 's/^sorted-subdirs := //p' "$obj/sysd-sorted" |
		  tr ' ' '\n' | grep -vxF "$(tr ' ' '\n' <<< "$skip")" | tr '\n' ' ') &&
	make -C "$obj" -j"$XSC_JOBS" subdirs="$subdirs" "$@"
}

# "install" alone would do, but for libm.so, which wants mathvec made before it
compile() {
	make_in all
	rm -rf "$stage"
	make_in install
}

# What ld.so searches in our directory must be what we install there.
check_names() {
	local want got missing

	want=$(cd "$1" && printf '%s\n' *.so.[0-9]* libmemusage.so libpcprofile.so | sort)
	got=$(strings -n 5 "$1/ld-linux-x86-64.so.2" |
		grep -oE '(lib|ld-)[A-Za-z0-9_-]+\.so(\.[0-9]+)?$' | sort -u)
	missing=$(comm -23 <(echo "$want") <(echo "$got"))
	if [ -n "$missing" ]; then
		echo "installed, but not in the table of dl-sysdep-open.h: $missing"
		return 1
	fi
}

# From Debian's paths to ours.
layout() {
	local new=$out.new lib f

	rm -rf "$new"
	lib=$new$libdir
	mkdir -p "$lib" "$new$prefix"/{lib64,bin,sbin}

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

	check_names "$new$libdir"
	rm -rf "$out"
	mv "$new" "$out"
}

# ------------------------------------------------------------------- main ---

if [ -n "$phase" ]; then
	"$phase"
	exit
fi

# run PHASE KEY [COUNT PATTERN] - run a function of this script, unless it is
# done for KEY.  In a process of its own, where an error ends it.
run() {
	local phase=$1 key=$2 log=$name-$1 stamp=$stamps/$1 option=()
	if [ $kind = stock ]; then
		option=(--stock)
		[ "$phase" = unpack ] || stamp=$stamp-stock
	fi
	if [ "$(cat "$stamp" 2>/dev/null)" = "$key" ]; then
		return
	fi
	[ "$phase" != compile ] || log=$name
	rm -f "$stamp"
	run_logged "$log" "${3-0}" "${4-}" "$0" "${option[@]}" --phase "$phase" "$XSC_BUILD" || exit 1
	echo "$key" >"$stamp"
}

for f in "$tarball" "$debian/debian/patches/series"; do
	[ -e "$f" ] || die "$f is missing: apt-get install glibc-source"
done
take_lock glibc
[ $kind = xsc ] || take_lock glibc-stock
mkdir -p "$stamps"

key() { sha256sum | cut -c 1-16; }
mapfile -t files < <(find "$series" "$overlay" "$uapi" -type f ! -name '*~' | sort)
k_unpack=$({ stat -c '%s %Y' "$tarball"; hash_of "${files[@]}"; declare -f unpack; } | key)
k_options=$({ declare -f configure headers
	echo "$XSC_BUILD $XSC_GLIBC_CFLAGS ${ours[*]}"; $host-gcc-12 --version; } | key)
k_compile=$(echo "$k_unpack $k_options $skip" "$(declare -f compile)" | key)
k_layout=$(echo "$k_compile" "$(declare -f layout check_names)" | key)

if [ $kind = xsc ] && [ "$(cat "$stamps/layout" 2>/dev/null)" = "$k_layout" ] && [ -d "$out" ]; then
	say "up to date"
	exit 0
fi
run unpack "$k_unpack"
# A header of ours that is new may stand before another one, which make and
# ccache have on record as what objects depend on, and options of our Makefile
# are no dependency at all: then all is built anew.
if [ $kind = xsc ]; then
	(cd "$overlay" && find . -name '*.h' | sort) >"$stamps/headers"
	export CCACHE_EXTRAFILES=$stamps/headers
	k_options="$k_options $(cat "$stamps/headers" "$overlay/${xscdir#sysdeps/}/Makefile" | key)"
fi
run configure "$k_options $(hash_of "$src/configure" "$src/config.h.in")"
run compile "$k_compile" $objects ' -c '
[ $kind = xsc ] || exit 0
run layout "$k_layout"
say "$out is ready, after $SECONDS s"
