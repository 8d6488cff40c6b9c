# sqlite.sh - sqlite3 with a journal, with a write-ahead log and three writers at once
. "$APPS/tap.bash"
. "$APPS/servers/both.bash"

both sqlite 600 <<'END'
sqlite3 a.db <<'SQL'
create table t (a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
	insert into t select i, hex(i * 7919), i / 3.0 from n;
create index tb on t (b);
select count(*), sum(a), min(b), max(b) from t;
update t set c = c * 2 where a % 3 = 0;
delete from t where a % 7 = 0;
select count(*), round(sum(c), 3) from t;
pragma integrity_check;
vacuum;
select sum(length(b)) from t where b between 'A' and 'Z';
SQL
sqlite3 w.db 'pragma journal_mode = wal; create table t (p, i);'
for p in 1 2 3; do
	(for i in $(seq 20); do echo "pragma busy_timeout = 60000; insert into t values ($p, $i);"; done | sqlite3 w.db >/dev/null) &
done
wait
sqlite3 w.db 'select p, count(*), sum(i) from t group by p; pragma integrity_check;'
END
done_testing
