/* something for gdb to look at */
struct list {
	struct list *next;
	int value;
};

static struct list last = { 0, 2 };
struct list first = { &last, 1 };

int main(void)
{
	return first.next->value - 2;
}
