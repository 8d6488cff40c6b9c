# rsync.sh - rsync between directories and with its daemon: deltas, deletion, links, times
. "$APPS/tap.bash"
. "$APPS/servers/both.bash"

both rsync 300 <<'END'
mkdir -p from/a/b
for i in $(seq 60); do seq $i $((i * 300)) >from/a/f$i; done
ln -s a/f1 from/link
ln from/a/f2 from/a/b/hard
touch -d @1000000000 from/a/f3
list() { (cd "$1" && find . -printf '%P %y %s %m %n %l\n' | sort && find . -type f -exec sha256sum {} + | sort) | sha256sum; }
rsync -aH from/ to/
list to
for i in $(seq 20); do echo changed >>from/a/f$i; done
rm from/a/f50
rsync -aH --delete --stats from/ to/ | grep -E '^Number of (regular files transferred|deleted files)'
list to
rsync -aHn --checksum --itemize-changes from/ to/
cat >conf <<CONF
use chroot = no
pid file = $PWD/pid
log file = $PWD/log
[m]
	path = $PWD/from
	uid = root
	gid = root
CONF
rsync --daemon --no-detach --config=conf --port=8873 --address=127.0.0.1 &
for _ in $(seq 100); do [ -s pid ] && break; sleep .1; done
sleep .5
rsync -aHz rsync://127.0.0.1:8873/m/ net/
list net
kill "$(cat pid)"
wait || true
END
done_testing
