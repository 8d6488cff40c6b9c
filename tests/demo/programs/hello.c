#include <stdio.h>

int main(int argc, char **argv)
{
	int i, sum = 0;

	for (i = 0; i < 100; i++)
		sum += i * argc;
	printf("%d %s\n", sum, argv[0]);
	return 0;
}
