// SPDX-License-Identifier: MIT
// exceptions.cc - throw across frames, through a signal frame, in threads; thread cancellation runs destructors
#include <csignal>
#include <cstdio>
#include <iostream>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

static volatile int destroyed;

struct guard {
	~guard() { destroyed = destroyed + 1; }
};

static void fault(int, siginfo_t *, void *)
{
	guard g;
	throw std::runtime_error("from a handler");
}

__attribute__((noinline)) static int touch(volatile int *p)
{
	guard g;
	return *p;
}

static int deep(int n)
{
	guard g;

	if (!n)
		throw std::string("bottom");
	return deep(n - 1) + 1;
}

static void *waits(void *)
{
	guard g;
	for (;;)
		pause();
	return nullptr;
}

static int check(bool x, const char *what)
{
	if (!x)
		std::cerr << "failed: " << what << "\n";
	return !x;
}

int main()
{
	int bad = 0;

	try {
		deep(20);
		bad += check(false, "deep threw nothing");
	} catch (const std::string &s) {
		bad += check(s == "bottom" && destroyed == 21, "destructors of the deep call");
	}

	// needs -fnon-call-exceptions: the fault itself is where it is thrown from
	struct sigaction sa = {};
	sa.sa_sigaction = fault;
	sa.sa_flags = SA_SIGINFO | SA_NODEFER;
	sigaction(SIGSEGV, &sa, nullptr);
	for (int i = 0; i < 5; i++) {
		destroyed = 0;
		try {
			touch(reinterpret_cast<volatile int *>(8));
			bad += check(false, "no fault");
		} catch (const std::runtime_error &e) {
			bad += check(destroyed == 2, "destructors up to the handler and below it");
		}
	}

	int caught = 0;
	std::thread t([&] {
		try {
			deep(3);
		} catch (...) {
			caught = 1;
		}
	});
	t.join();
	bad += check(caught, "an exception in a thread");

	pthread_t p;
	void *ret;
	destroyed = 0;
	pthread_create(&p, nullptr, waits, nullptr);
	usleep(20000);
	pthread_cancel(p);
	pthread_join(p, &ret);
	bad += check(ret == PTHREAD_CANCELED && destroyed == 1, "cancellation unwinds out of pause()");
	return bad != 0;
}
