/* SPDX-License-Identifier: MIT */
/* Standard input is a pipe that fills slowly; C and C++ streams. */
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>

#include "t.h"

static int p[2], ticks;

static void *
feeds(void *)
{
	const char *parts[] = { "first li", "ne\n12 3", "4\nword ", "more\n" };

	for (auto s : parts) {
		ms(30);
		MUST(write(p[1], s, strlen(s)) == (ssize_t)strlen(s));
	}
	close(p[1]);
	return NULL;
}

static void *
tick(void *)
{
	for (int i = 0; i < 10; i++) {
		ms(10);
		ticks++;
	}
	return NULL;
}

int
main()
{
	pthread_t t[2];
	std::string s;
	int a = 0, b = 0, n;

	MUST(pipe(p) == 0);
	dup2(p[0], 0);
	t[0] = spawn(feeds, NULL);
	t[1] = spawn(tick, NULL);
	std::getline(std::cin, s);
	say("%s", s.c_str());
	std::cin >> a >> b;
	say("%d %d", a, b);
	std::cin >> s;
	say("%s", s.c_str());
	std::getline(std::cin, s);
	say("[%s]", s.c_str());
	say("more %d", !!std::getline(std::cin, s));
	join(t[0]);
	join(t[1]);
	say("ticks %d", ticks);
	clearerr(stdin);
	MUST(pipe(p) == 0);
	dup2(p[0], 0);
	close(p[0]);
	t[0] = spawn(feeds, NULL);
	char line[64];
	n = scanf("%63[^\n]", line);
	say("%d %s", n, line);
	n = scanf("%d %d", &a, &b);
	say("%d %d %d", n, a, b);
	n = scanf("%63s", line);
	say("%d %s", n, line);
	join(t[0]);
	return 0;
}
