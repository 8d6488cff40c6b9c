# SPDX-License-Identifier: GPL-2.0
"""What the measuring scripts share: running lines in a guest, keeping results."""
import os
import platform
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(TOP, "build", "bench")
RESULTS = os.path.join(TOP, "bench", "results")
# what build_bench() builds
LEGACY = os.path.join(OUT, "xsc-bench-legacy")
XSC = os.path.join(OUT, "xsc-bench-xsc")
START = os.path.join(OUT, "xsc-start")
# Against ITS the kernel patches a return by the address it happens to lie at: one
# instruction in the upper half of a cache line, two in the lower.  Without that the
# count says what the code does, not where the linker put it.
ICOUNT = ("--icount", "--append", "indirect_target_selection=off")
# two CPUs, each a thread of the host; a guest that hangs so is given up
WALL = ("--smp", "2", "--parallel", "--timeout", "1800")


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def guest(lines, *options, shell="sh", runner=()):
    """Run shell lines in one guest, by runner if there is one; returns the rows that they print."""
    r = subprocess.run([os.path.join(TOP, "xsc-vm"), *options, "--", *runner, shell, "-e", "-c", "\n".join(lines)],
                       stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, cwd=TOP)
    if r.returncode:
        print(r.stdout, file=sys.stderr)
        sys.exit(f"bench: the guest ended with status {r.returncode}; see its message above")
    return [line.split("\t") for line in r.stdout.splitlines()]


def build_bench():
    """xsc-bench as a legacy and as an XSC program, and xsc-start."""
    os.makedirs(OUT, exist_ok=True)
    bench = os.path.join(TOP, "bench")
    flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-static", os.path.join(bench, "xsc-bench.c")]
    inc = ["-I", os.path.join(TOP, "build", "tools-stage", "usr", "include")]
    subprocess.run(["cc", *flags, "-o", LEGACY, "-luring"], check=True)
    subprocess.run([os.path.join(TOP, "xsc-cc"), "-DXSC_PROCESS", "-mno-red-zone",
                    *inc, *flags, "-o", XSC], check=True)
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-I", os.path.join(TOP, "kernel", "drivers", "xsc"),
                    os.path.join(bench, "xsc-start.c"), "-o", START], check=True)


def make_examples(*targets):
    """Build what examples/ and tests/apps have of programs to measure or to count with."""
    subprocess.run([os.path.join(TOP, "tools", "build-tools.sh")], check=True)
    subprocess.run(["make", "-s", "-C", os.path.join(TOP, "examples"), "all",
                    *(os.path.join(TOP, "build", "examples", t) for t in targets)], check=True)
    subprocess.run(["make", "-s", "-C", os.path.join(TOP, "tests", "apps"), f"TOP={TOP}", f"BUILD={TOP}/build",
                    os.path.join(TOP, "build", "tests", "apps", "count-entries")], check=True)


def machine():
    """The lines that say where a result comes from."""
    model = "unknown CPU"
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    qemu = subprocess.run(["qemu-system-x86_64", "--version"], stdout=subprocess.PIPE, text=True, check=False)
    commit = subprocess.run(["git", "describe", "--always", "--exclude=*"], cwd=TOP, stdout=subprocess.PIPE, text=True, check=False)
    # what says how it came out does not change how it comes out
    changed = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", ".", ":!docs", ":!bench/results"], cwd=TOP, check=False)
    kernel = guest(["uname -rv"])[0][0]
    return [f"host: {model}, {os.cpu_count()} CPUs, Linux {platform.release()}",
            f"guest: {qemu.stdout.splitlines()[0] if qemu.stdout else 'QEMU'} (TCG), Linux {kernel}",
            f"source: {commit.stdout.strip()}{'-dirty' if changed.returncode else ''}"]


def save(*tables):
    """bench/results/NAME.tsv of each (name, columns, rows): where it comes from in remarks, then a line of names, then rows."""
    os.makedirs(RESULTS, exist_ok=True)
    remarks = machine() + ["command: " + " ".join([os.path.relpath(sys.argv[0], TOP), *sys.argv[1:]])]
    for name, columns, rows in tables:
        path = os.path.join(RESULTS, f"{name}.tsv")
        with open(path, "w", encoding="utf-8") as f:
            f.write("".join(f"# {line}\n" for line in remarks))
            f.write("\t".join(columns) + "\n")
            for row in rows:
                f.write("\t".join(str(v) for v in row) + "\n")
        say(f"kept in {os.path.relpath(path, TOP)}")


def load(name):
    """The rows of bench/results/NAME.tsv as dictionaries, and its remarks."""
    rows, remarks, columns = [], [], None
    with open(os.path.join(RESULTS, f"{name}.tsv"), encoding="utf-8") as f:
        for line in f:
            line = line.rstrip("\n")
            if line.startswith("# "):
                remarks.append(line[2:])
            elif columns is None:
                columns = line.split("\t")
            else:
                rows.append(dict(zip(columns, line.split("\t"))))
    return rows, remarks


def report(goals, check=False):
    """Print each (text, value, limit); returns how many are missed."""
    missed = 0
    if check:
        print(f"1..{len(goals)}")
    for n, (text, value, limit) in enumerate(goals, 1):
        ok = value <= limit
        missed += not ok
        if check:
            print(f"{'' if ok else 'not '}ok {n} - {text}: {value:.3f}, goal {limit:g} or less")
        else:
            print(f"{'met   ' if ok else 'MISSED'}  {text}: {value:.3f} (goal: {limit:g} or less)")
    return missed
