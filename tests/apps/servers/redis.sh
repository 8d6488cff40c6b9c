# redis.sh - redis-server under redis-benchmark: pipelines, Lua, snapshots by fork, an append-only file
. "$APPS/tap.bash"
. "$APPS/servers/both.bash"

both redis 600 <<'END'
start() {
	redis-server --port 6379 --bind 127.0.0.1 --save "" --appendonly yes --appendfsync always --daemonize no --io-threads 2 >>log &
	for _ in $(seq 100); do [ "$(redis-cli ping 2>/dev/null)" = PONG ] && return; sleep .1; done
	echo "no answer"; exit 1
}
start
# names of the tests, without their times
redis-benchmark -n 1500 -c 50 -t ping,set,get,incr,lpush,lrange_100,mset --csv | cut -d, -f1
redis-benchmark -n 2000 -c 20 -P 16 -t set,get --csv --threads 2 | cut -d, -f1
redis-cli set hello world
redis-cli get hello
redis-cli eval 'local s = 0 for i = 1, 1000 do redis.call("rpush", KEYS[1], i) s = s + i end return s' 1 numbers
redis-cli llen numbers
redis-cli bgsave >/dev/null
for _ in $(seq 100); do [ -s dump.rdb ] && redis-cli info persistence | grep -q bgsave_in_progress:0 && break; sleep .1; done
redis-cli info persistence | tr -d '\r' | grep rdb_last_bgsave_status
timeout 2 redis-cli --latency --raw >latency || true
[ -s latency ] && echo "latency measured"
redis-cli dbsize
redis-cli shutdown nosave || true
wait
# what was written is there after a start
start
redis-cli get hello
redis-cli llen numbers
redis-cli dbsize
redis-cli shutdown nosave || true
wait
END
done_testing
