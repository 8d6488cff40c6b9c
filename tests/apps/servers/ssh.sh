# ssh.sh - ssh-keygen, sshd and a login over loopback, with and without a terminal; git and rsync over it
. "$APPS/tap.bash"
. "$APPS/servers/both.bash"

both ssh 600 <<'END'
for t in ed25519 ecdsa rsa; do
	ssh-keygen -q -t $t -N '' -C test -f key-$t
	ssh-keygen -l -f key-$t.pub | awk '{ print $1, $3, $4 }'
done
ssh-keygen -q -t ed25519 -N '' -f host
cat key-ed25519.pub key-rsa.pub >authorized
chmod 600 authorized
mkdir -p /run/sshd
cat >sshd_config <<CONF
Port 2222
ListenAddress 127.0.0.1
HostKey $PWD/host
AuthorizedKeysFile $PWD/authorized
StrictModes no
UsePAM no
PidFile $PWD/pid
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
CONF
/usr/sbin/sshd -D -e -f sshd_config 2>log &
for _ in $(seq 200); do [ -e pid ] && break; sleep .1; done
o="-p 2222 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes"
ssh $o -i key-ed25519 127.0.0.1 'id -un; echo $((6 * 7)); exit 3' || echo "status $?"
ssh $o -i key-rsa 127.0.0.1 'cat' <sshd_config | sed '/^[HAP]/d'
ssh $o -tt -i key-ed25519 127.0.0.1 'tty | sed s/[0-9]*$/N/; stty size' </dev/null | tr -d '\r'
ssh $o -i key-ecdsa 127.0.0.1 true 2>/dev/null || echo "a key that is not authorized: $?"
seq 50000 >file
scp -q ${o/-p/-P} -i key-ed25519 file 127.0.0.1:"$PWD/copied"
cmp file copied && echo copied
export GIT_CONFIG_NOSYSTEM=1 HOME=$PWD GIT_AUTHOR_DATE=@1000000000 GIT_COMMITTER_DATE=@1000000000
git config --global user.name a && git config --global user.email a@example.org
git init -q repository && (cd repository && seq 1000 >a && git add a && git commit -q -m one)
GIT_SSH_COMMAND="ssh $o -i $PWD/key-ed25519" git clone -q "ssh://root@127.0.0.1:2222$PWD/repository" clone
git -C clone log --format='%H %s'
rsync -a -e "ssh $o -i key-ed25519" 127.0.0.1:"$PWD/repository/a" synced
cmp repository/a synced && echo synced
kill "$(cat pid)"
wait
END
done_testing
