# nginx.sh - nginx with two workers under ab, wrk and curl: keep-alive, TLS, 100 connections, reload
. "$APPS/tap.bash"
. "$APPS/servers/both.bash"

both nginx 600 <<'END'
mkdir www logs
seq 20000 >www/big.txt
seq 100 >www/small.txt
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost -days 2 2>/dev/null
cat >nginx.conf <<'CONF'
user root;
worker_processes 2;
pid logs/pid;
error_log logs/error.log;
events { worker_connections 512; }
http {
	access_log logs/access.log;
	sendfile on;
	keepalive_requests 100000;
	server {
		listen 127.0.0.1:8080;
		listen 127.0.0.1:8443 ssl;
		ssl_certificate ../cert.pem;
		ssl_certificate_key ../key.pem;
		root www;
	}
}
CONF
mkdir conf && mv nginx.conf conf/ && cp cert.pem key.pem conf/ && sed -i 's|\.\./||' conf/nginx.conf
nginx -p "$PWD" -c conf/nginx.conf
for _ in $(seq 100); do curl -s -o /dev/null http://127.0.0.1:8080/small.txt && break; sleep .1; done
curl -s http://127.0.0.1:8080/big.txt | sha256sum
curl -s --cacert cert.pem --resolve localhost:8443:127.0.0.1 https://localhost:8443/big.txt | sha256sum
curl -s -r 100-199 http://127.0.0.1:8080/big.txt | sha256sum
curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:8080/none
curl -s -Z --parallel-max 10 $(for i in $(seq 20); do echo "http://127.0.0.1:8080/small.txt -o got.$i"; done)
cat got.* | sha256sum
ab -q -k -n 2000 -c 100 http://127.0.0.1:8080/small.txt | grep -E '^(Complete|Failed|Keep-Alive) requests'
ab -q -n 300 -c 100 http://127.0.0.1:8080/small.txt | grep -E '^(Complete|Failed) requests'
ab -q -k -n 300 -c 20 https://127.0.0.1:8443/small.txt | grep -E '^(Complete|Failed) requests'
wrk -t 2 -c 100 -d 3s http://127.0.0.1:8080/small.txt >wrk.out
grep -q 'requests in' wrk.out && ! grep -E 'Socket errors|Non-2xx' wrk.out && echo "wrk without errors"
kill -HUP "$(cat logs/pid)"
sleep 1
curl -s http://127.0.0.1:8080/small.txt | sha256sum
kill -QUIT "$(cat logs/pid)"
for _ in $(seq 100); do [ -e logs/pid ] || break; sleep .1; done
[ ! -e logs/pid ] && echo ended
grep -cvE 'signal|notice' logs/error.log || true
END
done_testing
