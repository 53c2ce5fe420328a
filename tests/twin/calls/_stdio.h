/* SPDX-License-Identifier: MIT */
/* A LIST of X(over stdin or stdout, call): each call by its number, its text. */
enum { F = __COUNTER__ + 1 };
static long
call(int which)
{
	switch (which) {
#define X(std, expr) \
	case __COUNTER__ - F: \
		return (long)(expr);
		LIST
#undef X
	}
	return -2;
}

static const struct {
	const char *text;
	int std;	/* over standard input or output */
} rows[] = {
#define X(std, expr) { #expr, std },
	LIST
#undef X
};
