#!/bin/bash
# build-image.sh [--layer | --apps] - build the guest's root file system
#
# build/guest.ext4   Debian 12 minbase plus the programs that the tests use.  Built
#                    once; every VM reads it and keeps its writes to itself.
# build/layer.ext4   what is ours: glibc helper (build/xsc-prefix), tools
#                    (build/tools-stage), kernel modules (build/modules-*).  Built
#                    again in a second when one of these changed; init lays it
#                    over the root at boot.
# build/guest.initrd  the first process, tools/guest/init.c
# With --layer only the latter two; xsc-vm does that at each start.
# With --apps build/guest-apps.ext4 instead of guest.ext4: the same and the servers that
# tests/apps/servers tries.  ./xsc-vm --image apps takes it.
#
# Packages come from where this machine's apt gets them; they and the package
# lists are kept in build/cache, so that a second build downloads nothing.
. "$(dirname "$0")/lib.sh"

SUITE=bookworm
SIZE=3G
ROOT=$XSC_BUILD/guest-root
IMAGE=$XSC_BUILD/guest.ext4
LAYER=$XSC_BUILD/layer.ext4
CACHE=$XSC_BUILD/cache

PACKAGES="
	coreutils grep sed gawk findutils diffutils tar gzip bzip2 xz-utils zstd bash dash less file bc
	sqlite3 python3 perl git openssl ca-certificates
	strace ltrace gdb busybox procps psmisc util-linux kmod iproute2 iputils-ping netcat-openbsd
	auditd trace-cmd bpftrace linux-perf
	libcap2-bin libseccomp2 liburing2 libzydis4.0 acl attr
	gcc g++ libc6-dev make"

APPS="
	redis-server redis-tools nginx-light apache2-utils wrk memcached openssh-server openssh-client
	rsync tmux curl fio"

name=''
case ${1-} in
-h | --help) sed -n '2,18s/^# \{0,1\}//p' "$0"; exit 0 ;;
'' | --layer) ;;
--apps)
	name=-apps
	ROOT=$XSC_BUILD/guest-apps-root
	IMAGE=$XSC_BUILD/guest-apps.ext4
	PACKAGES+=$APPS
	;;
*) die "unknown argument: $1 (see --help)" ;;
esac

export SOURCE_DATE_EPOCH=0

# mkfs IMAGE SIZE DIR - a sparse ext4 file of what DIR holds.  No journal: a VM's
# writes are gone with it anyway.
mkfs() {
	rm -f "$1.tmp"
	mke2fs -q -t ext4 -b 4096 -O ^has_journal,^resize_inode -E lazy_itable_init=0,root_owner=0:0 -m 0 \
		-L "$(basename "$1" .ext4)" -U 00000000-0000-4000-8000-000000000000 \
		-d "$3" "$1.tmp" "$2" >/dev/null || return
	mv "$1.tmp" "$1"
}

# --- initrd -----------------------------------------------------------------

# build/guest.initrd: the first process, and a console for it
build_initrd() {
	local src=$XSC_TOP/tools/guest/init.c out=$XSC_BUILD/guest.initrd bin=$XSC_BUILD/guest-init
	[ "$out" -nt "$src" ] && return
	gcc -O2 -Wall -Wextra -static -s -o "$bin" "$src" || die "cannot compile tools/guest/init.c"
	python3 - "$bin" "$out.tmp" <<'EOF' || die "cannot write guest.initrd"
import sys

def entry(ino, name, mode, data=b"", rdev=(0, 0)):
    name = name.encode() + b"\0"
    head = b"070701" + b"".join(b"%08X" % n for n in (
        ino, mode, 0, 0, 1, 0, len(data), 0, 0, *rdev, len(name), 0))
    out = head + name
    out += b"\0" * (-len(out) % 4) + data
    return out + b"\0" * (-len(out) % 4)

with open(sys.argv[1], "rb") as f:
    init = f.read()
with open(sys.argv[2], "wb") as f:
    f.write(entry(1, "dev", 0o40755) + entry(2, "dev/console", 0o20600, rdev=(5, 1)) +
            entry(3, "init", 0o100755, init) + entry(0, "TRAILER!!!", 0))
EOF
	mv "$out.tmp" "$out"
}

# --- layer ------------------------------------------------------------------

layer_parts() {
	local d
	for d in "$XSC_BUILD/xsc-prefix" "$XSC_BUILD/tools-stage" "$XSC_BUILD"/modules-*; do
		[ -d "$d" ] && echo "$d"
	done
}

build_layer() {
	local want tree=$XSC_BUILD/layer.tree d kb
	take_lock layer
	build_initrd
	# shellcheck disable=SC2046
	want=$({ [ -n "$(layer_parts)" ] && find $(layer_parts) -printf '%p %y %s %T@ %m %l\n'; } | sort | sha256sum)
	[ -e "$LAYER" ] && [ "$(cat "$XSC_BUILD/.layer-stamp" 2>/dev/null)" = "$want" ] && return
	rm -rf "$tree" "$XSC_BUILD/.layer-stamp"
	mkdir -p "$tree/lib/modules" "$tree/usr/lib/xsc"
	for d in $(layer_parts); do
		cp -a "$d/." "$tree/" || die "cannot gather the layer from $d"
		rm -f "$tree/.stamp"
	done
	chown -hR 0:0 "$tree"
	kb=$(($(du -sk --apparent-size "$tree" | cut -f1) * 5 / 4 + $(find "$tree" | wc -l) * 4 + 8192))
	mkfs "$LAYER" "${kb}k" "$tree" || die "mke2fs failed for $LAYER"
	rm -rf "$tree"
	echo "$want" >"$XSC_BUILD/.layer-stamp"
	say "layer.ext4: $((kb / 1024)) MiB"
}

if [ "${1-}" = --layer ]; then
	build_layer
	exit
fi

# --- base -------------------------------------------------------------------

in_root() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
		${http_proxy+http_proxy="$http_proxy"} ${https_proxy+https_proxy="$https_proxy"} chroot "$ROOT" "$@"
}

install_packages() {
	local archives=$ROOT/var/cache/apt/archives rc
	# nothing starts in the chroot, nothing waits for the disk
	printf '#!/bin/sh\nexit 101\n' >"$ROOT/usr/sbin/policy-rc.d"
	chmod +x "$ROOT/usr/sbin/policy-rc.d"
	echo force-unsafe-io >"$ROOT/etc/dpkg/dpkg.cfg.d/xsc"
	printf 'path-exclude=/usr/share/%s\n' 'locale/*' 'doc/*' 'info/*' 'man/*' 'lintian/*' >>"$ROOT/etc/dpkg/dpkg.cfg.d/xsc"
	apt_sources "$SUITE" | sed 's/^/deb /' >"$ROOT/etc/apt/sources.list"
	apt-config dump Acquire | grep -i proxy >"$ROOT/etc/apt/apt.conf.d/90xsc-proxy"
	cp -L /etc/resolv.conf "$ROOT/etc/resolv.conf"
	cp -al "$CACHE/debs/." "$archives/" 2>/dev/null || cp -a "$CACHE/debs/." "$archives/"
	if [ -e "$CACHE/lists/.complete" ]; then
		cp -a "$CACHE/lists/." "$ROOT/var/lib/apt/lists/"
	else
		in_root apt-get -q update || return
		cp -a "$ROOT/var/lib/apt/lists/." "$CACHE/lists/"
		: >"$CACHE/lists/.complete"
	fi
	mount -t proc proc "$ROOT/proc" 2>/dev/null
	# shellcheck disable=SC2086
	in_root apt-get -q -y --no-install-recommends install $PACKAGES
	rc=$?
	umount "$ROOT/proc" 2>/dev/null
	# keep what came down, also of an installation that broke off
	find "$archives" -maxdepth 1 -name '*.deb' -links 1 -exec cp -an -t "$CACHE/debs" {} +
	if [ $rc -ne 0 ]; then
		# lists that name packages which are gone would fail for ever
		rm -f "$CACHE/lists/.complete"
	fi
	return $rc
}

# what makes it a guest: no log-in, no services; init is ours (tools/guest/init.c)
finish_root() {
	rm -f "$ROOT/usr/sbin/policy-rc.d" "$ROOT/etc/apt/apt.conf.d/90xsc-proxy" "$ROOT/etc/resolv.conf"
	rm -rf "$ROOT"/var/cache/apt/* "$ROOT"/var/lib/apt/lists/* "$ROOT"/var/log/*.log "$ROOT"/tmp/* \
		"$ROOT"/usr/share/{doc,man,info,locale,lintian}/*
	: >"$ROOT/etc/apt/sources.list"
	echo xsc-guest >"$ROOT/etc/hostname"
	printf '127.0.0.1\tlocalhost xsc-guest\n' >"$ROOT/etc/hosts"
	: >"$ROOT/etc/fstab"
	: >"$ROOT/etc/machine-id"
	mkdir -p "$ROOT/var/log/audit" "$ROOT/sys/fs/cgroup" "$ROOT/usr/lib/xsc" "$ROOT/lib/modules"
	ln -sfn /proc/self/mounts "$ROOT/etc/mtab"
}

"$XSC_TOP/tools/setup.sh" image || exit
take_lock image
STAMP=$XSC_BUILD/.image$name-stamp
mkdir -p "$CACHE/debs" "$CACHE/lists"
# shellcheck disable=SC2086
packages=$(printf '%s ' $SUITE $PACKAGES)
stamp=$({ echo "$packages $SIZE" && declare -f mkfs install_packages finish_root; } | sha256sum)
if [ -e "$IMAGE" ] && [ "$(cat "$STAMP" 2>/dev/null)" = "$stamp" ]; then
	build_layer
	exit
fi
[ "$(id -u)" = 0 ] || die "debootstrap needs root"

if [ -z "$(apt_sources "$SUITE")" ]; then
	say "refreshing the package lists"
	run_logged apt-update 0 '' apt-get update || exit
fi
# without one debootstrap takes its own default
mirror=$(apt_sources "$SUITE" | awk -v suite="$SUITE" '$2 == suite { print $1; exit }')

# an installation that broke off goes on; another list of packages starts anew
if [ -e "$ROOT/.xsc-packages" ] && [ "$(cat "$ROOT/.xsc-packages")" != "$packages" ]; then
	rm -f "$ROOT/.xsc-minbase"
fi
if [ ! -e "$ROOT/.xsc-minbase" ]; then
	mountpoint -q "$ROOT/proc" && umount "$ROOT/proc"
	rm -rf "$ROOT"
	minbase=$CACHE/minbase-$SUITE.tar.gz
	if [ -e "$minbase" ]; then
		mkdir "$ROOT"
		tar -C "$ROOT" -xzf "$minbase" --numeric-owner || die "cannot unpack $minbase: remove it and try again"
	else
		# shellcheck disable=SC2086
		run_logged image-debootstrap 290 '^I: (Retrieving|Validating|Extracting|Unpacking|Configuring) ' \
			debootstrap --variant=minbase --cache-dir="$CACHE/debs" --merged-usr "$SUITE" "$ROOT" $mirror || exit
		rm -rf "$ROOT"/var/cache/apt/archives/*.deb "$ROOT"/var/lib/apt/lists/*_*
		tar -C "$ROOT" --numeric-owner -cf - . | gzip -1 >"$minbase.tmp" && mv "$minbase.tmp" "$minbase"
	fi
	: >"$ROOT/.xsc-minbase"
fi

if [ ! -e "$ROOT/.xsc-packages" ]; then
	run_logged "image$name-packages" 0 '^(Get:|Selecting |Unpacking |Setting up )' install_packages || exit
	echo "$packages" >"$ROOT/.xsc-packages"
fi

finish_root

say "writing ${IMAGE##*/} ($(du -sm --apparent-size "$ROOT" | cut -f1) MiB)"
mkfs "$IMAGE" $SIZE "$ROOT" || die "mke2fs failed for $IMAGE"
echo "$stamp" >"$STAMP"
build_layer
