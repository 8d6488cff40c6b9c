# how often each identifier stands in the files, most used first
{
	n = split($0, w, /[^A-Za-z0-9_]+/)
	for (i = 1; i <= n; i++)
		if (w[i] ~ /^[a-z_]+$/)
			seen[w[i]]++
}
ENDFILE { files++ }
END {
	print files, length(seen)
	cmd = "sort -k1,1nr -k2,2 | head -n 25"
	for (s in seen)
		print seen[s], s | cmd
	close(cmd)
	"echo done" | getline line
	print line, strftime("%Y", 0, 1)
}
