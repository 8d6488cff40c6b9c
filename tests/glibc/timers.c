/* SPDX-License-Identifier: MIT */
/* Timers that start threads, send signals to a process or to one thread; timerfd; overruns.  */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include "test.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static sem_t fired;
static volatile pid_t other_thread;
static volatile sig_atomic_t signals, value, in_tid;

static void in_thread(union sigval v)
{
	/* the helper thread starts this one with signals blocked; it makes calls of its own */
	other_thread = gettid();
	if (v.sival_int == 77)
		sem_post(&fired);
}

static void handler(int sig, siginfo_t *si, void *uc)
{
	(void)sig;
	(void)uc;
	value = si->si_value.sival_int;
	in_tid = syscall(SYS_gettid);
	signals++;
}

static void *sleeper(void *arg)
{
	*(volatile pid_t *)arg = gettid();
	while (!signals)
		usleep(1000);
	return NULL;
}

int main(void)
{
	struct itimerspec its = { .it_value.tv_nsec = 5000000 };
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD,
			       .sigev_notify_function = in_thread,
			       .sigev_value.sival_int = 77 };
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	struct itimerval itv = { .it_value.tv_usec = 5000 };
	volatile pid_t tid = 0;
	uint64_t n;
	pthread_t t;
	timer_t id;
	sigset_t s;
	int fd;

	alarm(100);
	CHECK(!sem_init(&fired, 0, 0));

	/* five times, each in a new thread */
	its.it_interval.tv_nsec = 5000000;
	CHECK(!timer_create(CLOCK_MONOTONIC, &ev, &id));
	CHECK(!timer_settime(id, 0, &its, NULL));
	for (int i = 0; i < 5; i++)
		while (sem_wait(&fired))
			CHECK(errno == EINTR);
	CHECK(other_thread && other_thread != gettid());
	CHECK(!timer_delete(id));

	/* several at once */
	timer_t many[20];
	its.it_interval.tv_nsec = 0;
	for (int i = 0; i < 20; i++) {
		CHECK(!timer_create(CLOCK_REALTIME, &ev, &many[i]));
		CHECK(!timer_settime(many[i], 0, &its, NULL));
	}
	while (!sem_trywait(&fired))
		;
	for (int i = 0; i < 20; i++)
		CHECK(!timer_delete(many[i]));

	/* a signal with a value */
	CHECK(!sigaction(SIGUSR1, &sa, NULL) && !sigaction(SIGUSR2, &sa, NULL) && !sigaction(SIGALRM, &sa, NULL));
	ev = (struct sigevent){ .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1,
				.sigev_value.sival_int = 88 };
	CHECK(!timer_create(CLOCK_MONOTONIC, &ev, &id));
	CHECK(!timer_settime(id, 0, &its, NULL));
	while (!signals)
		usleep(1000);
	CHECK(value == 88);
	CHECK(!timer_delete(id));

	/* to one thread and no other: a signal to the process would go to this one */
	signals = 0;
	CHECK(!pthread_create(&t, NULL, sleeper, (void *)&tid));
	while (!tid)
		usleep(1000);
	ev = (struct sigevent){ .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR2,
				.sigev_notify_thread_id = tid };
	CHECK(!timer_create(CLOCK_MONOTONIC, &ev, &id));
	CHECK(!timer_settime(id, 0, &its, NULL));
	CHECK(!pthread_join(t, NULL));
	CHECK(in_tid == tid);
	CHECK(!timer_delete(id));
	sigemptyset(&s);
	sigaddset(&s, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &s, NULL);

	/* overruns of a blocked signal */
	its = (struct itimerspec){ .it_value.tv_nsec = 1000000, .it_interval.tv_nsec = 1000000 };
	ev = (struct sigevent){ .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2 };
	CHECK(!timer_create(CLOCK_MONOTONIC, &ev, &id));
	CHECK(!timer_settime(id, 0, &its, NULL));
	usleep(100000);
	siginfo_t si;
	CHECK(sigwaitinfo(&s, &si) == SIGUSR2 && si.si_code == SI_TIMER);
	CHECK(timer_getoverrun(id) > 1 && timer_getoverrun(id) == si.si_overrun);
	CHECK(!timer_delete(id));

	/* a CPU clock, which only the kernel can read */
	its = (struct itimerspec){ .it_value.tv_nsec = 10000000 };
	ev.sigev_signo = SIGUSR1;
	signals = 0;
	CHECK(!timer_create(CLOCK_THREAD_CPUTIME_ID, &ev, &id));
	CHECK(!timer_settime(id, 0, &its, NULL));
	while (!signals)
		;
	CHECK(!timer_delete(id));

	signals = 0;
	alarm(0);
	CHECK(!setitimer(ITIMER_REAL, &itv, NULL));
	while (!signals)
		usleep(1000);
	alarm(100);

	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	its = (struct itimerspec){ .it_value.tv_nsec = 1000000, .it_interval.tv_nsec = 1000000 };
	CHECK(!timerfd_settime(fd, 0, &its, NULL));
	usleep(20000);
	CHECK(read(fd, &n, sizeof(n)) == sizeof(n) && n > 1);
	errno = 0;
	CHECK(timer_settime(id, 0, (void *)8, NULL) == -1 && (errno == EFAULT || errno == EINVAL));
	return 0;
}
