/* SPDX-License-Identifier: MIT */
/*
 * Queues and semaphores of System V and POSIX, asynchronous I/O: the kernel (or
 * libc) waits for them in its own way, so what may wait hops. Message queues
 * could be polled, but who polls is no receiver to the kernel, which would
 * notify another process (mq_notify(3)). Runs in user code; takes no lock.
 */
#include "preload.h"

/* msgop(2). Cancellation points; never restarted after a handler. */
ssize_t
msgrcv(int id, void *msg, size_t len, long type, int flags)
{
	if (!mx_on())
		return real.msgrcv(id, msg, len, type, flags);
	mx_testcancel();
	if (flags & IPC_NOWAIT)
		return real.msgrcv(id, msg, len, type, flags);
	mx_why("msgrcv", (uintptr_t)id);
	return MX_HOP(MX_HOP_CANCEL, real.msgrcv(id, msg, len, type, flags));
}

int
msgsnd(int id, const void *msg, size_t len, int flags)
{
	if (!mx_on())
		return real.msgsnd(id, msg, len, flags);
	mx_testcancel();
	if (flags & IPC_NOWAIT)
		return real.msgsnd(id, msg, len, flags);
	mx_why("msgsnd", (uintptr_t)id);
	return MX_HOP(MX_HOP_CANCEL, real.msgsnd(id, msg, len, flags));
}

/* Whether the operations cannot wait: one that may not ends them all. */
static bool
no_wait(const struct sembuf *ops, size_t n)
{
	size_t i;

	/* The kernel refuses what is no array, and arrays that are too long. */
	if (n == 0 || n > 500 || !mx_readable(ops, n * sizeof(*ops)))
		return true;
	for (i = 0; i < n; i++)
		if (!(ops[i].sem_flg & IPC_NOWAIT) && ops[i].sem_op <= 0)
			return false;
	return true;
}

/* semop(2). No cancellation points. */
int
semop(int id, struct sembuf *ops, size_t n)
{
	if (!mx_on() || no_wait(ops, n))
		return real.semop(id, ops, n);
	mx_why("semop", (uintptr_t)id);
	return MX_HOP(MX_HOP_LOCK, real.semop(id, ops, n));
}

int
semtimedop(int id, struct sembuf *ops, size_t n,
    const struct timespec *timeout)
{
	if (!mx_on() || no_wait(ops, n))
		return real.semtimedop(id, ops, n, timeout);
	mx_why("semtimedop", (uintptr_t)id);
	return MX_HOP(MX_HOP_LOCK, real.semtimedop(id, ops, n, timeout));
}

/* ---- POSIX message queues ---- */

ssize_t
mq_receive(mqd_t q, char *msg, size_t len, unsigned *prio)
{
	if (!mx_on())
		return real.mq_receive(q, msg, len, prio);
	mx_testcancel();
	mx_why("mq_receive", (uintptr_t)q);
	return MX_HOP(MX_HOP_CANCEL, real.mq_receive(q, msg, len, prio));
}

ssize_t
mq_timedreceive(mqd_t q, char *msg, size_t len, unsigned *prio,
    const struct timespec *abstime)
{
	if (!mx_on())
		return real.mq_timedreceive(q, msg, len, prio, abstime);
	mx_testcancel();
	mx_why("mq_timedreceive", (uintptr_t)q);
	return MX_HOP(MX_HOP_CANCEL, real.mq_timedreceive(q, msg, len, prio,
	    abstime));
}

int
mq_send(mqd_t q, const char *msg, size_t len, unsigned prio)
{
	if (!mx_on())
		return real.mq_send(q, msg, len, prio);
	mx_testcancel();
	mx_why("mq_send", (uintptr_t)q);
	return MX_HOP(MX_HOP_CANCEL, real.mq_send(q, msg, len, prio));
}

int
mq_timedsend(mqd_t q, const char *msg, size_t len, unsigned prio,
    const struct timespec *abstime)
{
	if (!mx_on())
		return real.mq_timedsend(q, msg, len, prio, abstime);
	mx_testcancel();
	mx_why("mq_timedsend", (uintptr_t)q);
	return MX_HOP(MX_HOP_CANCEL, real.mq_timedsend(q, msg, len, prio,
	    abstime));
}

/* ---- asynchronous I/O: libc's own threads work, we only wait ---- */

int
aio_suspend(const struct aiocb *const list[], int n,
    const struct timespec *timeout)
{
	if (!mx_on())
		return real.aio_suspend(list, n, timeout);
	mx_testcancel();
	mx_why("aio_suspend", (uintptr_t)list);
	return MX_HOP(MX_HOP_CANCEL, real.aio_suspend(list, n, timeout));
}
MX_ALIAS_AS(aio_suspend64, aio_suspend);

int
lio_listio(int mode, struct aiocb *const list[], int n, struct sigevent *sev)
{
	if (!mx_on() || mode != LIO_WAIT)
		return real.lio_listio(mode, list, n, sev);
	mx_why("lio_listio", (uintptr_t)list);
	return MX_HOP(MX_HOP_LOCK, real.lio_listio(mode, list, n, sev));
}
MX_ALIAS_AS(lio_listio64, lio_listio);
