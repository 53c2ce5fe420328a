/* SPDX-License-Identifier: MIT */
/* Queues and semaphores: bad arguments, expired limits, interrupted waits. */
/* twin: libs=-lrt */
#include <aio.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>

#include "t.h"

static void
handler(int sig)
{
	(void)sig;
}

/* Until the caller is through: a first signal may come before it waits. */
static int through;

static void *
interrupts(void *arg)
{
	do {
		settle();
		pthread_kill(*(pthread_t *)arg, SIGUSR1);
	} while (!__atomic_load_n(&through, __ATOMIC_SEQ_CST));
	return NULL;
}

#define INTR(expr) \
	do { \
		pthread_t me_ = pthread_self(), t_; \
		through = 0; \
		t_ = spawn(interrupts, &me_); \
		R(expr); \
		__atomic_store_n(&through, 1, __ATOMIC_SEQ_CST); \
		join(t_); \
	} while (0)

static int msg;

static void *
removes(void *arg)
{
	settle();
	if (arg)
		semctl(*(int *)arg, 0, IPC_RMID);
	else
		msgctl(msg, IPC_RMID, NULL);
	return NULL;
}

static void *
receives(void *arg)
{
	char b[64];

	msgrcv(*(int *)arg, b, 8, 99, 0);
	say("not cancelled");
	return NULL;
}

static void *
work(void *arg)
{
	struct sembuf down = { 0, -1, 0 }, now = { 0, -1, IPC_NOWAIT },
		      many[600] = { { 0, 1, 0 } }, zero = { 0, 0, 0 };
	struct timespec past = { 1, 0 }, bad = { 0, 2000000000 },
			soon = { 0, 20000000 };
	struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = 16 };
	struct aiocb cb = { .aio_fildes = -1, .aio_lio_opcode = LIO_READ };
	struct aiocb *list[2] = { &cb, NULL };
	struct { long type; char text[16]; } m = { 1, "text" };
	char name[32], b[64];
	pthread_t t;
	void *ret;
	int sem;
	mqd_t q;

	msg = msgget(IPC_PRIVATE, 0600);
	sem = semget(IPC_PRIVATE, 2, 0600);
	R(msgrcv(-1, &m, 8, 0, 0));
	R(msgrcv(msg, &m, -1, 0, 0));
	R(msgsnd(-1, &m, 8, 0));
	R(msgsnd(msg, (void *)8, 8, 0));
	R(msgsnd(msg, &m, -1, 0));
	m.type = 0;
	R(msgsnd(msg, &m, 8, 0));
	m.type = 1;
	R(msgsnd(msg, &m, 8, IPC_NOWAIT));
	R(msgrcv(msg, &m, 4, 0, 0));
	R(msgrcv(msg, &m, 4, 0, MSG_NOERROR));
	INTR(msgrcv(msg, &m, 8, 0, 0));
	R(semop(-1, &down, 1));
	R(semop(sem, (void *)8, 1));
	R(semop(sem, &down, 0));
	R(semop(sem, many, 600));
	R(semop(sem, &now, 1));
	R(semop(sem, &zero, 1));
	INTR(semop(sem, &down, 1));
	R(semtimedop(sem, &down, 1, &bad));
	R(semtimedop(sem, &down, 1, &soon));
	R(semtimedop(sem, &down, 1, (void *)8));
	t = spawn(removes, &sem);
	R(semop(sem, &down, 1));
	join(t);
	t = spawn(removes, NULL);
	R(msgrcv(msg, &m, 8, 0, 0));
	join(t);

	snprintf(name, sizeof(name), "/twin.bad.%d", getpid());
	q = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);
	MUST(q != (mqd_t)-1);
	mq_unlink(name);
	R(mq_receive(-1, b, sizeof(b), NULL));
	R(mq_receive(q, b, 1, NULL));
	R(mq_receive(0, b, sizeof(b), NULL));
	R(mq_timedreceive(q, b, sizeof(b), NULL, &past));
	R(mq_timedreceive(q, b, sizeof(b), NULL, &bad));
	INTR(mq_receive(q, b, sizeof(b), NULL));
	R(mq_send(q, "x", 17, 0));
	R(mq_send(q, "x", 1, 1u << 31));
	R(mq_send(q, (void *)8, 1, 0));
	R(mq_send(q, "x", 1, 0));
	R(mq_timedsend(q, "y", 1, 5, &past));
	R(mq_timedsend(q, "z", 1, 5, &past));
	INTR(mq_send(q, "z", 1, 0));
	R(mq_receive(q, b, sizeof(b), NULL));
	say("%c", b[0]);
	mq_close(q);

	R(lio_listio(LIO_WAIT, list, 2, NULL));
	R(aio_error(&cb) == EBADF);
	R(lio_listio(77, list, 2, NULL));
	cb.aio_fildes = open("/dev/zero", O_RDONLY);
	cb.aio_buf = b;
	cb.aio_nbytes = 4;
	R(lio_listio(LIO_WAIT, list, 2, NULL));
	R(aio_return(&cb));
	R(aio_suspend((const struct aiocb *const *)list, 2, &past));
	R(aio_suspend((const struct aiocb *const *)list, -1, NULL));
	close(cb.aio_fildes);

	msg = msgget(IPC_PRIVATE, 0600);
	t = spawn(receives, &msg);
	settle();
	pthread_cancel(t);
	pthread_join(t, &ret);
	say("cancelled %d", ret == PTHREAD_CANCELED);
	msgctl(msg, IPC_RMID, NULL);
	return arg;
}

int
main(void)
{
	catch_signal(SIGUSR1, handler, 0);
	work(NULL);
	say("-- green");
	join(spawn(work, NULL));
	return 0;
}
