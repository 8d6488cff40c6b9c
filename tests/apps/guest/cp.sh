# cp.sh - xsc-cp copies what cp copies, by batch, by ring and by plain calls
. "$APPS/tap.bash"

modprobe xsc

# manifest DIR [times] - all that a copy has to have
manifest() {
	local format='%P\t%y\t%m\t%U:%G\t%s\t%l\t%n'
	[ "${2-}" = times ] && format+='\t%T@'
	[ "${2-}" = plain ] && format='%P\t%y\t%m\t%l'
	(cd "$1" && { find . \( -type d -printf "${format/\\t%s/}\n" -o -printf "$format\n" \) | sort &&
		find . -type f -print0 | sort -z | xargs -0r sha256sum; })
}

# by WAY - the command for it
by() {
	case $1 in
	batch) echo xsc-run xsc-cp ;;
	ring) echo xsc-cp ;;
	plain) echo xsc-cp --plain ;;
	esac
}

mkdir -p tree/{empty,many,closed,deep/a/b/c/d} && cd tree || exit
seq 3000 >text
: >nothing
head -c 65535 /dev/urandom >just-small
head -c 65536 /dev/urandom >just-large
head -c 9000001 /dev/urandom >large
(cd many && for n in $(seq 700); do echo "$n" >"file $n"; done)
ln text deep/a/hard && ln text many/hard && ln large deep/large
ln -s text symlink && ln -s /nowhere/at/all dangling && ln -s deep/a directory
mkfifo -m 640 fifo && mknod -m 600 device c 1 3
truncate -s 40M sparse && echo data | dd of=sparse bs=1 seek=20000000 conv=notrunc status=none
truncate -s 20000 small-sparse
echo odd >'name
with "newline"'
chmod 4755 text && chmod 0444 just-small && chmod 0 nothing
chown 1000:1001 just-large && chown -h 1000:1001 symlink
touch -d '2001-02-03 04:05:06.123456789' many text && touch -hd '2002-02-03' dangling
chmod 555 closed && chmod 1777 empty
cd ..
manifest tree times >want
cp -r tree by-cp
manifest by-cp plain >want-r
mkdir group && chmod 2775 group

for way in batch ring plain; do
	cmd=$(by $way)
	ok "$way: -a" $cmd --stats -a tree "copy-$way"
	matches "... by it" err "^$way: "
	ok "$way: a copy like the original" diff want <(manifest "copy-$way" times)
	is "$way: holes stay" $(($(stat -c %b "copy-$way/sparse") < 1000)) 1
	ok "$way: -r" $cmd -r tree "r-$way"
	ok "$way: modes as cp's" diff want-r <(manifest "r-$way" plain)
	ok "$way: -r below a set-group-ID directory" $cmd -r tree/closed "group/$way"
	is "... its bit stays" "$(stat -c %a "group/$way")" 2555
	ok "$way: over itself, changed" sh -c "
		echo changed >copy-$way/text && : >copy-$way/large && rm -r copy-$way/many &&
		$cmd -a --remove-destination tree/. copy-$way"
	ok "$way: the same again" diff want <(manifest "copy-$way" times)
	ok "$way: a file to a file" $cmd tree/symlink "file-$way"
	ok "$way: follows what it is given" cmp tree/text "file-$way"
	ok "$way: written over, shorter" $cmd tree/many/hard tree/just-small "copy-$way/empty"
	mkdir "into-$way"
	ok "$way: several into a directory" $cmd -r tree/text tree/deep/ tree/many "into-$way"
	is "... all there" "$(cd "into-$way" && echo */a many/file\ 7 text)" "deep/a many/file 7 text"
	echo keep >"into-$way/text"
	ok "$way: -n" $cmd -n tree/text "into-$way"
	is "... left it alone" "$(cat "into-$way/text")" keep
	ok "... onto itself" $cmd -n tree/text tree/text
	ok "$way: written over" $cmd tree/text "into-$way"
	ok "... is the same" cmp tree/text "into-$way/text"
	ok "$way: a file without a size" $cmd /proc/self/mounts "mounts-$way"
	is "... has its contents" "$(wc -l <"mounts-$way")" "$(wc -l </proc/self/mounts)"

	ok "$way: what a pipe gives" bash -c "seq 100000 | $cmd /dev/stdin stdin-$way"
	is "... is copied" "$(timeout 5 cat "stdin-$way" | sha256sum)" "$(seq 100000 | sha256sum)"
	mkfifo -m 640 "fifo-$way"
	ok "$way: what a FIFO gives, with its mode" bash -c "
		timeout 20 sh -c 'exec >fifo-$way; sleep 0.3; echo data' & $cmd -p fifo-$way data-$way"
	is "... is copied" "$(stat -c '%F %a' "data-$way") $(timeout 5 cat "data-$way")" "regular file 640 data"
	ok "$way: what another command says" bash -c "$cmd <(echo said) stdin-$way"
	is "... is copied, over what was there" "$(timeout 5 cat "stdin-$way")" said
	ok "$way: what /dev/null gives" $cmd /dev/null "stdin-$way"
	is "... is nothing" "$(stat -c '%F' "stdin-$way")" "regular empty file"
	status 1 "$way: onto itself" $cmd tree/text tree/text
	matches "... is said" err "are the same file"
	ok "... and nothing lost" cmp tree/text "into-$way/text"
	mkdir "self-$way" && echo x >"self-$way/x"
	status 1 "$way: into itself" $cmd -r "self-$way" "self-$way"
	matches "... is said" err "into itself"
	is "... once" "$(find "self-$way" -type f | wc -l)" 2
	mkdir -p "outer-$way/dst" "inner-$way/sub" && echo x >"inner-$way/x"
	ok "$way: what has no name of its own" $cmd -r "inner-$way/sub/.." "outer-$way/dst"
	is "... goes into the directory" "$(cd "outer-$way" && echo * dst/*)" "dst dst/sub dst/x"
	# nothing can be made there, so it ends soon
	status 1 "$way: the root" setpriv --reuid 1000 --clear-groups $cmd -r / tree/closed
	matches "... goes into the directory as well" err "cannot create directory 'tree/closed/./usr'"
	mkdir -p "same-$way"/{a/dir,b/dir,to} && cd "same-$way" || exit
	echo a >a/x && echo b >b/x && echo a >a/dir/f && echo b >b/dir/f && echo b >b/other
	ln -s a a/link && ln -s b b/link
	status 1 "$way: two of one name" $cmd -r a/x b/x a/dir b/dir a/link b/link b/other to
	matches "... is said" err "will not overwrite 'to/x', just made, with 'b/x'"
	matches "... of symlinks" err "will not overwrite 'to/link', just made, with 'b/link'"
	is "... and the first stays" "$(cat to/x; readlink to/link)" $'a\na'
	is "... but directories are one, and the rest is there" "$(cat to/dir/f to/other)" $'b\nb'
	ok "$way: the same twice" $cmd -a a/x a/dir ./a/x a/dir/ to
	matches "... is said" err "'./a/x' is given more than once"
	ln a/x a/dir/x && ln a/x b/dir/x && ln a/x b/dir/y && mkdir linked
	ok "$way: linked, and of one name" $cmd -a a/dir/. b/dir/. linked
	is "... both are there" "$(stat -c %h linked/x; cat linked/y)" $'2\na'
	ok "$way: with -n two of one name are no failure" $cmd -n a/x b/x to
	cd ..
	status 1 "$way: no source" $cmd tree/text nowhere "into-$way"
	matches "... is said" err "cannot access 'nowhere': No such file"
	status 1 "$way: a directory without -r" $cmd tree "into-$way"
	status 1 "$way: a directory over a file" $cmd -r tree/deep "file-$way"
	matches "... is said" err "cannot overwrite 'file-$way' with directory"
	mkdir -p "into-$way/text2" && cp tree/text text2
	status 1 "$way: a file over a directory" $cmd text2 "into-$way"
	ln -sf /etc/passwd "into-$way/link" && echo evil >link
	status 1 "$way: through a symlink" $cmd link "into-$way"
	is "... is not done" "$(head -c 5 /etc/passwd)" root:
done

# a full disk: said, exit status 1, and no descriptor is lost over many files
mkdir small && mount -t tmpfs -o size=300k tmpfs small
for way in batch ring plain; do
	status 1 "$way: a full disk" $(by $way) -r tree/many tree/large small
	matches "... is said" err "No space left on device"
	rm -rf small/*
done
umount small
# what may not be read does not keep the rest
chmod 755 tree/closed && echo secret >tree/closed/secret && chmod 0 tree/closed/secret
mkdir -m 777 users
for way in batch ring plain; do
	status 1 "$way: as a user" setpriv --reuid 1000 --clear-groups $(by $way) -a tree "users/$way"
	matches "... what may not be read is said" err "cannot open 'tree/closed/secret': Permission denied"
	is "... and the rest is there" "$(find "users/$way/many" -type f | wc -l)" 701
	is "... with no set-id bit" "$(stat -c %a "users/$way/text")" 755
done
# set-ID bits are for the owner that they were given by
mkdir -p ids/{group,sticky} && echo x >ids/small && head -c 100000 /dev/zero >ids/large && mkfifo ids/fifo
echo x >ids/group/own && ln -s small ids/symlink
chown -hR 1000:1001 ids && chown 1000:1000 ids/group/own && chmod 4755 ids/group/own
chmod 2775 ids/group && chmod 1777 ids/sticky && chmod 6755 ids/{small,large,fifo}
echo x >plain && chown 1000 plain && chmod 755 plain
manifest ids times >want-ids
for way in batch ring plain; do
	ok "$way: set-ID bits" $(by $way) -a ids "ids-$way"
	ok "... are the copy's as well" diff want-ids <(manifest "ids-$way" times)
	cmd="setpriv --bounding-set -chown $(by $way)"
	status 1 "$way: as root that may not give files away" $cmd -a ids "kept-$way"
	is "... said of each file" "$(grep -c "cannot give away 'kept-$way.*': Operation not permitted" err)" \
		"$(find ids | wc -l)"
	is "... has no set-ID bit" "$(find "kept-$way" -perm /6000)" ""
	is "... nor right of others" "$(find "kept-$way" ! -type l -perm /077)" ""
	is "... and the data" "$(cat "kept-$way"/{small,large,group/own} | sha256sum)" \
		"$(cat ids/{small,large,group/own} | sha256sum)"
	mkdir -p "over-$way/group" && cp tree/text "over-$way/small" && cp tree/text "over-$way/plain"
	chmod 2777 "over-$way/group" && chmod 4755 "over-$way/small" && chmod 2777 "over-$way/plain"
	status 1 "$way: over files with such bits" $cmd -rp plain ids/{small,group} "over-$way"
	is "... they lose them" "$(cd "over-$way" && stat -c %n:%a small plain group)" $'small:700\nplain:700\ngroup:700'
	mkdir -m 777 "user-$way"
	ok "$way: as the user" setpriv --reuid 1000 --regid 1000 --clear-groups $(by $way) -a ids "user-$way"
	is "... only where owner and group are right" "$(find "user-$way" -perm /6000)" "user-$way/ids/group/own"
	is "... that is all" "$(stat -c %a "user-$way"/ids/{small,large,fifo,group,sticky})" $'755\n755\n755\n775\n1777'
done
# copied again, since it has no size, where its mode does not let its owner write
mkdir -m 777 again
for way in batch ring plain; do
	as_user=(setpriv --reuid 1000 --clear-groups $(by $way))
	ok "$way: as a user, a file without a size" "${as_user[@]}" /proc/version "again/$way"
	ok "... with -p" "${as_user[@]}" -p /proc/version "again/$way-p"
	echo more than a line >"again/$way-over" && chown 1000 "again/$way-over"
	ok "... over another" "${as_user[@]}" -p /proc/version "again/$way-over"
	for f in "again/$way"{,-p,-over}; do
		is "... has its contents and mode" "$(stat -c %a "$f") $(cat "$f")" "444 $(cat /proc/version)"
	done
done
# deeper than one path can say: files with several names, and one without a size
cat >deep.py <<'END'
import ctypes, os, subprocess, sys

def down(top):
    os.chdir(top)
    for i in range(50):
        os.chdir("d" * 100)

here = os.getcwd()
os.mkdir("deep")
os.chdir("deep")
open("first", "w").write("text")
top = os.open(".", os.O_PATH)
for i in range(50):
    os.mkdir("d" * 100)
    os.chdir("d" * 100)
os.link("first", "first", src_dir_fd=top)
os.mkdir("side")
open("a", "w").write("text")
os.link("a", "b")
os.link("a", "side/c")
open("version", "w")
if ctypes.CDLL(None).mount(b"/proc/version", b"version", None, 4096, None):
    sys.exit("no bind mount")
os.chdir(here)
bad = subprocess.run(sys.argv[1:] + ["-a", "deep", "deep-copy"]).returncode
os.chdir("deep-copy")
first = os.stat("first").st_ino
os.chdir(here)
down("deep-copy")
if os.stat("first").st_ino != first or len({os.stat(f).st_ino for f in ("a", "b", "side/c")}) > 1:
    sys.exit("not linked")
if open("version").read() != open("/proc/version").read():
    sys.exit("not copied")
sys.exit(bad)
END
for way in batch ring plain; do
	mkdir "deep-$way" && cd "deep-$way" || exit
	ok "$way: deeper than one path" unshare -m python3 ../deep.py $(by $way)
	cd ..
done
# the directory of the first copy becomes a symlink, while the second is to be linked to it
mkdir -p swap/{tree/{a,b},evil} && cd swap || exit
echo good >tree/a/f && ln tree/a/f tree/b/f && echo evil >evil/f
timeout 60 strace -o trace -e trace=linkat -e inject=linkat:delay_enter=2000000 xsc-cp --plain -a tree to &
until [ -e to/a/f ] || [ -e to/b/f ] || ! kill -0 $! 2>/dev/null; do sleep 0.1; done
for d in a b; do
	[ -e to/$d/f ] && mv to/$d to/moved && ln -s ../evil to/$d && break
done
wait $!
is "a directory swapped for a symlink" "$(cat to/moved/f to/[ab]/f | sort | tr '\n' ' ')" "evil good good "
cd ..
# what says to be longer than it is: what is left of another file is not written in its place
head -c 5000 /dev/zero | tr '\0' S >secret && mkdir shorter
ok "a file shorter than it says" strace -o trace -s 5000 -e trace=write,pwrite64 \
	xsc-cp --plain secret /sys/kernel/uevent_seqnum shorter
is "... gets nothing of another" "$(grep -c SSSS trace)" 1
is "... but what it has" "$(wc -l <shorter/uevent_seqnum)" 1
# a directory that may be searched and written, not read
for way in batch ring plain; do
	mkdir -p "unread-$way/tree/many" && echo x >"unread-$way/tree/many/file 7"
	chown -R 1000 "unread-$way" && chmod 333 "unread-$way" "unread-$way"/tree{,/many}
	as_user=(setpriv --reuid 1000 --clear-groups $(by $way))
	ok "$way: a file into a directory that may not be read" "${as_user[@]}" tree/text "unread-$way"
	ok "... a tree over what is in it" "${as_user[@]}" -r tree/many "unread-$way/tree"
	is "... with its files" "$(find "unread-$way/tree/many" -type f | wc -l) $(cat "unread-$way/tree/many/file 7")" "701 7"
	is "... and its mode" "$(stat -c %a "unread-$way/tree/many")" 333
	ok "... with -p" "${as_user[@]}" -rp tree/many "unread-$way/tree"
	is "... gets the other's" "$(stat -c '%a %Y' "unread-$way/tree/many")" "$(stat -c '%a %Y' tree/many)"
done
# more files than descriptors
for way in batch ring plain; do
	ok "$way: with 40 descriptors" sh -c "ulimit -n 40; $(by $way) -r tree/many many-$way"
	is "... all of them" "$(find "many-$way" -type f | wc -l)" 701
done

ok "progress" xsc-cp -a --progress tree bar
is "... ends at the end" "$(tr '\r' '\n' <err | tail -n 1 | grep -oE '100% ([0-9]+)/\1 files')" \
	"100% $(find tree ! -type d -printf x | wc -c)/$(find tree ! -type d -printf x | wc -c) files"
ok "few entries" xsc-run xsc-cp --stats -r tree/many few
is "... for many calls" "$(awk '{ print ($2 > 4500 && $5 * 50 < $2) }' err)" 1
ok "said what is copied" xsc-cp -rv tree/deep said
matches "... each" out "^'tree/deep/a/hard' -> 'said/a/hard'$"
status 2 "no place" xsc-cp tree
status 2 "a wrong option" xsc-cp --fast a b
done_testing
