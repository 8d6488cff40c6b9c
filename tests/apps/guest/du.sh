# du.sh - xsc-du says what du says, by batch, by ring and by plain calls
. "$APPS/tap.bash"

modprobe xsc

# same NAME DIR ARG... - the three ways against du, in DIR: output, exit status
same() {
	local name=$1 dir=$2 way rc want cmd
	shift 2
	(cd "$dir" && du "$@") >du.out 2>du.err
	want=$?
	for way in batch ring plain; do
		cmd=(xsc-du --stats)
		[ $way = batch ] && cmd=(xsc-run "${cmd[@]}")
		[ $way = plain ] && cmd+=(--plain)
		(cd "$dir" && "${cmd[@]}" "$@") >xsc.out 2>xsc.err
		rc=$?
		if [ $rc = $want ] && cmp -s du.out xsc.out && grep -q "^$way: " xsc.err &&
			[ "$(wc -l <du.err)" = $(($(wc -l <xsc.err) - 1)) ]; then
			result 0 "$name: by $way"
		else
			result 1 "$name: by $way"
			echo "# exit status $rc, du has $want"
			diff du.out xsc.out | head -5 | sed 's/^/#   /'
			show xsc.err 5
		fi
	done
}

mkdir tree outside
cd tree || exit
mkdir -p a/b/c empty many linked/one linked/two "name with
newline"
echo text >a/b/c/file
head -c 100000 /dev/zero >a/b/zeros
truncate -s 50M a/sparse
ln a/b/zeros linked/one/again
ln a/b/zeros linked/two/again
ln -s a/b/zeros symlink
ln -s a directory-symlink
mkfifo fifo
echo x >"name with
newline/f"
(cd many && seq -f 'a-rather-long-name-of-a-file-number-%.0f' 2500 | xargs touch)
# deeper than one path can say
python3 - <<'END'
import os
for i in range(50):
    os.mkdir("d" * 100)
    os.chdir("d" * 100)
open("f", "w").write("x" * 5000)
END
cd ..

same "a tree" tree
same "all files" tree -a
same "summary" . -s tree
same "depth" tree -d 1 -a
same "depth 0" tree --max-depth=0
same "bytes" tree -ab
same "human" tree -ah
same "human, sizes" tree -ah --apparent-size
same "MiB" tree -am
same "links counted" tree -al
same "grand total" tree -c linked/one linked/two a
same "one inside the other" tree -c a/b a a/b/zeros
same "a file, a symlink, a slash" tree -a a/sparse symlink a/ directory-symlink
same "zero bytes" tree -a0 many
same "a name that is not there" tree a nowhere linked
same "nothing" tree empty

mount -t tmpfs tmpfs tree/empty
echo x >tree/empty/on-tmpfs
same "with a mount" tree -a
same "one file system" tree -ax
umount tree/empty
same "all of /etc" /etc -a .
same "/usr/lib" /usr/lib

chmod 700 tree/a/b
# what may not be read
for way in "xsc-run xsc-du" xsc-du "xsc-du --plain"; do
	status 1 "$way: a directory that may not be read" setpriv --reuid 1000 --clear-groups $way tree/a
	matches "... is said" err "cannot read directory 'tree/a/b': Permission denied"
	matches "... and the rest counted" out "tree/a$"
done
# three directories are open, and the fourth, of a path too long for one call, is to be opened
# from the first down: there is no descriptor for that one
python3 - <<'END'
import os
os.mkdir("long")
os.chdir("long")
for i in range(40):
    os.mkdir("d" * 100)
    os.chdir("d" * 100)
for name in "a", "b", "c", "e" * 100:
    os.mkdir(name)
END
status 1 "out of descriptors" sh -c 'ulimit -n 6; exec xsc-du --plain long'
matches "... is said" err "/e+': Too many open files"
ok "few entries" xsc-run xsc-du --stats -s tree
is "... for many calls" "$(awk '{ print ($2 > 2600 && $5 * 10 < $2) }' err)" 1
status 2 "a wrong option" xsc-du --fast
status 2 "a wrong depth" xsc-du -d deep
status 1 "a full disk" sh -c 'xsc-du tree >/dev/full'
done_testing
