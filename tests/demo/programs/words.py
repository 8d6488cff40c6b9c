#!/usr/bin/python3
"""Which names the headers define, how often each is used, and by how many files."""
import collections
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys

top = sys.argv[1]
files = sorted(os.path.join(d, f) for d, _, names in os.walk(top) for f in names)
word = re.compile(rb"[A-Za-z_]\w{5,}")
define = re.compile(rb"^\s*#\s*define\s+(\w+)", re.M)


def look(path):
    with open(path, "rb") as f:
        text = f.read()
    return define.findall(text), collections.Counter(word.findall(text))


uses, where, defined = collections.Counter(), collections.Counter(), set()
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    for names, words in pool.map(look, files):
        defined.update(names)
        uses.update(words)
        where.update(words.keys())

top20 = sorted((-uses[n], n) for n in defined if n in uses)[:20]
with open("words.json", "w", encoding="ascii") as f:
    json.dump({n.decode(): [-c, where[n]] for c, n in top20}, f, indent=1)
print(len(files), "files,", len(defined), "names defined")
out = subprocess.run(["sort", "-r"], input=b"\n".join(n for _, n in top20), capture_output=True, check=True)
print(hashlib.sha256(out.stdout).hexdigest())
