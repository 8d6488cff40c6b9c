# several-vms.sh - several guests at once from one checkout, each with XSC processes
. "$APPS/tap.bash"

dir=$PWD
cd "$TOP" || exit
pids=()
for i in 1 2 3; do
	"$TOP/xsc-vm" --smp 1 --mem 512 --timeout 600 -- xsc-run sh -c "seq ${i}000 | sha256sum; touch /etc/mine-$i; ls /etc/mine-*; exit $i" \
		</dev/null >"$dir/out.$i" 2>"$dir/err.$i" &
	pids+=($!)
done
for i in 1 2 3; do
	wait "${pids[i - 1]}"
	is "guest $i: exit status" $? $i
	is "guest $i: output, and no file of another's" "$(cat "$dir/out.$i")" "$(seq ${i}000 | sha256sum; echo /etc/mine-$i)"
done
is "the guest's own files are gone" "$(ls /etc/mine-* 2>/dev/null)" ""
done_testing
