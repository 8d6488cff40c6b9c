#!/bin/bash
# build-kernel.sh [main|plain|debug]... - build guest kernels (default: main)
#
#   main   XSC as a module, hooks built in      build/kernel-main
#   plain  the same source with CONFIG_XSC=n    build/kernel-plain
#   debug  main with KASAN, lockdep, kmemleak   build/kernel-debug
#
# Options:
#   --source   only bring build/linux up to date (unpack, overlay, patches)
#   --config   also configure, and check that each symbol came out as asked
#   --source-dir  print where the patched source lies, and stop
#
# build/linux is Debian's linux-source-6.1 with the files below kernel/ laid
# over it and kernel/patches applied.  It is generated: edit kernel/ instead.
# Modules go to build/modules-VARIANT/lib/modules/RELEASE.
. "$(dirname "$0")/lib.sh"

SRC_TAR=/usr/src/linux-source-6.1.tar.xz
LINUX=$XSC_BUILD/linux
KERNEL=$XSC_TOP/kernel
VARIANTS=
STOP=

for arg; do
	case $arg in
	main | plain | debug) VARIANTS+=" $arg" ;;
	--source | --config) STOP=${arg#--} ;;
	--source-dir) echo "$LINUX"; exit 0 ;;
	-h | --help) sed -n '2,15s/^# \{0,1\}//p' "$0"; exit 0 ;;
	*) die "unknown argument: $arg (see --help)" ;;
	esac
done
VARIANTS=${VARIANTS:-main}

"$XSC_TOP/tools/setup.sh" build || exit
take_lock kernel

# Nothing of the builder shows in the kernel, so that ccache serves any checkout.
export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' KBUILD_BUILD_USER=xsc KBUILD_BUILD_HOST=xsc
export KCONFIG_NOTIMESTAMP=1 CCACHE_BASEDIR=$XSC_TOP CCACHE_NOHASHDIR=1
# kbuild lists each file's headers anyway: spares ccache a fifth of the work of a miss
export CCACHE_DEPEND=1
# What QEMU loads, as obj/xsc-kernel: vmlinux by its PVH entry, the fastest way; but
# that runs C code before KASAN has a shadow, so the debug kernel comes as a bzImage.
declare -A IMAGE=([main]=vmlinux [plain]=vmlinux [debug]=arch/x86/boot/bzImage)
CC=gcc
command -v ccache >/dev/null && CC="ccache gcc"

# --- source -----------------------------------------------------------------

# The drivers' biggest header folder is for one graphics card.
unpack() {
	local want
	[ -r $SRC_TAR ] || die "$SRC_TAR is missing: apt-get install linux-source-6.1"
	want=$(stat -c '%s %Y' $SRC_TAR)
	if [ -e "$LINUX/.xsc-dirty" ]; then
		say "the last run was cut short while it patched: unpacking again"
		rm -f "$LINUX/.xsc-unpacked"
	fi
	[ "$(cat "$LINUX/.xsc-unpacked" 2>/dev/null)" = "$want" ] && return
	say "unpacking $SRC_TAR"
	# objects stay: make looks at the times of the sources
	mkdir -p "$LINUX" || exit
	find "$LINUX" -mindepth 1 -maxdepth 1 ! -name 'obj-*' -exec rm -rf {} +
	# tar keeps the archive's times; what a patch or the overlay touches later is newer
	xz -T0 -dc $SRC_TAR | tar -C "$LINUX" -x --strip-components=1 --no-same-owner \
		--exclude='*/drivers/gpu/drm/amd/include' || die "cannot unpack $SRC_TAR"
	[ -e "$LINUX/Makefile" ] || die "$SRC_TAR holds no kernel"
	echo "$want" >"$LINUX/.xsc-unpacked"
}

# lay kernel/* but patches and config over the tree; unchanged files keep their times
overlay() {
	local new=$LINUX/.xsc-overlay.new old=$LINUX/.xsc-overlay f
	(cd "$KERNEL" && find . -path ./patches -prune -o -path ./config -prune -o -type f \
		! -name '*~' ! -name '.*.sw?' -printf '%P\n' | sort) >"$new"
	if [ -e "$old" ]; then
		comm -23 "$old" "$new" | while IFS= read -r f; do
			rm -f "${LINUX:?}/$f"
		done
	fi
	rsync -r --checksum --files-from="$new" "$KERNEL/" "$LINUX/" || die "cannot lay kernel/ over build/linux"
	mv "$new" "$old"
}

# files that the patches named on stdin touch
patched_files() {
	xargs -r sed -n 's,^+++ [^/]*/\([^[:space:]]*\).*,\1,p; s,^--- [^/]*/\([^[:space:]]*\).*,\1,p' |
		grep -v '^dev/null$' | sort -u
}

# apply kernel/patches/series with quilt, again only if a patch changed; files that
# come out the same keep their times
patches() {
	local series=$KERNEL/patches/series stamp=$LINUX/.xsc-patched keep=$LINUX/.xsc-keep
	local list=() want=none p f log=$XSC_LOG/patch.log
	if [ -e "$series" ]; then
		while read -r p _; do
			case $p in '' | '#'*) continue ;; esac
			list+=("$KERNEL/patches/$p")
		done <"$series"
	fi
	[ ${#list[@]} -eq 0 ] || want=$(cd "$KERNEL/patches" && hash_of series "${list[@]#"$KERNEL/patches/"}")
	[ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && return

	# remember content and time of everything that the old or the new series touches
	rm -rf "$keep"
	mkdir -p "$keep"
	{
		[ -e "$LINUX/.xsc-files" ] && cat "$LINUX/.xsc-files"
		printf '%s\n' "${list[@]}" | patched_files
	} | sort -u | while IFS= read -r f; do
		[ -f "$LINUX/$f" ] && (cd "$LINUX" && cp -p --parents -- "$f" "$keep/")
	done

	: >"$LINUX/.xsc-dirty"
	rm -f "$stamp"
	export QUILT_PATCHES=$KERNEL/patches QUILT_PC=.pc QUILT_NO_DIFF_TIMESTAMPS=1
	(
		cd "$LINUX" || exit
		if [ -s .pc/applied-patches ]; then
			quilt --quiltrc - pop -afq || exit
		fi
		rm -rf .pc
		[ ${#list[@]} -eq 0 ] || quilt --quiltrc - push -aq
	) >"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		die "the patches do not apply - read build/log/patch.log"
	}
	printf '%s\n' "${list[@]}" | patched_files >"$LINUX/.xsc-files"
	(cd "$keep" && find . -type f -printf '%P\n') | while IFS= read -r f; do
		cmp -s "$keep/$f" "$LINUX/$f" && touch -r "$keep/$f" "$LINUX/$f"
	done
	# quilt gives a file that it restored the time of its back-up: too old for make
	(cd "$keep" && find . -type f -printf '%P\n') | while IFS= read -r f; do
		[ -f "$LINUX/$f" ] && ! cmp -s "$keep/$f" "$LINUX/$f" && touch "$LINUX/$f"
	done
	rm -rf "$keep" "$LINUX/.xsc-dirty"
	echo "$want" >"$stamp"
	[ ${#list[@]} -eq 0 ] || say "applied ${#list[@]} patches"
}

# --- configuration ----------------------------------------------------------

# symbols that need not exist until the series brings them
is_optional() {
	[[ $1 == CONFIG_XSC* ]] && ! grep -qs 'drivers/xsc/Kconfig' "$LINUX/drivers/Kconfig"
}

# configure VARIANT OBJ - all symbols not named in a fragment are off
configure() {
	local variant=$1 obj=$2 frags want sym val got bad=0
	frags=("$KERNEL/config/base.config" "$KERNEL/config/x86_64.config" "$KERNEL/config/xsc.config")
	[ "$variant" = main ] || frags+=("$KERNEL/config/$variant.config")
	mkdir -p "$obj"
	# what the configuration hangs on: the fragments, the compiler, every Kconfig of ours
	want=$({
		cat "${frags[@]}"
		gcc --version
		cat "$LINUX/.xsc-patched"
		[ ! -e "$LINUX/drivers/xsc/Kconfig" ] || cat "$LINUX/drivers/xsc/Kconfig"
	} | sha256sum)
	[ "$(cat "$obj/.xsc-config" 2>/dev/null)" = "$want" ] && [ -e "$obj/.config" ] && return
	# the last word on a symbol counts
	{
		echo "CONFIG_LOCALVERSION=\"-xsc$([ "$variant" = main ] || echo "-$variant")\""
		cat "${frags[@]}"
	} | awk -F= '/^CONFIG_/ { if (!($1 in v)) o[++n] = $1; v[$1] = substr($0, length($1) + 2) }
		END { for (i = 1; i <= n; i++) print o[i] "=" v[o[i]] }' >"$obj/xsc-wanted"
	rm -f "$obj/.xsc-config"
	cp "$obj/xsc-wanted" "$obj/xsc-seed"
	make -C "$LINUX" O="$obj" CC="$CC" KCONFIG_ALLCONFIG="$obj/xsc-seed" allnoconfig \
		>"$XSC_LOG/config-$variant.log" 2>&1 || {
		tail -n 10 "$XSC_LOG/config-$variant.log" >&2
		die "cannot configure - read build/log/config-$variant.log"
	}
	while IFS='=' read -r sym val; do
		got=$(sed -n "s/^$sym=//p" "$obj/.config")
		[ "${got:-n}" = "$val" ] && continue
		is_optional "$sym" && continue
		say "$variant: asked for $sym=$val, got ${got:-n}"
		bad=1
	done <"$obj/xsc-wanted"
	[ $bad = 0 ] || die "kernel/config: the symbols above did not come out as asked"
	echo "$want" >"$obj/.xsc-config"
}

# --- build ------------------------------------------------------------------

# translation units in a whole build, for the percentage
declare -A UNITS=([main]=1480 [plain]=1460 [debug]=1500)

build() {
	# The objects lie right below the source, since only then kbuild uses relative
	# paths, and the compiler cache serves checkouts in other places.
	local variant=$1 obj=$LINUX/obj-$1 mods=$XSC_BUILD/modules-$1 image=${IMAGE[$1]} release want
	configure "$variant" "$obj"
	ln -sfnT "linux/obj-$variant" "$XSC_BUILD/kernel-$variant"
	[ "$STOP" = config ] && return
	# make itself takes seconds to see that there is nothing to do
	want=$({ echo "$image" && cat "$LINUX"/.xsc-{unpacked,patched} "$obj/.xsc-config" && cd "$LINUX" && xargs -r sha256sum <.xsc-overlay; } | sha256sum)
	[ "$(cat "$obj/.xsc-built" 2>/dev/null)" = "$want" ] && [ -e "$obj/xsc-kernel" ] && return
	rm -f "$obj/.xsc-built"
	run_logged "kernel-$variant" "${UNITS[$variant]}" '^  (CC|AS|LD)( \[M\])?  ' \
		make -C "$LINUX" O="$obj" CC="$CC" -j"$XSC_JOBS" "${image##*/}" modules || exit
	release=$(cat "$obj/include/config/kernel.release")
	if [ "$obj/$image" -nt "$obj/xsc-kernel" ]; then
		case $image in
		vmlinux) strip -s -o "$obj/xsc-kernel.tmp" "$obj/vmlinux" ;;
		*) cp "$obj/$image" "$obj/xsc-kernel.tmp" ;;
		esac && mv "$obj/xsc-kernel.tmp" "$obj/xsc-kernel"
	fi
	modules_install "$obj" "$mods" "$release"
	echo "$want" >"$obj/.xsc-built"
}

# modules_install OBJ DIR RELEASE - only when a module changed
modules_install() {
	local obj=$1 mods=$2 release=$3 want
	want=$(cd "$obj" && { echo "$release"; sed 's/\.o$/.ko/' modules.order | xargs -r sha256sum; } 2>/dev/null | sha256sum)
	[ "$(cat "$mods/.stamp" 2>/dev/null)" = "$want" ] && return
	rm -rf "$mods"
	make -C "$LINUX" O="$obj" CC="$CC" INSTALL_MOD_PATH="$mods" INSTALL_MOD_STRIP=1 modules_install \
		>"$XSC_LOG/modules-$(basename "$mods").log" 2>&1 || die "modules_install failed - read build/log/modules-$(basename "$mods").log"
	rm -f "$mods/lib/modules/$release/"{build,source}
	echo "$want" >"$mods/.stamp"
}

unpack
overlay
patches
[ "$STOP" = source ] && exit 0
for v in $VARIANTS; do
	build "$v"
done
