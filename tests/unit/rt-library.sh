#!/bin/sh
# SPDX-License-Identifier: MIT
#
# rt-library.sh - libxsc-rt as a library: symbols, soname, stamp, linking, man pages
n=0
failed=0
LIB=$TOOLS/lib/$(gcc -print-multiarch)

# ok NAME COMMAND...
ok() {
	name=$1
	shift
	n=$((n + 1))
	if "$@" >log 2>&1; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		sed 's/^/# /' log
		failed=1
	fi
}

so=$LIB/libxsc-rt.so.1
nm -D --defined-only "$so" | sed -n 's/.* [TDBRV] \(.*\)@@LIBXSC_RT_1.0/\1/p' | sort >have
sed -n 's/^\t\t\(xsc_.*\);/\1/p' "$TOP/libxsc/src/libxsc-rt.map" | sort >want
ok "it exports what its map says" cmp have want
sed -n 's/^[a-z].*[ *]\(xsc_[a-z_]*\)(.*/\1/p' "$TOP/libxsc/include/xsc/rt.h" | sort >declared
ok "and rt.h declares" cmp have declared
nm -D --defined-only "$so" | grep -v 'LIBXSC_RT_1.0' >other
ok "nothing else" test ! -s other
objdump -p "$so" >dump
ok "soname" grep -q 'SONAME.*libxsc-rt.so.1$' dump
ok "it is stamped" xsc-note verify "$so"
ok "it holds no system-call instruction" sh -c '! objdump -d "$0" | grep -qE "\b(syscall|sysenter|int +\$0x80)"' "$so"

# On a kernel with XSC a ring without entries is EINVAL.
cat >prog.c <<'END'
#include <xsc/rt.h>
#include <errno.h>
#include <stdio.h>

int main(void)
{
	struct xsc_ring ring;
	struct xsc_sqe sqe;
	struct xsc_cqe cqe;
	int ret;

	xsc_prep_nop(&sqe);
	xsc_sqe_set_data(&sqe, &ring);
	errno = 4711;
	ret = xsc_ring_queue_init(0, &ring);
	printf("%d, errno %d\n", ret, errno);
	if (errno != 4711 || (ret != -ENOSYS && ret != -EINVAL))
		return 1;
	xsc_call0(39);
	xsc_call6(39, 0, 0, 0, 0, 0, 0);
	xsc_batch(&sqe, &cqe, 1);
	printf("errno %d\n", errno);
	return errno != 4711;
}
END
cp prog.c prog.cc
sed 's/<xsc\/rt.h>/<xsc\/ring.h>/' prog.c >inline.c
flags="-Wall -Wextra -Wconversion -Wsign-conversion -Werror -I$TOOLS/include"
# shellcheck disable=SC2086
{
	ok "a C program links" gcc -std=gnu11 $flags -o prog prog.c -L"$LIB" -lxsc-rt
	ok "a C++ program links" g++ -std=c++11 $flags -o progcc prog.cc -L"$LIB" -lxsc-rt
	ok "a static program links" gcc $flags -static -o static prog.c -L"$LIB" -lxsc-rt
	ok "a program without the library" gcc $flags -o inline inline.c
	for std in c99 c11 c2x gnu99; do
		ok "in $std, with no feature macro" gcc -std=$std -O2 $flags -o "inline-$std" inline.c
		ok "and with the library" gcc -std=$std $flags -o prog prog.c -L"$LIB" -lxsc-rt
	done
	ok "C++ without the library" g++ -x c++ $flags -o inlinecc inline.c
}
ok "it needs the library by its soname" sh -c 'objdump -p prog | grep -q "NEEDED.*libxsc-rt.so.1$"'
ok "it runs: an error, no crash, and errno is not touched" env LD_LIBRARY_PATH="$LIB" ./prog
ok "the static one runs" ./static
ok "the one without the library runs" ./inline-c11

# A gate that keeps what it is given, and returns the number.
cat >gate.c <<'END'
#include <stdio.h>
#include <sys/auxv.h>

#ifdef __cplusplus
extern "C" {
#endif
extern char fake_gate[];
struct saw { long site, nr, arg[6]; } saw;
#ifdef __cplusplus
}
#endif

__asm__(".pushsection .text\n"
	".balign 16\n"
	"fake_gate:\n\t"
	"movq $0, saw(%rip)\n\t"
	"jmp 1f\n\t"
	".balign 16\n\t"
	"movq $16, saw(%rip)\n\t"
	"1: mov %rax, saw+8(%rip)\n\t"
	"mov %rdi, saw+16(%rip)\n\t"
	"mov %rsi, saw+24(%rip)\n\t"
	"mov %rdx, saw+32(%rip)\n\t"
	"mov %r10, saw+40(%rip)\n\t"
	"mov %r8, saw+48(%rip)\n\t"
	"mov %r9, saw+56(%rip)\n\t"
	"ret\n"
	".popsection\n");

#define getauxval(type)	((unsigned long)fake_gate)
#include <xsc/gate.h>

static int is(int n, long ret, long site, long nr, long a, long b, long c, long d, long e, long f)
{
	if (ret == nr && saw.site == site && saw.nr == nr && saw.arg[0] == a && saw.arg[1] == b && saw.arg[2] == c &&
	    saw.arg[3] == d && saw.arg[4] == e && saw.arg[5] == f)
		return 0;
	printf("with %d arguments: %ld, %ld(%ld, %ld, %ld, %ld, %ld, %ld)\n", n, ret, saw.nr, saw.arg[0], saw.arg[1],
	       saw.arg[2], saw.arg[3], saw.arg[4], saw.arg[5]);
	return 1;
}

int main(void)
{
	const char text[] = "text";
	int *p = NULL, wrong = 0;

	wrong += is(0, xsc_call(39), 0, 39, 0, 0, 0, 0, 0, 0);
	wrong += is(1, xsc_call(40, -1), 0, 40, -1, 0, 0, 0, 0, 0);
	wrong += is(2, xsc_call(41, 1, text), 0, 41, 1, (long)text, 0, 0, 0, 0);
	wrong += is(3, xsc_call(42, -100, NULL, 3u), 0, 42, -100, 0, 3, 0, 0, 0);
	wrong += is(4, xsc_call(43, 'a', 2, p, 4L), 0, 43, 'a', 2, 0, 4, 0, 0);
	wrong += is(5, xsc_call(44, 1, 2, 3, 4, &saw), 0, 44, 1, 2, 3, 4, (long)&saw, 0);
	wrong += is(6, xsc_call(45, 1, 2, 3, 4, 5, 1UL << 63), 0, 45, 1, 2, 3, 4, 5, (long)(1UL << 63));
	wrong += is(0, xsc_op(XSC_OP_NOP), 16, XSC_OP_NOP, 0, 0, 0, 0, 0, 0);
	wrong += is(6, xsc_op(XSC_OP_RING_ENTER, 1, 2, 3, 4, p, 6), 16, XSC_OP_RING_ENTER, 1, 2, 3, 4, 0, 6);
	return wrong;
}
END
pedantic="-Wall -Wextra -pedantic -Werror -I$TOOLS/include"
# shellcheck disable=SC2086
for std in c99 c11 gnu17 c++11 c++17 c++20; do
	case $std in c++*) cc="g++ -x c++" ;; *) cc=gcc ;; esac
	rm -f gate
	ok "$std: all headers" $cc -std=$std $pedantic -c -o inline.o inline.c
	ok "$std: xsc_call(), xsc_op()" $cc -std=$std -O2 $pedantic -o gate gate.c
	ok "$std: they hand over up to six arguments" ./gate
done
if command -v pkg-config >/dev/null; then
	ok "pkg-config finds it" env PKG_CONFIG_PATH="$LIB/pkgconfig" pkg-config --exists libxsc-rt xsc
else
	ok "its .pc file is there" test -s "$LIB/pkgconfig/libxsc-rt.pc"
fi

# What the headers have for their own use.  All else is public: it stands in the
# SYNOPSIS of a page, as the header has it.
cat >own <<'END'
xsc_gate_batch
xsc_gate_call3
xsc_gate_call4
xsc_gate_call6
xsc_ring_call_polled
xsc_ring_clock
xsc_ring_enter_ioctl
xsc_ring_ioctl
xsc_ring_left
xsc_ring_map
xsc_ring_meter_direct
xsc_ring_meter_init
xsc_ring_meter_lose
xsc_ring_meter_start
xsc_ring_meter_window
xsc_ring_open
xsc_ring_spin
xsc_ring_until
xsc_ring_wait_ended
END

# of a declaration the name, then the whole
named() {
	sed -n 's/^.*[ *]\(xsc_[a-z_0-9]*\)(.*)$/\1 &/p' | sort
}

# declarations, one on a line, in the text of a header with its #includes
declared() {
	printf '#include <xsc/%s>\n' "$1" | gcc -E -P -I"$TOOLS/include" -x c - | grep -v '^#' | tr '\n\t' '  ' |
		sed 's/__attribute__ *(([^)]*))//g; s/[{};]/&\n/g' | grep "$2" |
		sed 's/\(static\|inline\) *//g; s/^ *//; s/ *[{;]$//; s/  */ /g' | named
}

# the same of the SYNOPSIS of a page: in quotes is what has its spaces
synopsis() {
	sed -n '/^\.SH SYNOPSIS/,/^\.SH DESC/{ /^\.BI\? /!d; s/^\.BI\? //; /^"\?#/d; p }' "$1" | awk -F '"' '{
		for (i = 1; i <= NF; i++) {
			if (i % 2)
				gsub(/ /, "", $i)
			printf "%s", $i
		} }' | sed 's/[;}]/&\n/g' | sed 's/^ *//; s/ *[;{][ }]*$//; s/  */ /g'
}

for h in "$TOP"/libxsc/include/xsc/*.h; do
	declared "${h##*/}" '^ *static .*xsc_[a-z_0-9]*(.*) {$'
done | sort -u | grep -v -w -F -f own >functions
declared rt.h '^ *\(int\|long\|void\) xsc_ring_[a-z_]*([^()]*);$' >library
ok "what the library has is declared as what is inline" sh -c 'test -s library && test -z "$(comm -13 functions library)"'
for page in "$TOP"/libxsc/man/*.3; do
	synopsis "$page" | sed 's/^xsc_/ &/'
done >prototypes
cat "$TOP"/libxsc/include/xsc/*.h | sed -n 's/^#define \(xsc_[a-z_0-9]*\)(.*/\1/p' | sort -u >macros
named <prototypes | grep -v -w -F -f macros >described
ok "pages have all functions, as the headers do" diff functions described
named <prototypes | grep -w -F -f macros | cut -d ' ' -f 1 >described
ok "and all macros" diff macros described
cut -d ' ' -f 1 functions | sort - macros | while read -r f; do
	page=$TOOLS/share/man/man3/$f.3
	[ ! -e "$page" ] || page=$(sed -n 's/^\.so //p' "$page" | sed "s|^|$TOOLS/share/man/|" | grep . || echo "$page")
	sed -n '/^\.SH NAME/,/^\.SH SYN/p' "$page" 2>/dev/null | grep -q -w "$f" || echo "$f"
done >missing
ok "each has a page of its name: $(tr '\n' ' ' <missing)" test ! -s missing
echo "1..$n"
exit $failed
