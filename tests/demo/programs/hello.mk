hello: hello.o
	gcc -o $@ $<
hello.o: hello.c
	gcc -O1 -c -o $@ $<
