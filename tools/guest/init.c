// SPDX-License-Identifier: GPL-2.0
/*
 * init.c - the guest's first process: sets the machine up, runs one command
 *
 * It starts from an initramfs that holds nothing else, mounts the root file
 * system (/dev/vda) and lays the layer (/dev/vdb) over it, then serves the
 * four virtio-serial ports that xsc-vm listens to:
 *
 *   xsc.ctl   frames both ways: type (1 byte), length (u32, little endian), payload
 *   xsc.in    frames of type 'D': standard input; one of length 0 is its end
 *   xsc.out   standard output, as it is
 *   xsc.err   standard error, as it is
 *
 * Host to guest on xsc.ctl:  M tag\0path (mount a share)   C path (folder)
 *   E name=value   A argument   T rows cols (u16 each: use a terminal)
 *   Z mask (u8: of 0, 1, 2, those that are /dev/null)
 *   L (look for leaks at the end)   S (sync all at the end)   G (go)
 *   then at any time W rows cols (u16 each)
 * Guest to host:  R (about to run the command)   N text (for xsc-vm's stderr)
 *   X status (u32), bytes on xsc.out, bytes on xsc.err (u64 each)
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define LAYER		"/run/xsc-layer"
#define BUF_SIZE	(64 * 1024)
#define FRAME_MAX	(1024 * 1024)
#define LIST_MAX	65536

static int kmsg = -1;
static int ctl = -1;

/* --- messages --------------------------------------------------------------- */

static void note(const char *fmt, ...)
{
	char buf[512];
	va_list ap;
	int n;

	n = snprintf(buf, sizeof(buf), "<5>xsc-init: ");
	va_start(ap, fmt);
	n += vsnprintf(buf + n, sizeof(buf) - n, fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(buf))
		n = sizeof(buf) - 1;
	if (kmsg >= 0)
		(void)!write(kmsg, buf, n);
}

static void __attribute__((noreturn)) power_off(void)
{
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void __attribute__((noreturn)) die(const char *what)
{
	note("%s: %s", what, strerror(errno));
	power_off();
}

/* --- the machine ------------------------------------------------------------ */

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		note("write %s: %s", path, strerror(errno));
	close(fd);
}

static void mkdirs(const char *path)
{
	char buf[4096], *p;

	snprintf(buf, sizeof(buf), "%s", path);
	for (p = buf + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = 0;
		mkdir(buf, 0755);
		*p = '/';
	}
	mkdir(buf, 0755);
}

/* file systems that the kernel may lack are passed over */
static void mount_all(void)
{
	static const struct {
		const char *type, *path, *opts;
		unsigned long flags;
	} m[] = {
		{ "devpts", "/dev/pts", "gid=5,mode=620,ptmxmode=666", MS_NOSUID | MS_NOEXEC },
		{ "tmpfs", "/dev/shm", "mode=1777", MS_NOSUID | MS_NODEV },
		{ "mqueue", "/dev/mqueue", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
		{ "tmpfs", "/run", "mode=755", MS_NOSUID | MS_NODEV },
		{ "tmpfs", "/tmp", "mode=1777", MS_NOSUID | MS_NODEV },
		{ "cgroup2", "/sys/fs/cgroup", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
		{ "securityfs", "/sys/kernel/security", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
		{ "debugfs", "/sys/kernel/debug", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
		{ "tracefs", "/sys/kernel/tracing", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
		{ "bpf", "/sys/fs/bpf", "mode=700", MS_NOSUID | MS_NODEV | MS_NOEXEC },
		{ "configfs", "/sys/kernel/config", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
		{ "binfmt_misc", "/proc/sys/fs/binfmt_misc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
	};
	size_t i;

	for (i = 0; i < sizeof(m) / sizeof(m[0]); i++) {
		mkdir(m[i].path, 0755);
		mount(m[i].type, m[i].path, m[i].type, m[i].flags, m[i].opts);
	}
	put("/sys/fs/cgroup/cgroup.subtree_control", "+cpu +memory +pids +io");
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
	mkdir("/run/lock", 01777);
}

/* what Debian's sysctl.d and systemd set */
static void set_limits(void)
{
	struct rlimit nofile = { 1024, 524288 };

	put("/proc/sys/fs/protected_hardlinks", "1");
	put("/proc/sys/fs/protected_symlinks", "1");
	put("/proc/sys/fs/protected_fifos", "1");
	put("/proc/sys/fs/protected_regular", "2");
	put("/proc/sys/kernel/pid_max", "4194304");
	setrlimit(RLIMIT_NOFILE, &nofile);
}

static void net_up(const char *name, const char *addr, const char *mask, const char *gateway)
{
	struct sockaddr_in *in;
	struct rtentry rt = { 0 };
	struct ifreq r = { 0 };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (s < 0)
		return;
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (ioctl(s, SIOCGIFFLAGS, &r) < 0)
		goto out;
	if (addr) {
		in = (struct sockaddr_in *)&r.ifr_addr;
		in->sin_family = AF_INET;
		inet_aton(addr, &in->sin_addr);
		ioctl(s, SIOCSIFADDR, &r);
		inet_aton(mask, &in->sin_addr);
		ioctl(s, SIOCSIFNETMASK, &r);
		ioctl(s, SIOCGIFFLAGS, &r);
	}
	r.ifr_flags |= IFF_UP | IFF_RUNNING;
	ioctl(s, SIOCSIFFLAGS, &r);
	if (gateway) {
		((struct sockaddr_in *)&rt.rt_dst)->sin_family = AF_INET;
		((struct sockaddr_in *)&rt.rt_genmask)->sin_family = AF_INET;
		in = (struct sockaddr_in *)&rt.rt_gateway;
		in->sin_family = AF_INET;
		inet_aton(gateway, &in->sin_addr);
		rt.rt_flags = RTF_UP | RTF_GATEWAY;
		ioctl(s, SIOCADDRT, &rt);
	}
out:
	close(s);
}

/* --- the layer --------------------------------------------------------------- */

static void copy_file(const char *from, const char *to, const struct stat *st)
{
	static char buf[BUF_SIZE];
	ssize_t n = 0;
	int in, out;

	if (S_ISLNK(st->st_mode)) {
		n = readlink(from, buf, sizeof(buf) - 1);
		if (n < 0)
			return;
		buf[n] = 0;
		unlink(to);
		if (symlink(buf, to) < 0)
			note("%s: %s", to, strerror(errno));
		return;
	}
	in = open(from, O_RDONLY | O_CLOEXEC);
	unlink(to);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	while (in >= 0 && out >= 0 && (n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, n) != n) {
			n = -1;
			break;
		}
	if (in < 0 || out < 0 || n < 0)
		note("cannot copy %s to %s: %s", from, to, strerror(errno));
	if (out >= 0) {
		fchown(out, st->st_uid, st->st_gid);
		fchmod(out, st->st_mode & 07777);
		close(out);
	}
	if (in >= 0)
		close(in);
}

/*
 * The two big folders are bind-mounted, everything else is copied over the
 * root: a handful of small files.
 */
static void lay_over(const char *rel)
{
	char from[4096], to[4096];
	struct dirent *de;
	struct stat st;
	DIR *d;

	snprintf(from, sizeof(from), LAYER "%s", rel);
	if (!strcmp(rel, "/usr/lib/xsc") || !strcmp(rel, "/lib/modules")) {
		mkdirs(rel);
		if (mount(from, rel, NULL, MS_BIND, NULL) < 0)
			note("bind %s: %s", rel, strerror(errno));
		return;
	}
	d = opendir(from);
	if (!d)
		return;
	while ((de = readdir(d))) {
		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, "..") || !strcmp(de->d_name, "lost+found"))
			continue;
		if ((size_t)snprintf(to, sizeof(to), "%s/%s", rel, de->d_name) >= sizeof(to) ||
		    (size_t)snprintf(from, sizeof(from), LAYER "%s", to) >= sizeof(from) ||
		    lstat(from, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			mkdir(to, st.st_mode & 07777);
			lay_over(to);
		} else {
			copy_file(from, to, &st);
		}
	}
	closedir(d);
}

static bool cmdline_has(const char *word)
{
	char buf[4096], *p, *save;
	ssize_t n;
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n < 0 ? 0 : n] = 0;
	for (p = strtok_r(buf, " \n", &save); p; p = strtok_r(NULL, " \n", &save))
		if (!strcmp(p, word))
			return true;
	return false;
}

static void load_module(void)
{
	char path[512];
	struct utsname u;
	int fd;

	uname(&u);
	snprintf(path, sizeof(path), "/lib/modules/%s/kernel/drivers/xsc/xsc.ko", u.release);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (syscall(SYS_finit_module, fd, "", 0) < 0)
		note("cannot load %s: %s", path, strerror(errno));
	close(fd);
}

static void set_up(void)
{
	mkdir("/dev", 0755);
	mkdir("/root", 0755);
	mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=755");
	kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (mount("/dev/vda", "/root", "ext4", 0, NULL) < 0)
		die("mount /dev/vda");
	if (mount("/dev", "/root/dev", NULL, MS_MOVE, NULL) < 0)
		die("move /dev");
	if (chdir("/root") < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 ||
	    chroot(".") < 0 || chdir("/") < 0)
		die("switch to the root file system");
	mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_all();
	set_limits();
	sethostname("xsc-guest", 9);
	net_up("lo", NULL, NULL, NULL);
	net_up("eth0", "10.0.2.15", "255.255.255.0", "10.0.2.2");
	mkdir(LAYER, 0755);
	if (mount("/dev/vdb", LAYER, "ext4", MS_RDONLY, NULL) == 0)
		lay_over("");
	if (!cmdline_has("xsc_noload"))
		load_module();
}

/* --- ports ------------------------------------------------------------------- */

/* open the virtio-serial port of that name; they turn up a little after boot */
static int open_port(const char *want)
{
	char path[300], name[64];
	struct dirent *de;
	int fd, try;
	ssize_t n;
	DIR *d;

	for (try = 0; try < 1000; try++) {
		d = opendir("/sys/class/virtio-ports");
		while (d && (de = readdir(d))) {
			snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", de->d_name);
			fd = open(path, O_RDONLY | O_CLOEXEC);
			if (fd < 0)
				continue;
			n = read(fd, name, sizeof(name) - 1);
			close(fd);
			name[n > 0 ? n : 0] = 0;
			name[strcspn(name, "\n")] = 0;
			if (strcmp(name, want))
				continue;
			snprintf(path, sizeof(path), "/dev/%s", de->d_name);
			fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
			if (fd >= 0) {
				closedir(d);
				return fd;
			}
		}
		if (d)
			closedir(d);
		usleep(5000);
	}
	errno = ENODEV;
	die(want);
}

static void wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	poll(&p, 1, -1);
}

static void write_all(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len) {
		n = write(fd, p, len);
		if (n > 0) {
			p += n;
			len -= n;
		} else if (n < 0 && errno == EAGAIN) {
			wait_for(fd, POLLOUT);
		} else if (n < 0 && errno != EINTR) {
			return;
		}
	}
}

static void send_frame(char type, const void *data, uint32_t len)
{
	char buf[5 + 1024];

	if (len > 1024)
		len = 1024;
	buf[0] = type;
	memcpy(buf + 1, &len, 4);
	memcpy(buf + 5, data, len);
	write_all(ctl, buf, 5 + len);
}

static void tell(const char *fmt, ...)
{
	char buf[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	send_frame('N', buf, strlen(buf));
}

/* struct frames - bytes of a port, put together to frames */
struct frames {
	int fd;
	char *buf;
	size_t have;
};

/* fill once; false when nothing more came */
static bool frames_fill(struct frames *f)
{
	ssize_t n;

	if (!f->buf)
		f->buf = malloc(FRAME_MAX + 5);
	n = read(f->fd, f->buf + f->have, FRAME_MAX + 5 - f->have);
	if (n <= 0)
		return false;
	f->have += n;
	return true;
}

/* the first whole frame, or NULL; its payload is followed by a NUL of frames_next() */
static char *frames_peek(struct frames *f, uint32_t *len)
{
	if (f->have < 5)
		return NULL;
	memcpy(len, f->buf + 1, 4);
	if (*len > FRAME_MAX) {
		errno = EPROTO;
		die("frame");
	}
	return f->have >= 5 + (size_t)*len ? f->buf : NULL;
}

static void frames_drop(struct frames *f, uint32_t len)
{
	f->have -= 5 + len;
	memmove(f->buf, f->buf + 5 + len, f->have);
}

/* --- the command ------------------------------------------------------------- */

static struct {
	char *argv[LIST_MAX + 1];
	char *envp[LIST_MAX + 1];
	int argc, envc;
	char *cwd;
	bool tty, leaks, sync;
	unsigned int null;	/* mask of the standard files that are /dev/null */
	struct winsize ws;
	char *shares[16];
	int nr_shares;
} req;

static void mount_share(const char *tag, const char *path)
{
	mkdirs(path);
	if (mount(tag, path, "9p", 0, "trans=virtio,version=9p2000.L,msize=262144,cache=mmap,access=any") < 0) {
		tell("cannot mount the share %s: %s", path, strerror(errno));
		return;
	}
	if (req.nr_shares < 16)
		req.shares[req.nr_shares++] = strdup(path);
}

static void read_request(struct frames *f)
{
	uint32_t len;
	char *p, *text;

	for (;;) {
		p = frames_peek(f, &len);
		if (!p) {
			wait_for(f->fd, POLLIN);
			if (!frames_fill(f))
				usleep(1000);
			continue;
		}
		text = strndup(p + 5, len);
		switch (*p) {
		case 'M':
			mount_share(p + 5, strndup(p + 5 + strlen(text) + 1, len - strlen(text) - 1));
			break;
		case 'C':
			req.cwd = text;
			break;
		case 'E':
			if (req.envc < LIST_MAX)
				req.envp[req.envc++] = text;
			break;
		case 'A':
			if (req.argc < LIST_MAX)
				req.argv[req.argc++] = text;
			break;
		case 'T':
			req.tty = true;
			memcpy(&req.ws.ws_row, p + 5, 2);
			memcpy(&req.ws.ws_col, p + 7, 2);
			break;
		case 'Z':
			req.null = (unsigned char)p[5];
			break;
		case 'L':
			req.leaks = true;
			break;
		case 'S':
			req.sync = true;
			break;
		}
		text = NULL;
		if (*p == 'G') {
			frames_drop(f, len);
			return;
		}
		frames_drop(f, len);
	}
}

static void __attribute__((noreturn)) run_command(int in, int out, int err)
{
	sigset_t none;
	int e, i, fd;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (req.tty)
		ioctl(in, TIOCSCTTY, 0);
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	/* some programs look: ausearch reads a pipe instead of its log */
	fd = req.null ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
	for (i = 0; fd >= 0 && i < 3; i++)
		if (req.null & (1 << i))
			dup2(fd, i);
	if (chdir(req.cwd) < 0) {
		dprintf(2, "xsc-vm: %s is not in the guest: %s\n", req.cwd, strerror(errno));
		_exit(125);
	}
	environ = req.envp;
	execvp(req.argv[0], req.argv);
	e = errno;
	dprintf(2, "xsc-vm: %s: %s\n", req.argv[0], strerror(e));
	_exit(e == ENOENT ? 127 : 126);
}

/* struct relay - one direction: what was read and is not yet written */
struct relay {
	int from, to;
	char buf[BUF_SIZE];
	size_t pos, len;
	uint64_t total;
};

static bool relay_idle(const struct relay *r)
{
	return r->pos == r->len;
}

/* move what can be moved; false when the source is at its end or empty */
static bool relay_move(struct relay *r)
{
	ssize_t n;

	if (relay_idle(r)) {
		if (r->from < 0)
			return false;
		n = read(r->from, r->buf, sizeof(r->buf));
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return false;
		if (n <= 0) {		/* a terminal says EIO when its other side is gone */
			r->from = -1;
			return false;
		}
		r->pos = 0;
		r->len = n;
	}
	n = write(r->to, r->buf + r->pos, r->len - r->pos);
	if (n > 0) {
		r->pos += n;
		r->total += n;
	}
	return n > 0;
}

static void report_leaks(void)
{
	char line[1024];
	FILE *f;

	if (access("/sys/kernel/debug/kmemleak", W_OK) < 0) {
		tell("no leak check in this kernel (use --kernel debug)");
		return;
	}
	/* an object is reported when it is older than 5 s and was seen unreferenced twice */
	sleep(6);
	put("/sys/kernel/debug/kmemleak", "scan");
	put("/sys/kernel/debug/kmemleak", "scan");
	f = fopen("/sys/kernel/debug/kmemleak", "r");
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		note("%s", line);
	}
	if (f)
		fclose(f);
}

static void finish(void)
{
	int i, fd;

	if (req.leaks)
		report_leaks();
	for (i = 0; i < req.nr_shares; i++) {
		fd = open(req.shares[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0) {
			syncfs(fd);
			close(fd);
		}
	}
	if (req.sync)
		sync();
}

static int make_pipe(int *mine, int *theirs, bool to_child)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		die("pipe");
	*mine = p[to_child];
	*theirs = p[!to_child];
	fcntl(*mine, F_SETFL, O_NONBLOCK);
	return 0;
}

static void make_tty(int *master, int *slave)
{
	int unlock = 0, nr;
	char name[32];

	*master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (*master < 0 || ioctl(*master, TIOCSPTLCK, &unlock) < 0 || ioctl(*master, TIOCGPTN, &nr) < 0)
		die("ptmx");
	snprintf(name, sizeof(name), "/dev/pts/%d", nr);
	*slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave < 0)
		die(name);
	ioctl(*master, TIOCSWINSZ, &req.ws);
}

static struct relay out, err;

static int serve(struct frames *cmd)
{
	int port_in = open_port("xsc.in"), port_out = open_port("xsc.out"), port_err = open_port("xsc.err");
	int c_in, c_out, c_err, m_in, m_out, m_err = -1, sig, st, status = -1;
	struct frames in = { .fd = port_in };
	uint32_t in_pos = 0, len;
	struct signalfd_siginfo si;
	struct winsize ws = { 0 };
	bool in_open = true;
	sigset_t chld;
	char *p;
	pid_t pid, child;
	ssize_t n;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	sig = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	if (req.tty) {
		make_tty(&m_in, &c_in);
		m_out = m_in;
		c_out = c_err = c_in;
	} else {
		make_pipe(&m_in, &c_in, true);
		make_pipe(&m_out, &c_out, false);
		make_pipe(&m_err, &c_err, false);
	}
	send_frame('R', "", 0);
	child = fork();
	if (child < 0)
		die("fork");
	if (child == 0)
		run_command(c_in, c_out, c_err);
	close(c_in);
	if (!req.tty) {
		close(c_out);
		close(c_err);
	}
	out = (struct relay){ .from = m_out, .to = port_out };
	err = (struct relay){ .from = m_err, .to = port_err };

	while (status < 0) {
		struct pollfd pf[] = {
			{ sig, POLLIN, 0 },
			{ cmd->fd, POLLIN, 0 },
			{ relay_idle(&out) ? out.from : out.to, relay_idle(&out) ? POLLIN : POLLOUT, 0 },
			{ relay_idle(&err) ? err.from : err.to, relay_idle(&err) ? POLLIN : POLLOUT, 0 },
			{ -1, 0, 0 },
		};

		/* standard input: wait for its port, or for the command to take it */
		p = frames_peek(&in, &len);
		if (in_open)
			pf[4] = p ? (struct pollfd){ m_in, POLLOUT, 0 } : (struct pollfd){ port_in, POLLIN, 0 };
		if (poll(pf, 5, -1) < 0)
			continue;

		if (pf[2].revents)
			relay_move(&out);
		if (pf[3].revents)
			relay_move(&err);
		if (pf[1].revents) {
			if (!frames_fill(cmd))
				usleep(10000);
			while ((p = frames_peek(cmd, &len))) {
				if (*p == 'W' && req.tty) {
					memcpy(&ws.ws_row, p + 5, 2);
					memcpy(&ws.ws_col, p + 7, 2);
					ioctl(m_in, TIOCSWINSZ, &ws);
				}
				frames_drop(cmd, len);
			}
		}
		if (in_open && pf[4].revents) {
			p = frames_peek(&in, &len);
			if (!p) {
				if (!frames_fill(&in))
					usleep(10000);
			} else if (len == 0) {
				in_open = false;
				if (!req.tty)
					close(m_in);
			} else {
				n = write(m_in, p + 5 + in_pos, len - in_pos);
				if (n < 0 && errno != EAGAIN && errno != EINTR) {
					in_open = false;	/* nobody reads it any more */
					if (!req.tty)
						close(m_in);
				} else if (n > 0 && (in_pos += n) == len) {
					frames_drop(&in, len);
					in_pos = 0;
				}
			}
		}
		if (pf[0].revents) {
			while (read(sig, &si, sizeof(si)) == sizeof(si))
				;
			while ((pid = waitpid(-1, &st, WNOHANG)) > 0)
				if (pid == child)
					status = WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
		}
	}

	/* what it wrote before it ended; what its background children write later is lost */
	for (int i = 0; i < 2; i++) {
		struct relay *r = i ? &err : &out;

		while (relay_move(r) || !relay_idle(r))
			if (!relay_idle(r))
				wait_for(r->to, POLLOUT);
	}
	return status;
}

int main(void)
{
	struct frames cmd = { 0 };
	struct {
		uint32_t status;
		uint64_t out, err;
	} __attribute__((packed)) x;

	set_up();
	ctl = cmd.fd = open_port("xsc.ctl");
	read_request(&cmd);
	x.status = serve(&cmd);
	finish();
	x.out = out.total;
	x.err = err.total;
	send_frame('X', &x, sizeof(x));
	/* xsc-vm ends the machine; if it is gone, the machine ends itself */
	sleep(10);
	power_off();
}
