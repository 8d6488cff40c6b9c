# echo.sh - xsc-echo by each engine, as legacy and as XSC process: the protocol, bad clients, 200 connections
. "$APPS/tap.bash"

TALK="python3 $APPS/guest/echo-talk.py"
modprobe xsc

# serve OPTION... - start a server; sets pid and port
serve() {
	: >line
	$run xsc-echo --port 0 --stats "$@" >line 2>stats &
	pid=$!
	until [ -s line ] || ! kill -0 $pid 2>/dev/null; do sleep .05; done
	port=$(sed 's/.* port \([0-9]*\), .*/\1/' line)
}

# end NAME - SIGTERM ends it, with its figures
end() {
	kill $pid
	wait $pid
	is "$1: ends well" $? 0
	matches "$1: has figures" stats '^connections=[0-9]+ cpu_ns=[0-9]+ switches=[0-9]+ entries=[0-9]+$'
}

for run in '' xsc-run; do
	engines=(xsc xsc-poll epoll)
	[ -z "$run" ] || engines+=('xsc --spin 300' 'xsc-poll --spin 300')
	for engine in "${engines[@]}"; do
		name="${run:-legacy}, $engine"
		serve --engine $engine
		for check in words pieces long_lines big_replies early slow_reader; do
			ok "$name: $check" $TALK "$port" $check
		done
		ok "$name: 1 connection" xsc-echo-load --port "$port" -c 1 -n 500
		ok "$name: 200 connections" xsc-echo-load --port "$port" -c 200 -n 6000
		ok "$name: long texts, pipelined" xsc-echo-load --port "$port" -c 7 -n 700 -P 50 -s 8192
		is "$name: no connection is left open" "$(find "/proc/$pid/fd" -lname 'socket:*' | wc -l)" 1
		end "$name"
	done
done

# a tracer must not make a server wait for one connection while another one talks
for engine in xsc xsc-poll; do
	run='strace -D -f -o trace xsc-run'
	serve --engine $engine
	for check in words pieces early slow_reader; do
		ok "traced, $engine: $check" $TALK "$port" $check
	done
	ok "traced, $engine: 20 connections" xsc-echo-load --port "$port" -c 20 -n 200
	end "traced, $engine"
	matches "traced, $engine: the tracer sees what was received" trace '(recvfrom|read)\([0-9]+, "GET '
done

# more connections than it takes: the rest waits for its turn
run=
for engine in xsc xsc-poll epoll; do
	serve --engine $engine --max-conns 3 --idle 4
	ok "$engine: 20 at once, served by three" sh -c '
		for n in $(seq 20); do '"$TALK $port words"' & p="$p $!"; done
		for q in $p; do wait $q || exit 1; done'
	ok "$engine: silent connections are closed in time" $TALK "$port" idle 4
	end "$engine, three"
done
# more connections than it has descriptors
for xsc_run in '' xsc-run; do
	run="prlimit --nofile=20:20 $xsc_run"
	for engine in xsc xsc-poll epoll; do
		name="${xsc_run:-legacy}, $engine"
		serve --engine $engine
		ok "$name: 20 descriptors" $TALK "$port" descriptors $pid
		end "$name, 20 descriptors"
	done
done
run=
serve --engine xsc --memory 1
ok "a value that has room" $TALK "$port" words
status 1 "a load that has none is told so" xsc-echo-load --port "$port" -c 20 -n 4000 -s 8000
matches "... and sees it" err 'ERROR no memory'
kill $pid
wait $pid
serve --engine epoll --max-conns 3
status 1 "a load of more connections than the server takes" timeout 60 xsc-echo-load --port "$port" -c 4
matches "... is told so" err 'connection 3: no reply .*--max-conns'
kill $pid
wait $pid
ok "both have a man page" cat /usr/share/man/man1/xsc-echo.1 /usr/share/man/man1/xsc-echo-load.1

status 2 "no such engine" xsc-echo --engine magic
matches "... is said" err "no engine 'magic'"
status 2 "an engine that does not spin" xsc-echo --engine epoll --spin 9
status 2 "a bad number" xsc-echo --max-conns 0
serve
status 1 "a port that is taken" xsc-echo --port "$port"
matches "... is said" err 'Address already in use; --port takes another'
kill $pid
wait $pid
status 1 "load without a server" xsc-echo-load --port "$port"
done_testing
