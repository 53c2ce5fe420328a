/* SPDX-License-Identifier: MIT */
/* System V and POSIX message queues and semaphores that make one wait. */
/* twin: libs=-lrt */
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>

#include "t.h"

static int msg, sem, ticks;
static mqd_t mq = (mqd_t)-1;

struct text {
	long type;
	char text[16];
};

static void *
later(void *arg)
{
	struct text t = { 7, "message" };
	struct sembuf op = { 0, 1, 0 };

	settle();
	switch ((int)(intptr_t)arg) {
	case 0:
		while (__atomic_load_n(&ticks, __ATOMIC_SEQ_CST) < 5)
			ms(1);
		MUST(msgsnd(msg, &t, 8, 0) == 0);
		break;
	case 1:
		MUST(semop(sem, &op, 1) == 0);
		break;
	case 2:
		MUST(mq_send(mq, "queued", 6, 1) == 0);
		break;
	}
	return NULL;
}

static void *
tick(void *arg)
{
	for (int i = 0; i < 5; i++) {
		ms(10);
		__atomic_add_fetch(&ticks, 1, __ATOMIC_SEQ_CST);
	}
	return arg;
}

static void *
work(void *arg)
{
	struct sembuf op = { 0, -1, 0 };
	struct timespec ts = { 0, 50000000 };
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = 64 };
	struct text t;
	pthread_t a, b;
	char buf[64], name[32];
	ssize_t n;

	msg = msgget(IPC_PRIVATE, 0600);
	sem = semget(IPC_PRIVATE, 1, 0600);
	a = spawn(later, (void *)0);
	b = spawn(tick, NULL);
	n = msgrcv(msg, &t, sizeof(t.text), 7, 0);
	say("msgrcv %zd %.8s, ticks %d", n, t.text,
	    __atomic_load_n(&ticks, __ATOMIC_SEQ_CST));
	join(a);
	join(b);
	R(msgrcv(msg, &t, sizeof(t.text), 7, IPC_NOWAIT));
	a = spawn(later, (void *)1);
	R(semop(sem, &op, 1));
	join(a);
	R(semtimedop(sem, &op, 1, &ts));
	msgctl(msg, IPC_RMID, NULL);
	semctl(sem, 0, IPC_RMID);
	snprintf(name, sizeof(name), "/twin.mq.%d", getpid());
	mq = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);
	if (mq == (mqd_t)-1) {
		say("no queues");
		return arg;
	}
	mq_unlink(name);
	a = spawn(later, (void *)2);
	n = mq_receive(mq, buf, sizeof(buf), NULL);
	say("mq_receive %zd %.6s", n, buf);
	join(a);
	ts = in_ms(CLOCK_REALTIME, 50);
	R(mq_timedreceive(mq, buf, sizeof(buf), NULL, &ts));
	for (int i = 0; i < 4; i++)
		mq_send(mq, "x", 1, 0);
	ts = in_ms(CLOCK_REALTIME, 50);
	R(mq_timedsend(mq, "x", 1, 0, &ts));
	mq_close(mq);
	return arg;
}

int
main(void)
{
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
