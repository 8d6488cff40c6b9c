CREATE TABLE file (size INTEGER, depth INTEGER, name TEXT, path TEXT);
.mode tabs
.import files.tsv file
CREATE INDEX by_name ON file (name);
SELECT count(*), sum(size), max(depth) FROM file;
SELECT name, count(*) AS n, sum(size) FROM file GROUP BY name ORDER BY n DESC, name LIMIT 8;
SELECT a.path, b.path FROM file a JOIN file b ON a.name = b.name AND a.path < b.path AND a.size = b.size ORDER BY 1, 2 LIMIT 5;
BEGIN;
UPDATE file SET size = size + 1 WHERE depth > 3;
DELETE FROM file WHERE name LIKE '%.c';
COMMIT;
SELECT count(*), sum(size) FROM file;
PRAGMA integrity_check;
