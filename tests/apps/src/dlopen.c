// SPDX-License-Identifier: MIT
/* dlopen.c LIBRARY... - load each, find a symbol, call it, unload; a missing one is an error text */
#include <dlfcn.h>

#include "check.h"

int main(int argc, char **argv)
{
	double (*cosine)(double);
	const char *text;
	void *lib;
	int i;

	for (i = 1; i < argc; i++) {
		lib = dlopen(argv[i], RTLD_NOW);
		if (!lib) {
			fprintf(stderr, "%s\n", dlerror());
			return 2;
		}
		if (strstr(argv[i], "libm.so")) {
			cosine = (double (*)(double))dlsym(lib, "cos");
			CHECK(cosine && cosine(0) == 1.0);
		}
		CHECK(!dlclose(lib));
	}
	lib = dlopen("libno-such-library.so.9", RTLD_NOW);
	text = dlerror();
	CHECK(!lib && text && strstr(text, "cannot open shared object file"));
	return 0;
}
