#!/bin/bash
# Pipes, subshells, process substitution, here-documents, background jobs, traps, globs.
set -euo pipefail
top=$1
trap 'rm -f fifo' EXIT
trap 'echo "a signal came"' USR1

count() {
	find "$1" -type f -name "$2" | wc -l
}

echo "headers: $(count "$top" '*.h'), sources: $(count "$top" '*.c')"
for d in "$top"/*/; do
	( cd "$d" && printf '%s %s\n' "$(find . -type f | wc -l)" "${PWD##*/}" )
done | sort -rn | while read -r n name; do
	printf '%-12s %6d files\n' "$name" "$n"
done

comm -12 <(ls "$top/arch/x86/include/asm" | sort) <(ls "$top/arch/arm64/include/asm" | sort) >both.txt
echo "on both architectures: $(wc -l <both.txt)"

mkfifo fifo
grep -rl 'GPL-2.0' "$top/mm" | sort >fifo &
mapfile -t gpl <fifo
wait
echo "GPL-2.0 below mm: ${#gpl[@]}"
kill -USR1 $$

total=0
for f in "$top"/mm/[a-h]*.c; do
	read -r lines _ < <(wc -l "$f")
	((total += lines)) || true
done
cat <<END
lines in them: $total
longest names: $(printf '%s\n' "$top"/mm/* | awk '{ print length($0), $0 }' | sort -rn | head -n 2 | cut -d' ' -f1 | tr '\n' ' ')
END
for i in 1 2 3; do sleep 0.01 & done
wait
exit 0
