// SPDX-License-Identifier: MIT
/*
 * notes-files.c - the note in files of other kinds: 32-bit, x32, dynamic,
 * scripts; inheritance by prctl; TEST: stock
 */
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <linux/capability.h>

#include "elf-make.h"
#include "tap.h"
#include "witness.h"

#define SYSCTL	"/proc/sys/kernel/xsc/"

static struct elf e;
static char dir[200];

static void put(const char *name, const char *text)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), SYSCTL "%s", name);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		dprintf(1, "# cannot write %s\n", path);
	close(fd);
}

static const char *in_dir(const char *name)
{
	static char path[4][300];
	static int n;

	n = (n + 1) % 4;
	snprintf(path[n], sizeof(path[n]), "%s/%s", dir, name);
	return path[n];
}

/* what a child does before it executes */
struct how {
	bool	inherit;
	int	uid;
};

static int run_as(const char *path, struct how how)
{
	int fds[2], err = 0, status, pid;

	if (pipe2(fds, O_CLOEXEC))
		return -9999;
	pid = fork();
	if (!pid) {
		char *args[] = { (char *)path, NULL }, *env[] = { NULL };

		if (how.uid && (setgroups(0, NULL) || setgid(how.uid) || setuid(how.uid)))
			_exit(98);
		if (how.inherit && prctl(PR_XSC, XSC_PR_INHERIT, 1, 0, 0))
			_exit(97);
		execve(path, args, env);
		err = -errno;
		(void)!write(fds[1], &err, sizeof(err));
		_exit(0);
	}
	close(fds[1]);
	if (read(fds[0], &err, sizeof(err)) != sizeof(err))
		err = 0;
	close(fds[0]);
	waitpid(pid, &status, 0);
	return err ? err : WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

static int run(const char *path)
{
	return run_as(path, (struct how) { false, 0 });
}

/* under each policy: what a file comes to */
static void three(const char *what, const char *path, int off, int audit, int enforce)
{
	const int want[] = { off, audit, enforce };

	for (int pol = 0; pol <= 2; pol++) {
		int got;

		put("exec_policy", (char []) { '0' + pol, 0 });
		got = run(path);
		put("exec_policy", "0");
		tap_is(got, want[pol], "policy %d, %s", pol, what);
	}
}

static void stamp(void)
{
	elf_xsc(&e, 1, 0);
	elf_segment(&e, ELF_NOTES);
}

static void other_classes(void)
{
	elf_start(&e, EM_386, true, ET_EXEC, 0);
	elf_write(&e, in_dir("i386"), 0755);
	three("32-bit, unstamped", in_dir("i386"), ELF_I386, ELF_I386, -EACCES);
	stamp();
	elf_write(&e, in_dir("i386s"), 0755);
	three("32-bit, stamped", in_dir("i386s"), -ENOEXEC, -ENOEXEC, -ENOEXEC);

	elf_start(&e, EM_X86_64, true, ET_EXEC, ELF_BASE);
	stamp();
	elf_write(&e, in_dir("x32s"), 0755);
	three("x32, stamped", in_dir("x32s"), -ENOEXEC, -ENOEXEC, -ENOEXEC);

	/* the same file, of a machine that is not ours */
	elf_start(&e, EM_AARCH64, false, ET_EXEC, ELF_BASE);
	stamp();
	elf_write(&e, in_dir("arm"), 0755);
	three("another machine's, stamped", in_dir("arm"), -ENOEXEC, -ENOEXEC, -ENOEXEC);
}

static void static_pie(void)
{
	elf_start(&e, EM_X86_64, false, ET_DYN, ELF_BASE);
	((Elf64_Ehdr *)e.b)->e_entry = ELF_VADDR + ELF_CODE;
	elf_write(&e, in_dir("pie"), 0755);
	three("position-independent, unstamped", in_dir("pie"), ELF_BASE, ELF_BASE, -EACCES);
	stamp();
	elf_write(&e, in_dir("pies"), 0755);
	three("position-independent, stamped", in_dir("pies"), ELF_BASE + 1, ELF_BASE + 1, ELF_BASE + 1);
}

/* interpreters: NAME unstamped, NAMEs stamped; each also below a prefix */
static void dynamic(void)
{
	char prefix[256], path[600];

	snprintf(prefix, sizeof(prefix), "%s/prefix", dir);
	for (int stamped = 0; stamped < 2; stamped++) {
		elf_start(&e, EM_X86_64, false, ET_DYN, ELF_INTERP);
		if (stamped)
			stamp();
		elf_write(&e, in_dir(stamped ? "interps" : "interp"), 0755);
	}

	for (int ps = 0; ps < 2; ps++)
		for (int is = 0; is < 2; is++) {
			char name[32];

			elf_start(&e, EM_X86_64, false, ET_EXEC, ELF_BASE);
			elf_interp(&e, in_dir(is ? "interps" : "interp"));
			if (ps)
				stamp();
			snprintf(name, sizeof(name), "dyn%d%d", ps, is);
			elf_write(&e, in_dir(name), 0755);
		}
	three("dynamic, unstamped, interpreter unstamped", in_dir("dyn00"), ELF_INTERP, ELF_INTERP, -EACCES);
	three("dynamic, unstamped, interpreter stamped", in_dir("dyn01"), ELF_INTERP, ELF_INTERP, -EACCES);
	three("dynamic, stamped, interpreter unstamped", in_dir("dyn10"), ELF_INTERP + 1, ELF_INTERP + 1, -EACCES);
	three("dynamic, stamped, interpreter stamped", in_dir("dyn11"), ELF_INTERP + 1, ELF_INTERP + 1, ELF_INTERP + 1);

	/* PT_INTERP that names nothing, or rubbish */
	elf_start(&e, EM_X86_64, false, ET_EXEC, ELF_BASE);
	elf_interp(&e, in_dir("no-such-interpreter"));
	stamp();
	elf_write(&e, in_dir("dynx"), 0755);
	three("dynamic, stamped, no interpreter", in_dir("dynx"), -ENOENT, -ENOENT, -ENOENT);

	/* below the prefix there is another one */
	mkdir(prefix, 0755);
	for (const char *p = dir + 1; p; p = strchr(p + 1, '/')) {
		const char *slash = strchr(p + 1, '/');

		snprintf(path, sizeof(path), "%s/%.*s", prefix, (int)(slash ? slash - dir - 1 : (long)strlen(dir) - 1), dir + 1);
		mkdir(path, 0755);
	}
	elf_start(&e, EM_X86_64, false, ET_DYN, ELF_PREFIXED);
	stamp();
	snprintf(path, sizeof(path), "%s%s/interp", prefix, dir);
	tap_is(elf_write(&e, path, 0755), 0, "an interpreter below the prefix");
	put("interp_prefix", prefix);
	three("prefix, unstamped program", in_dir("dyn00"), ELF_INTERP, ELF_INTERP, -EACCES);
	three("prefix, stamped program", in_dir("dyn10"), ELF_PREFIXED + 1, ELF_PREFIXED + 1, ELF_PREFIXED + 1);
	three("prefix, nothing below it", in_dir("dyn11"), ELF_INTERP + 1, ELF_INTERP + 1, ELF_INTERP + 1);
	tap_is(run_as(in_dir("dyn00"), (struct how) { true, 0 }), ELF_PREFIXED + 3, "prefix, inherited");
	put("interp_prefix", "/no/such/prefix");
	tap_is(run(in_dir("dyn10")), ELF_INTERP + 1, "a prefix that is not there: the path itself");
	put("interp_prefix", "\n");
	tap_is(run(in_dir("dyn10")), ELF_INTERP + 1, "no prefix");
	put("interp_prefix", "/usr/lib/xsc");
}

static void script(const char *name, const char *interp)
{
	char text[400];
	int fd;

	snprintf(text, sizeof(text), "#!%s\n", interp);
	fd = open(in_dir(name), O_WRONLY | O_CREAT | O_TRUNC, 0755);
	(void)!write(fd, text, strlen(text));
	close(fd);
}

static void scripts(void)
{
	elf_start(&e, EM_X86_64, false, ET_EXEC, ELF_BASE);
	elf_write(&e, in_dir("plain"), 0755);
	stamp();
	elf_write(&e, in_dir("stamped"), 0755);
	script("script0", in_dir("plain"));
	script("script1", in_dir("stamped"));
	script("script2", in_dir("script1"));
	three("a script with an unstamped interpreter", in_dir("script0"), ELF_BASE, ELF_BASE, -EACCES);
	three("a script with a stamped interpreter", in_dir("script1"), ELF_BASE + 1, ELF_BASE + 1, ELF_BASE + 1);
	three("a script with such a script", in_dir("script2"), ELF_BASE + 1, ELF_BASE + 1, ELF_BASE + 1);
}

static void inherit(void)
{
	const struct how yes = { true, 0 }, user = { true, 65534 };
	const struct vfs_cap_data raw = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data = { { .permitted = 1 << CAP_NET_RAW } },
	};

	tap_is(run_as(in_dir("dyn00"), yes), ELF_INTERP + 2, "inherit: nothing below the prefix for its interpreter: legacy");
	tap_is(run_as(in_dir("dyn10"), yes), ELF_INTERP + 3, "inherit: the same with a note");
	put("interp_prefix", "\n");
	tap_is(run_as(in_dir("dyn00"), yes), ELF_INTERP + 3, "inherit: a dynamic program without a note");
	tap_is(run_as(in_dir("dyn10"), yes), ELF_INTERP + 3, "inherit: one with a note");
	tap_is(run_as(in_dir("plain"), yes), ELF_BASE + 2, "inherit: a static program stays legacy, the wish stays");
	tap_is(run_as(in_dir("i386"), yes), ELF_I386, "inherit: a 32-bit program stays legacy");
	tap_is(run_as(in_dir("script0"), yes), ELF_BASE + 2, "inherit: a script with a static interpreter");
	put("exec_policy", "2");
	tap_is(run_as(in_dir("dyn00"), yes), -EACCES, "inherit: enforce wants the note");
	put("exec_policy", "0");

	/* set-id programs: neither the mark nor the wish */
	chmod(dir, 0755);
	elf_start(&e, EM_X86_64, false, ET_EXEC, ELF_BASE);
	elf_interp(&e, in_dir("interp"));
	elf_write(&e, in_dir("suid"), 04755);
	elf_write(&e, in_dir("sgid"), 02755);
	elf_write(&e, in_dir("suid-user"), 0755);
	(void)!chown(in_dir("suid-user"), 65534, 65534);
	chmod(in_dir("suid-user"), 04755);
	tap_is(run_as(in_dir("dyn00"), user), ELF_INTERP + 3, "inherit, as a user");
	tap_is(run_as(in_dir("suid"), user), ELF_INTERP, "inherit: set-uid");
	tap_is(run_as(in_dir("sgid"), user), ELF_INTERP, "inherit: set-gid");
	tap_is(run_as(in_dir("suid-user"), yes), ELF_INTERP, "inherit: set-uid from root to a user");
	elf_write(&e, in_dir("capable"), 0755);
	tap_is(setxattr(in_dir("capable"), "security.capability", &raw, sizeof(raw), 0), 0, "a file with a capability");
	tap_is(run_as(in_dir("capable"), user), ELF_INTERP, "inherit: file capabilities");
	/* a stamped one says itself what it wants */
	elf_start(&e, EM_X86_64, false, ET_EXEC, ELF_BASE);
	stamp();
	elf_write(&e, in_dir("suids"), 04755);
	tap_is(run_as(in_dir("suids"), user), ELF_BASE + 1, "inherit: stamped and set-uid: XSC, and the wish is gone");

	tap_is(prctl(PR_XSC, XSC_PR_GET, 0, 0, 0), 0, "this process is legacy");
	tap_is(prctl(PR_XSC, XSC_PR_INHERIT, 1, 0, 0), 0, "set");
	tap_is(prctl(PR_XSC, XSC_PR_GET, 0, 0, 0), XSC_ST_INHERIT, "get");
	tap_is(run(in_dir("dyn00")), ELF_INTERP + 3, "a child inherits the wish");
	tap_is(prctl(PR_XSC, XSC_PR_INHERIT, 0, 0, 0), 0, "unset");
	tap_is(run(in_dir("dyn00")), ELF_INTERP, "a child of it has none");
	static const struct { unsigned long cmd, a, b, c; } bad[] = {
		{ XSC_PR_INHERIT, 2, 0, 0 }, { XSC_PR_INHERIT, -1UL, 0, 0 }, { XSC_PR_INHERIT, 1, 1, 0 },
		{ XSC_PR_INHERIT, 1, 0, 1 }, { XSC_PR_GET, 1, 0, 0 }, { XSC_PR_GET, 0, 1, 0 }, { XSC_PR_GET, 0, 0, 1 },
		{ 2, 0, 0, 0 }, { -1UL, 0, 0, 0 },
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		tap_ok(prctl(PR_XSC, bad[i].cmd, bad[i].a, bad[i].b, bad[i].c) == -1 && errno == EINVAL,
		       "prctl(PR_XSC, %ld, %ld, %ld, %ld): EINVAL", bad[i].cmd, bad[i].a, bad[i].b, bad[i].c);
	tap_is(prctl(PR_XSC, XSC_PR_GET, 0, 0, 0), 0, "and nothing has come of it");
	put("interp_prefix", "/usr/lib/xsc");
}

static void sysctls(void)
{
	static const char *const bad[] = { "3", "-1", "x", "99999999999" };
	char text[16];

	for (int i = 0; i < 4; i++) {
		int fd = open(SYSCTL "exec_policy", O_WRONLY);

		tap_is(write(fd, bad[i], strlen(bad[i])), -1, "policy %s: refused", bad[i]);
		close(fd);
		witness_read(SYSCTL "exec_policy", text, sizeof(text));
		tap_ok(!strcmp(text, "0\n"), "it is what it was");
	}
}

int main(void)
{
	if (access(SYSCTL, F_OK)) {
		tap_skip("this kernel has no XSC");
		return tap_done();
	}
	(void)!getcwd(dir, sizeof(dir));
	sysctls();
	other_classes();
	static_pie();
	dynamic();
	scripts();
	inherit();
	return tap_done();
}
