# gcc.sh - gcc compiles, assembles and links a C file of more than 10,000 lines, and the result runs
. "$APPS/tap.bash"
. "$APPS/servers/both.bash"

both gcc 900 <<'END'
awk 'BEGIN {
	print "#include <stdio.h>"
	print "#include <string.h>"
	for (i = 0; i < 1200; i++) {
		printf "static unsigned long f%d(unsigned long x)\n{\n\tunsigned long s = %d;\n\n", i, i
		printf "\tfor (int i = 0; i < %d; i++) {\n\t\ts = s * 31 + (x ^ i);\n\t\ts ^= s >> %d;\n\t}\n", i % 7 + 2, i % 13 + 1
		if (i) printf "\treturn s + f%d(s & 0xff);\n}\n\n", i - 1; else print "\treturn s;\n}\n"
	}
	print "int main(void)\n{\n\tfor (int i = 0; i < 50; i++)\n\t\tprintf(\"%lu\\n\", f1199(i));\n\treturn 0;\n}"
}' >big.c
wc -l <big.c
gcc -O1 -pipe -o big big.c
sha256sum <big
./big | sha256sum
gcc -O0 -c -o big.o big.c && ar rc libbig.a big.o && nm libbig.a | wc -l
objdump -d big | sha256sum
END
done_testing
