#!/bin/bash
# streams.sh - exit status, signals, binary data through the three streams, current directory
. "$(dirname "$0")/tap.bash"
plan 15

# one boot does many things at once: 1 MB each way, told apart
head -c 1048576 /dev/urandom >in.bin
"$VM" -- bash -c 'tee copy.bin; head -c 1000000 in.bin >&2; exit 7' \
	<in.bin >out.bin 2>err.bin
is "exit status" $? 7
ok "stdout: 1 MiB of binary data" cmp in.bin out.bin
head -c 1000000 in.bin >want.bin
ok "stderr: 1 MB of binary data, apart" cmp want.bin err.bin
ok "files in the current directory are shared" cmp in.bin copy.bin
is "owner of a file from the guest" "$(stat -c %u:%g copy.bin)" "$(id -u):$(id -g)"

out=$("$VM" -- sh -c 'pwd; echo $HOME; id -u; nproc; kill -9 $$' </dev/null 2>err.txt)
is "a signal's exit status" $? 137
is "current directory, HOME, user, CPUs" "$(echo $out)" "$WORK /root 0 2"
is "nothing on stderr" "$(cat err.txt)" ""

"$VM" -- no-such-command </dev/null 2>err.txt
is "command not found" $? 127
matches "which is said" err.txt 'no-such-command: No such file'

mkdir 'a folder, with "odd" name'
cd 'a folder, with "odd" name' || exit
out=$("$VM" --smp 1 --env FOO='a b' --env PATHETIC -- sh -c 'printf "%s\n" "$#:$1:$2" "$FOO" "$(pwd)" "$(nproc)"; cat; [ -t 0 ]' \
	sh 'x  y' '$z' <<<'here')
is "false is false" $? 1
is "arguments, environment, odd folder, one CPU, stdin" "$out" "2:x  y:\$z
a b
$PWD
1
here"
cd ..

# a command that does not read its input, and a reader that leaves early
yes | "$VM" -- true
is "input that nobody reads" "${PIPESTATUS[1]}" 0
"$VM" -- yes | head -n 1 >first
is "output that nobody reads" "$(cat first)" y

"$VM" -- sh -c 'sleep 1000 & echo done' </dev/null >out.txt
is "a background process does not hold it" "$?:$(cat out.txt)" "0:done"

done_testing
