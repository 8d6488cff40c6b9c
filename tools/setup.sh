#!/bin/bash
# setup.sh [GROUP...] - install the Debian packages that are missing, and no others
#
# GROUP is one of: build glibc tools image vm tests fuzz plot; all but fuzz and plot when none is
# named.
# A second run finds nothing missing and ends at once.
. "$(dirname "$0")/lib.sh"

declare -A PACKAGES=(
	[build]="build-essential bc bison flex libelf-dev libssl-dev kmod rsync quilt
		xz-utils python3 ccache linux-source-6.1"
	[glibc]="build-essential glibc-source gawk bison gettext python3 quilt xz-utils rsync ccache"
	[tools]="build-essential libzydis-dev"
	[image]="debootstrap e2fsprogs debian-archive-keyring build-essential libelf-dev"
	[vm]="qemu-system-x86 python3 kmod"
	[plot]="gnuplot-nox"
	[fuzz]="clang libclang-rt-14-dev"
	[tests]="spin gcc-12-multilib binutils liburing-dev libcap-dev shellcheck sparse perl"
)

case ${1-} in
-h | --help)
	sed -n '2,6s/^# \{0,1\}//p' "$0"
	exit 0
	;;
esac
[ $# -gt 0 ] || set -- build glibc tools image vm tests

want=
for group; do
	[ -n "${PACKAGES[$group]-}" ] || die "no such group: $group (there are: ${!PACKAGES[*]})"
	want+=" ${PACKAGES[$group]}"
done

# prints the packages of $want that are not installed
missing() {
	# shellcheck disable=SC2086
	dpkg-query -W -f '${Package} ${db:Status-Status}\n' $want 2>/dev/null |
		awk -v want="$want" '
			$2 == "installed" { have[$1] = 1 }
			END {
				n = split(want, w)
				for (i = 1; i <= n; i++)
					if (!(w[i] in have) && !seen[w[i]]++)
						printf "%s ", w[i]
			}'
}

miss=$(missing)
[ -n "$miss" ] || exit 0

[ "$(id -u)" = 0 ] || die "needs root to install: $miss"
# shellcheck disable=SC1091
[ "$(. /etc/os-release && echo "$ID-$VERSION_ID")" = debian-12 ] ||
	say "this is not Debian 12; going on, but only Debian 12 is tested"

install() {
	# an installation that was cut short
	[ -z "$(dpkg --audit)" ] || run_logged dpkg-configure 0 '' dpkg --configure -a || return
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive run_logged apt-install 0 '^(Unpacking|Setting up) ' \
		apt-get install -y --no-install-recommends $miss
}

take_lock apt
say "installing: $miss"
if [ -z "$(find /var/lib/apt/lists -maxdepth 1 -name '*_Packages*' 2>/dev/null)" ] || ! install; then
	say "refreshing the package lists"
	run_logged apt-update 0 '' apt-get update || exit
	install || exit
fi
miss=$(missing)
[ -z "$miss" ] || die "still missing after installation: $miss - read build/log/apt-install.log"
