# git.sh - git clone by file://, by hard links and shallow, fsck, repack with threads
. "$APPS/tap.bash"
. "$APPS/servers/both.bash"

both git 600 <<'END'
export GIT_CONFIG_NOSYSTEM=1 HOME=$PWD GIT_AUTHOR_DATE=@1000000000 GIT_COMMITTER_DATE=@1000000000
git config --global user.name a && git config --global user.email a@example.org
git init -q -b main source
cd source
for i in $(seq 8); do
	mkdir -p d$i
	for j in $(seq 25); do seq $((i * j)) $((i * 100)) >d$i/f$j; done
	git add . && git commit -q -m "commit $i"
done
cd ..
git clone -q "file://$PWD/source" one
git clone -q --depth 1 "file://$PWD/source" shallow
git clone -q source linked
for r in one shallow linked; do git -C $r log --format='%H %s'; git -C $r fsck --full 2>/dev/null; done
git -C one repack -q -a -d -f --threads=2
git -C one gc -q
git -C one rev-list --objects --all | sha256sum
(cd one && echo more >>d1/f1 && git commit -q -a -m more && git push -q origin main:other)
git -C source log -1 --format='%H %s' other
END
done_testing
