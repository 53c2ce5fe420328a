/* SPDX-License-Identifier: MIT */
/*
 * A thread-per-connection echo server in plain blocking C.
 *
 *	cc -O2 -pthread -o echo echo.c
 *	./echo 7777		one kernel thread a client
 *	mixio run ./echo 7777	one kernel thread in all
 *
 * Port 0, the default, takes any free port; the port is printed. SIGTERM and
 * SIGINT end the server through EINTR from accept().
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static int listener = -1;
static volatile sig_atomic_t stopping;

static void
on_stop(int sig)
{
	(void)sig;
	stopping = 1;
	shutdown(listener, SHUT_RD); /* a signal just before accept() */
}

static void *
connection(void *arg)
{
	int fd = (intptr_t)arg;
	char buf[1024];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		for (ssize_t i = 0, k; i < n; i += k) {
			k = send(fd, buf + i, n - i, MSG_NOSIGNAL);
			if (k < 0)
				goto out;
		}
out:
	close(fd);
	return NULL;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct sigaction sa = { .sa_handler = on_stop };
	socklen_t len = sizeof(sin);
	pthread_attr_t attr;
	struct rlimit fds;

	if (argc > 2) {
		fprintf(stderr, "usage: echo [PORT]\n");
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &fds) == 0) {
		fds.rlim_cur = fds.rlim_max;
		setrlimit(RLIMIT_NOFILE, &fds);
	}
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(argc > 1 ? atoi(argv[1]) : 0);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&sin, len) < 0 ||
	    listen(listener, 4096) < 0 ||
	    getsockname(listener, (struct sockaddr *)&sin, &len) < 0) {
		perror("echo: listen");
		return 1;
	}
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	printf("listening on 127.0.0.1 port %d\n", ntohs(sin.sin_port));
	fflush(stdout);

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	while (!stopping) {
		int fd = accept(listener, NULL, NULL), rc;
		pthread_t thread;

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				usleep(10000);
			continue;
		}
		rc = pthread_create(&thread, &attr, connection,
				    (void *)(intptr_t)fd);
		if (rc) {
			fprintf(stderr, "echo: pthread_create: %s\n",
				strerror(rc));
			close(fd);
		}
	}
	return 0;
}
