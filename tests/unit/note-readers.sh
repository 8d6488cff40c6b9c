# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# note-readers.sh - the usual readers and writers of ELF files cope with a stamp
# shellcheck source=tests/unit/tap.sh
. "$UNIT/tap.sh"

cp /bin/ls stamped && xsc-note stamp -q stamped

same_output() { # CMD FILE OTHER - CMD says of both the same, but for the name
	$1 "$2" 2>&1 | sed "s#$2#X#g" >a
	$1 "$3" 2>&1 | sed "s#$3#X#g" >b
	cmp a b
}
have() { # NAME TOOL
	command -v "$2" >/dev/null && return
	skip "$1" "$2 is not installed"
	return 1
}

if have "readelf -n" readelf; then
	ok "readelf -n: as before" same_output "readelf -n" /bin/ls stamped
	ok "readelf -S: as before" same_output "readelf -SW" /bin/ls stamped
fi
if have "eu-readelf -n" eu-readelf; then
	ok "eu-readelf -n: as before" same_output "eu-readelf -n" /bin/ls stamped
fi
if have "file: build ID" file; then
	ok "file: as before" same_output "file" /bin/ls stamped
fi
if have gdb gdb; then
	ok "gdb: runs it" sh -c 'gdb -nx -batch -ex run --args ./stamped -d / 2>&1 | grep -q "exited normally"'
fi
if have strip strip; then
	strip stamped -o s1
	ok "strip: the result runs" ./s1 -d /
	ok "strip: it takes the stamp off" status 1 xsc-note verify s1
	ok "strip: the result can be stamped again" status 0 xsc-note stamp s1
	ok "strip: that runs" ./s1 -d /
fi
if have objcopy objcopy; then
	objcopy stamped s2
	ok "objcopy: the result runs" ./s2 -d /
fi
if have eu-strip eu-strip; then
	eu-strip -o s3 stamped
	ok "eu-strip: the result runs" ./s3 -d /
	ok "eu-strip: it takes the stamp off" status 1 xsc-note verify s3
fi
if have eu-elflint eu-elflint; then
	# It knows no notes but GNU's, and no segment whose file part is longer.
	eu-elflint --gnu-ld stamped >lint 2>&1
	ok "eu-elflint: the two complaints that we know, no other" \
		test "$(grep -v -e 'unknown object file note type 1 with owner name .XSC.' \
			-e 'file size greater than memory size' -e '^No errors' -e '^$' lint | wc -l)" -eq 0
fi
ok "ldd: as before" sh -c 'ldd ./stamped | grep -q libc.so.6'
tap_done
