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
    elif kind in ("drop", "start", "behind"):
        rules.append((kind, re.compile(rest), None))
    else:
        sys.exit(f"{sys.argv[1]}: what is '{kind}'?")


def matches(kind, text):
    return any(k == kind and regex.search(text) for k, regex, _ in rules)


def is_exec(text):
    return text.startswith(("execve(", "execveat(")) and text.endswith("= 0")


# calls by process; what another process's line has cut in two is put together again
first, calls, unfinished = None, {}, {}
for line in open(sys.argv[2], encoding="utf-8", errors="replace"):
    m = re.match(r"(\d+) +(.*)", line.rstrip("\n"))
    if not m:
        continue
    pid, text = m.groups()
    first = first or pid
    calls.setdefault(pid, [])
    m = re.match(r"(.*) <unfinished \.\.\.>$", text)
    if m:
        unfinished[pid] = m.group(1)
        continue
    m = re.match(r"<\.\.\. \w+ resumed>(.*)", text)
    if m:
        text = unfinished.pop(pid, "") + m.group(1)
    calls[pid].append(re.sub(r"\) += ", ") = ", text))


def show(lines):
    """one program of one process"""
    for kind, regex, by in rules:
        if kind == "sub":
            lines = [regex.sub(by, text) for text in lines]
    if lines and lines[0].startswith("execve"):
        print(lines[0])
        start = [i for i, text in enumerate(lines) if matches("start", text)]
        lines = lines[start[0] + 1 if start else 1:]
        while start and lines and matches("behind", lines[0]):
            lines = lines[1:]
    for text in lines:
        if not matches("drop", text):
            print(text)


def process(pid, name):
    """a process, then its children, in the order in which it made them"""
    print(f"--- process {name}")
    programs, children = [[]], []
    for text in calls.get(pid, []):
        if is_exec(text):
            # xsc-run is no part of the legacy run
            if programs[-1] and "/xsc-run" in programs[-1][0]:
                programs[-1] = []
            elif programs[-1]:
                programs.append([])
        programs[-1].append(text)
        m = re.match(r"(?:v?fork|clone3?)\(.*\) = (\d+)", text)
        if m:
            children.append(m.group(1))
    for lines in programs:
        show(lines)
    for n, child in enumerate(children, 1):
        process(child, f"{name}.{n}")


process(first, "1")
