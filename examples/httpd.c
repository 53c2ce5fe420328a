/* SPDX-License-Identifier: MIT */
/*
 * A thread-per-connection HTTP/1.1 server in plain blocking C.
 *
 *	cc -O2 -pthread -o httpd httpd.c
 *	./httpd --port 8080 --delay 100		one kernel thread a client
 *	mixio run ./httpd --port 8080		one kernel thread in all
 *	curl http://127.0.0.1:8080/item/42
 *
 * The answer comes after a delay and repeats the last component of the
 * request's path, so that a client can tell its own answer from any other.
 * SIGTERM and SIGINT end the server: accept() returns EINTR, answers that
 * are being prepared go out, the exit status is 0.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_MAX 4096
#define ID_MAX 128
#define BODY_MAX (16 << 20)

static long delay_ms = 100;
static size_t body_size; /* 0: the id and a newline */
static int listener = -1;
static volatile sig_atomic_t stopping;

/* Requests that are being answered; the end of the program waits for them. */
static pthread_mutex_t busy_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t busy_none = PTHREAD_COND_INITIALIZER;
static unsigned long busy;

struct request {
	char id[ID_MAX + 1]; /* last component of the path */
	size_t body_len; /* Content-Length of the request */
	bool keep_alive; /* the connection stays open after the answer */
	bool head; /* HEAD: no body in the answer */
};

static void
on_stop(int sig)
{
	(void)sig;
	stopping = 1;
	/* For a signal that comes just before accept(): it will return EINVAL
	 * where it would otherwise wait. */
	shutdown(listener, SHUT_RD);
}

static int
send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

		if (k < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		p += k;
		n -= k;
	}
	return 0;
}

static void
wait_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}

/* The value of a header line, or NULL. @head is NUL-terminated. */
static const char *
header(const char *head, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = strstr(head, "\r\n"); p; p = strstr(p, "\r\n")) {
		p += 2;
		if (strncasecmp(p, name, n) == 0 && p[n] == ':') {
			p += n + 1;
			return p + strspn(p, " \t");
		}
	}
	return NULL;
}

/* Returns 0, or the HTTP status to refuse the request with. */
static int
parse(char *head, struct request *ret_req)
{
	char *path = strchr(head, ' '), *end, *id;
	const char *value;
	bool http_1_0;

	if (!path || !(end = strpbrk(path + 1, " \r")) || *end != ' ')
		return 400;
	if (strncmp(end + 1, "HTTP/1.", 7) != 0)
		return 505;
	http_1_0 = end[8] == '0';
	ret_req->head = strncmp(head, "HEAD ", 5) == 0;

	value = header(head, "Connection");
	if (value && strncasecmp(value, "close", 5) == 0)
		ret_req->keep_alive = false;
	else if (value && strncasecmp(value, "keep-alive", 10) == 0)
		ret_req->keep_alive = true;
	else
		ret_req->keep_alive = !http_1_0;
	if (header(head, "Transfer-Encoding"))
		return 501;
	value = header(head, "Content-Length");
	ret_req->body_len = value ? strtoul(value, NULL, 10) : 0;

	*end = '\0';
	path[1 + strcspn(path + 1, "?#")] = '\0';
	id = strrchr(path + 1, '/');
	id = id ? id + 1 : path + 1;
	if (strlen(id) > ID_MAX)
		return 414;
	strcpy(ret_req->id, id);
	return 0;
}

static int
answer(int fd, const struct request *req)
{
	size_t id_len = strlen(req->id) + 1, len, n;
	char *out;
	int rc;

	len = body_size ? body_size : id_len;
	out = malloc(256 + len);
	if (!out)
		return -1;
	n = sprintf(out,
		    "HTTP/1.1 200 OK\r\n"
		    "Content-Type: text/plain\r\n"
		    "Content-Length: %zu\r\n"
		    "Connection: %s\r\n"
		    "\r\n",
		    len, req->keep_alive ? "keep-alive" : "close");
	if (!req->head) {
		/* The line "id\n" again and again, cut at the size. */
		for (size_t i = 0; i < len; i += id_len) {
			size_t k = len - i < id_len ? len - i : id_len;

			memcpy(out + n + i, req->id, k);
			if (k == id_len)
				out[n + i + k - 1] = '\n';
		}
		n += len;
	}
	rc = send_all(fd, out, n);
	free(out);
	return rc;
}

static void
refuse(int fd, int status)
{
	char out[128];
	int n = snprintf(out, sizeof(out),
			 "HTTP/1.1 %d Refused\r\n"
			 "Content-Length: 0\r\n"
			 "Connection: close\r\n\r\n",
			 status);

	send_all(fd, out, n);
}

static void
busy_add(int n)
{
	pthread_mutex_lock(&busy_lock);
	busy += n;
	if (busy == 0)
		pthread_cond_signal(&busy_none);
	pthread_mutex_unlock(&busy_lock);
}

/* Reads and drops what is left of a request's body. */
static int
skip_body(int fd, size_t n)
{
	char buf[1024];

	while (n > 0) {
		ssize_t k = recv(fd, buf, n < sizeof(buf) ? n : sizeof(buf), 0);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return -1;
		n -= k;
	}
	return 0;
}

static void *
connection(void *arg)
{
	int fd = (intptr_t)arg, status, rc;
	char buf[REQUEST_MAX + 1];
	size_t have = 0, used;
	struct request req;
	char *end;

	for (;;) {
		while (!(end = memmem(buf, have, "\r\n\r\n", 4))) {
			ssize_t k;

			if (have == REQUEST_MAX) {
				refuse(fd, 431);
				goto out;
			}
			k = recv(fd, buf + have, REQUEST_MAX - have, 0);
			if (k < 0 && errno == EINTR)
				continue;
			if (k <= 0)
				goto out;
			have += k;
		}
		end[2] = '\0';
		used = end + 4 - buf;
		status = parse(buf, &req);
		if (status) {
			refuse(fd, status);
			goto out;
		}

		busy_add(1);
		rc = 0;
		if (req.body_len > have - used) {
			rc = skip_body(fd, req.body_len - (have - used));
			used = have;
		} else {
			used += req.body_len;
		}
		if (rc == 0) {
			if (delay_ms)
				wait_ms(delay_ms);
			rc = answer(fd, &req);
		}
		busy_add(-1);
		if (rc < 0 || !req.keep_alive)
			goto out;
		have -= used;
		memmove(buf, buf + used, have);
	}
out:
	close(fd);
	return NULL;
}

static void
serve(void)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	while (!stopping) {
		int one = 1, fd = accept(listener, NULL, NULL), rc;
		pthread_t thread;

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				wait_ms(10);
			else if (errno != EINTR && errno != ECONNABORTED &&
				 !stopping)
				perror("httpd: accept");
			continue;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		rc = pthread_create(&thread, &attr, connection,
				    (void *)(intptr_t)fd);
		if (rc) {
			fprintf(stderr, "httpd: pthread_create: %s\n",
				strerror(rc));
			refuse(fd, 503);
			close(fd);
		}
	}
	pthread_attr_destroy(&attr);
}

static int
listen_on(const char *address, int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int one = 1;

	sin.sin_port = htons(port);
	if (inet_pton(AF_INET, address, &sin.sin_addr) != 1) {
		fprintf(stderr, "httpd: %s is no IPv4 address\n", address);
		return -1;
	}
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 ||
	    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) <
		    0 ||
	    bind(listener, (struct sockaddr *)&sin, len) < 0 ||
	    listen(listener, 4096) < 0 ||
	    getsockname(listener, (struct sockaddr *)&sin, &len) < 0) {
		perror("httpd: listen");
		return -1;
	}
	printf("listening on %s port %d\n", address, ntohs(sin.sin_port));
	return fflush(stdout);
}

static long
number(const char *s, long max)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(s, &end, 10);
	if (errno || end == s || *end || n < 0 || n > max) {
		fprintf(stderr, "httpd: %s: wants 0 to %ld\n", s, max);
		exit(2);
	}
	return n;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "address", required_argument, NULL, 'a' },
		{ "port", required_argument, NULL, 'p' },
		{ "delay", required_argument, NULL, 'd' },
		{ "size", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *address = "127.0.0.1";
	struct sigaction sa = { .sa_handler = on_stop };
	struct timespec dl;
	struct rlimit fds;
	int c, port = 0;

	while ((c = getopt_long(argc, argv, "a:p:d:s:h", options, NULL)) != -1)
		switch (c) {
		case 'a':
			address = optarg;
			break;
		case 'p':
			port = number(optarg, 65535);
			break;
		case 'd':
			delay_ms = number(optarg, 3600000);
			break;
		case 's':
			body_size = number(optarg, BODY_MAX);
			break;
		default:
			fprintf(c == 'h' ? stdout : stderr,
				"usage: httpd [--address A] [--port N, 0: any] "
				"[--delay MS] [--size BYTES]\n");
			return c == 'h' ? 0 : 2;
		}
	if (optind < argc) {
		fprintf(stderr, "httpd: takes no arguments\n");
		return 2;
	}

	if (getrlimit(RLIMIT_NOFILE, &fds) == 0) {
		fds.rlim_cur = fds.rlim_max;
		setrlimit(RLIMIT_NOFILE, &fds);
	}
	if (listen_on(address, port) < 0)
		return 1;
	/* No SA_RESTART: accept() has to come back. */
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);

	serve();
	close(listener);

	clock_gettime(CLOCK_REALTIME, &dl);
	dl.tv_sec += delay_ms / 1000 + 2;
	pthread_mutex_lock(&busy_lock);
	while (busy > 0 &&
	       pthread_cond_timedwait(&busy_none, &busy_lock, &dl) == 0)
		;
	pthread_mutex_unlock(&busy_lock);
	return 0;
}
