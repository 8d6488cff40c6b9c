"""strace-normal.py RULES LOG - make two strace -f logs comparable; see strace.except."""
import re
import sys

rules = []
for line in open(sys.argv[1], encoding="utf-8"):
    line = line.rstrip("\n")
    if not line or line.startswith("#"):
        continue
    kind, _, rest = line.partition(" ")
    if kind == "sub":
        regex, _, text = rest.partition(" => ")
        rules.append((kind, re.compile(regex), text))
    elif kind in ("drop", "start"):
        rules.append((kind, re.compile(rest), None))
    else:
        sys.exit(f"{sys.argv[1]}: what is '{kind}'?")

# put together again what another process's line has cut in two
order, calls, open_calls = [], {}, {}
for line in open(sys.argv[2], encoding="utf-8", errors="replace"):
    m = re.match(r"(\d+) +(.*)", line.rstrip("\n"))
    if not m:
        continue
    pid, text = m.groups()
    if pid not in calls:
        order.append(pid)
        calls[pid] = []
    m = re.match(r"(.*) <unfinished \.\.\.>$", text)
    if m:
        open_calls[pid] = m.group(1)
        continue
    m = re.match(r"<\.\.\. \w+ resumed>(.*)", text)
    if m:
        text = open_calls.pop(pid, "") + m.group(1)
    calls[pid].append(re.sub(r" += ", " = ", text))

for n, pid in enumerate(order):
    out = []
    for text in calls[pid]:
        # a new program: what came before belongs to xsc-run, or to a shell, and stays,
        # but for xsc-run itself, which is no part of the legacy run
        if text.startswith("execve(") and text.endswith("= 0"):
            if any("/xsc-run" in x for x in out[:1]):
                out = []
            out.append(text)
            continue
        out.append(text)
    # split by program: each has its own loader
    programs, last = [], []
    for text in out:
        if text.startswith("execve(") and text.endswith("= 0"):
            programs.append(last)
            last = []
        last.append(text)
    programs.append(last)
    print(f"--- process {n + 1}")
    for lines in programs:
        done = []
        for text in lines:
            for kind, regex, by in rules:
                if kind == "sub":
                    text = regex.sub(by, text)
            done.append(text)
        cut = 0
        if done and done[0].startswith("execve("):
            for i, text in enumerate(done):
                if any(kind == "start" and regex.search(text) for kind, regex, _ in rules):
                    cut = i + 1
            # only ld.so's own run, not what the program does later on
            for i, text in enumerate(done):
                if re.match(r"(prlimit64\(0, RLIMIT_STACK)", text):
                    cut = i + 1
                    break
            nxt = cut
            while nxt < len(done) and re.match(r"(munmap\(ADDR, \d+\) = 0|getrandom)", done[nxt]):
                nxt += 1
            print(done[0])
            done = done[max(nxt, 1):]
        for text in done:
            if any(kind == "drop" and regex.search(text) for kind, regex, _ in rules):
                continue
            print(text)
