# httpd.sh - xsc-httpd by each engine, as legacy and as XSC process
. "$APPS/tap.bash"

modprobe xsc
export LC_ALL=C.UTF-8
mkdir -p root/sub root/noindex root/dirindex/index.html && cd root || exit
echo '<!doctype html><title>root</title>' >index.html
echo '<!doctype html><title>sub</title>' >sub/index.html
seq 2000 >text.txt && echo other >sub/text.txt && echo page >page && : >empty.css
echo picture >'a b%é.JPG'
head -c 300001 /dev/urandom >large.bin && head -c 70000 /dev/urandom >medium.bin && head -c 20000000 /dev/urandom >huge.bin
ln -s text.txt inside && ln -s /etc/passwd outside && ln -s /etc outside-dir && ln -s loop loop
mkfifo fifo && echo secret >secret && chmod 0 secret
touch -d '2020-02-03 04:05:06' text.txt
cd ..
chmod 755 . && chown -R 1000 root

for run in '' xsc-run; do
	engines=(xsc xsc-poll epoll)
	[ -z "$run" ] || engines+=('xsc-poll --spin 300')
	for engine in "${engines[@]}"; do
		name="${run:-legacy}, $engine"
		: >line
		# as a user, who may not read everything
		setpriv --reuid 1000 --clear-groups $run xsc-httpd --port 0 --engine $engine --stats root >line 2>stats &
		pid=$!
		until [ -s line ] || ! kill -0 $pid 2>/dev/null; do sleep .05; done
		port=$(sed 's/.* port \([0-9]*\), .*/\1/' line)
		for check in files refused ranges conditions pipeline large many early shrinking; do
			ok "$name: $check" python3 "$APPS/guest/httpd-talk.py" "$port" "$PWD/root" $check
		done
		rm -f root/shrinking.bin
		# what clients left behind is noticed when it is sent to
		for _ in $(seq 100); do
			[ "$(find "/proc/$pid/fd" -lname 'socket:*' | wc -l)" -gt 1 ] || break
			sleep .1
		done
		is "$name: no connection is left open" "$(find "/proc/$pid/fd" -lname 'socket:*' | wc -l)" 1
		is "$name: no file is left open" "$(find "/proc/$pid/fd" -lname '*.bin*' | wc -l)" 0
		kill $pid
		wait $pid
		is "$name: ends well" $? 0
		matches "$name: has figures" stats '^connections=[0-9]+ cpu_ns=[0-9]+ switches=[0-9]+ entries=[0-9]+$'
	done
done
: >line
xsc-httpd --port 0 --engine epoll root/dirindex >line &
pid=$!
until [ -s line ] || ! kill -0 $pid 2>/dev/null; do sleep .05; done
port=$(sed 's/.* port \([0-9]*\), .*/\1/' line)
ok "an index that is a directory" python3 "$APPS/guest/httpd-talk.py" "$port" "$PWD/root/dirindex" root_index
kill $pid
wait $pid
status 1 "a directory that is not there" xsc-httpd nowhere
matches "... is said" err "nowhere: No such file"
status 2 "two directories" xsc-httpd root root
done_testing
