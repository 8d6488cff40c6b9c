/* SPDX-License-Identifier: MIT */
/* A thread that is blocked in any cancellation point goes when it is cancelled,
   after its cleanup handler; one that was cancelled before never blocks.  */
#define _GNU_SOURCE
#include <aio.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "test.h"

static int rd, full, sock, fullsock, listener, client, lockfile, ep, mqid, fullmqid;
static struct sockaddr_un busy;
static socklen_t busylen = sizeof(busy);
static mqd_t mq, fullmq;
static pid_t sleeper;
static char fifo[64], name[64];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static sem_t sem;
static pthread_t never;
static char buf[1 << 17];
static struct iovec iov = { buf, sizeof(buf) };

static void do_read(void) { read(rd, buf, 1); }
static void do_readv(void) { readv(rd, &iov, 1); }
static void do_write(void) { write(full, buf, sizeof(buf)); }
static void do_writev(void) { writev(full, &iov, 1); }
static void do_poll(void) { poll(NULL, 0, -1); }
static void do_ppoll(void) { struct pollfd p = { rd, POLLIN, 0 }; ppoll(&p, 1, NULL, NULL); }
static void do_select(void) { fd_set s; FD_ZERO(&s); FD_SET(rd, &s); select(rd + 1, &s, NULL, NULL, NULL); }
static void do_pselect(void) { pselect(0, NULL, NULL, NULL, NULL, NULL); }
static void do_epoll(void) { struct epoll_event e; epoll_wait(ep, &e, 1, -1); }
static void do_pause(void) { pause(); }
static void do_sleep(void) { sleep(1000); }
static void do_nanosleep(void) { struct timespec t = { 1000, 0 }; nanosleep(&t, NULL); }
static void do_clock_nanosleep(void) { struct timespec t = { 1L << 40, 0 }; clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL); }
static void do_recv(void) { recv(sock, buf, 1, 0); }
static void do_recvmsg(void) { struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 }; recvmsg(sock, &m, 0); }
static void do_send(void) { send(fullsock, buf, sizeof(buf), 0); }
static void do_sendmsg(void) { struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 }; sendmsg(fullsock, &m, 0); }
static void do_connect(void) { connect(client, (void *)&busy, busylen); }
static void do_accept(void) { accept(listener, NULL, NULL); }
static void do_waitpid(void) { waitpid(sleeper, NULL, 0); }
static void do_waitid(void) { siginfo_t s; waitid(P_PID, sleeper, &s, WEXITED); }
static void do_sigwait(void) { sigset_t s; int n; sigemptyset(&s); sigaddset(&s, SIGUSR2); sigwait(&s, &n); }
static void do_sigtimedwait(void) { sigset_t s; sigemptyset(&s); sigaddset(&s, SIGUSR2); sigwaitinfo(&s, NULL); }
static void do_sigsuspend(void) { sigset_t s; sigemptyset(&s); sigsuspend(&s); }
static void do_cond(void) { pthread_mutex_lock(&mutex); pthread_cleanup_push((void (*)(void *))pthread_mutex_unlock, &mutex); pthread_cond_wait(&cond, &mutex); pthread_cleanup_pop(1); }
static void do_sem(void) { sem_wait(&sem); }
static void do_semtimed(void) { struct timespec t = { 1L << 40, 0 }; sem_timedwait(&sem, &t); }
static void do_join(void) { pthread_join(never, NULL); }
static void do_timedjoin(void) { struct timespec t = { 1L << 40, 0 }; pthread_timedjoin_np(never, NULL, &t); }
static void do_open(void) { close(open(fifo, O_RDONLY)); }
static void do_openat(void) { close(openat(AT_FDCWD, fifo, O_RDONLY)); }
static void do_lock(void) { struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET }; fcntl(lockfile, F_OFD_SETLKW, &l); }
static void do_msgrcv(void) { msgrcv(mqid, buf, 1, 0, 0); }
static void do_msgsnd(void) { static struct { long type; char text[1]; } m = { 1 }; msgsnd(fullmqid, &m, 1, 0); }
static void do_mqsend(void) { mq_send(fullmq, buf, 1, 0); }
static void do_mq(void) { mq_receive(mq, buf, sizeof(buf), NULL); }
static void do_aio(void)
{
	struct aiocb cb = { .aio_fildes = rd, .aio_buf = buf, .aio_nbytes = 1 };
	const struct aiocb *list[] = { NULL };

	(void)cb;
	aio_suspend(list, 1, NULL);
}

#define POINT(f)	{ #f, do_##f }
static const struct { const char *name; void (*f)(void); } points[] = {
	POINT(read), POINT(readv), POINT(write), POINT(writev), POINT(poll), POINT(ppoll),
	POINT(select), POINT(pselect), POINT(epoll), POINT(pause), POINT(sleep),
	POINT(nanosleep), POINT(clock_nanosleep), POINT(recv), POINT(recvmsg),
	POINT(send), POINT(sendmsg), POINT(connect), POINT(accept), POINT(waitpid), POINT(waitid), POINT(sigwait), POINT(sigtimedwait),
	POINT(sigsuspend), POINT(cond), POINT(sem), POINT(semtimed), POINT(join),
	POINT(timedjoin), POINT(open), POINT(openat), POINT(lock),
	POINT(msgrcv), POINT(msgsnd), POINT(mq), POINT(mqsend), POINT(aio),
};

static volatile int cleaned;
static volatile pid_t tid;
static int early;
static sem_t go;

static void cleanup(void *arg)
{
	(void)arg;
	cleaned++;
}

static void *thread(void *arg)
{
	pthread_cleanup_push(cleanup, NULL);
	if (early)
		while (sem_trywait(&go))
			sched_yield();
	tid = gettid();
	((void (*)(void))arg)();
	/* a call that returned without being cancelled, in vain */
	pthread_cleanup_pop(0);
	return NULL;
}

static void *forever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/* until the kernel says that the thread sleeps */
static void until_asleep(pid_t t)
{
	char path[64], text[512], *p;
	int fd, n, i;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", t);
	for (i = 0; i < 5000; i++) {
		fd = open(path, O_RDONLY);
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		text[n > 0 ? n : 0] = 0;
		p = strrchr(text, ')');
		if (p && p[2] == 'S')
			return;
		usleep(1000);
	}
	CHECK(!"the thread goes to sleep");
}

int main(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = 16 };
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct { long type; char text[16]; } msg = { 1 };
	struct msqid_ds ds;
	int p[2], q[2], s[2], r[2], other;
	unsigned int i;
	pthread_t t;
	sigset_t set;
	void *ret;

	alarm(250);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	CHECK(!pipe(p) && !pipe(q) && !socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	rd = p[0];
	full = q[1];
	sock = s[0];
	/* so full that a cancelled write has written nothing */
	fcntl(full, F_SETFL, O_NONBLOCK);
	while (write(full, buf, 4096) > 0)
		;
	fcntl(full, F_SETFL, 0);
	snprintf(fifo, sizeof(fifo), "/tmp/cancel-points-%d", getpid());
	CHECK(!mkfifo(fifo, 0600));
	snprintf(name, sizeof(name), "/tmp/cancel-lock-%d", getpid());
	other = open(name, O_RDWR | O_CREAT, 0600);
	lockfile = open(name, O_RDWR);
	CHECK(!fcntl(other, F_OFD_SETLK, &l));
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(!bind(listener, (void *)&sun, sizeof(sa_family_t)) && !listen(listener, 1));
	/* one connection waits there, and that is all that may */
	other = socket(AF_UNIX, SOCK_STREAM, 0);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(!bind(other, (void *)&sun, sizeof(sa_family_t)) && !listen(other, 0));
	CHECK(!getsockname(other, (void *)&busy, &busylen) && !connect(client, (void *)&busy, busylen));
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, r));
	fullsock = r[0];
	while (send(fullsock, buf, 4096, MSG_DONTWAIT) > 0)
		;
	ep = epoll_create1(0);
	mqid = msgget(IPC_PRIVATE, 0600);
	fullmqid = msgget(IPC_PRIVATE, 0600);
	CHECK(mqid >= 0 && fullmqid >= 0);
	CHECK(!msgctl(fullmqid, IPC_STAT, &ds));
	ds.msg_qbytes = 16;
	CHECK(!msgctl(fullmqid, IPC_SET, &ds) && !msgsnd(fullmqid, &msg, 16, 0));
	mq = mq_open("/cancel-points", O_RDWR | O_CREAT, 0600, &attr);
	fullmq = mq_open("/cancel-points-full", O_RDWR | O_CREAT, 0600, &attr);
	CHECK(mq != (mqd_t)-1 && fullmq != (mqd_t)-1);
	CHECK(!mq_send(fullmq, buf, 1, 0) && !mq_send(fullmq, buf, 1, 0));
	CHECK(!sem_init(&sem, 0, 0) && !sem_init(&go, 0, 0));
	CHECK(!pthread_create(&never, NULL, forever, NULL));
	sleeper = fork();
	if (!sleeper) {
		pause();
		_exit(0);
	}

	for (early = 0; early < 2; early++)
		for (i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
			/* aio_suspend of nothing returns at once unless it is cancelled first */
			if (!early && points[i].f == do_aio)
				continue;
			cleaned = 0;
			tid = 0;
			CHECK(!pthread_create(&t, NULL, thread, points[i].f));
			if (early) {
				CHECK(!pthread_cancel(t));
				sem_post(&go);
			} else {
				while (!tid)
					usleep(1000);
				until_asleep(tid);
				CHECK(!pthread_cancel(t));
			}
			CHECK(!pthread_join(t, &ret));
			if (early && points[i].f == do_aio)
				continue;
			if (ret != PTHREAD_CANCELED || cleaned != 1)
				fprintf(stderr, "%s, early %d: cleaned %d\n", points[i].name, early, cleaned);
			CHECK(ret == PTHREAD_CANCELED && cleaned == 1);
		}

	/* nothing was taken or left locked by those that went */
	CHECK(!pthread_mutex_trylock(&mutex));
	CHECK(write(p[1], "x", 1) == 1 && read(rd, buf, 2) == 1);
	CHECK(write(s[1], "y", 1) == 1 && recv(sock, buf, 2, 0) == 1);
	kill(sleeper, SIGKILL);
	CHECK(waitpid(sleeper, NULL, 0) == sleeper);
	unlink(fifo);
	unlink(name);
	mq_unlink("/cancel-points");
	mq_unlink("/cancel-points-full");
	msgctl(mqid, IPC_RMID, NULL);
	msgctl(fullmqid, IPC_RMID, NULL);
	return 0;
}
