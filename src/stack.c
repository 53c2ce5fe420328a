/* SPDX-License-Identifier: MIT */
/*
 * Stacks of green threads, cut out of large slabs so that 100,000 of them
 * need some thousand mappings only (vm.max_map_count is 65,530 by default).
 * The guard is MADV_GUARD_INSTALL (Linux 6.13), which splits no mapping, else
 * mprotect.
 *
 *	low                                             low + guard + size
 *	| guard | ............ stack, grows down ............. | TLS | TCB |
 *
 * Called in user code of any thread. Takes stack_lock, a leaf.
 */
#include "mx.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

#define SLAB_STACKS 64
#define SLAB_BYTES (1ull << 30)
#define CLASSES 32

/* A free stack: the record lives in its last bytes, which are warm anyway. */
struct free_stack {
	struct free_stack *next;
	char *low;
};

struct class {
	size_t size, guard;	/* of each stack, without and of the guard */
	struct free_stack *free;
	char *fresh, *fresh_end; /* part of the newest slab not cut yet */
};

static struct class classes[CLASSES];
static _Atomic int stack_lock;
static _Atomic bool no_guard_install; /* madvise makes no guards here */

static struct class *
class_of(size_t size, size_t guard)
{
	int i;

	for (i = 0; i < CLASSES; i++) {
		if (classes[i].size == 0) {
			classes[i].size = size;
			classes[i].guard = guard;
		}
		if (classes[i].size == size && classes[i].guard == guard)
			return &classes[i];
	}
	return NULL;
}

static char *
slab_map(size_t bytes)
{
	/* What is larger than a slab the kernel shall refuse if it must. */
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANONYMOUS | MAP_STACK |
	    (bytes > SLAB_BYTES ? 0 : MAP_NORESERVE), -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	/* A huge page a stack would be 2 MiB resident instead of 8 KiB. */
	madvise(p, bytes, MADV_NOHUGEPAGE);
	return p;
}

/*
 * Whether the kernel refuses to read at p. An emulator may accept the advice
 * and do nothing.
 */
static bool
unreadable(const char *p)
{
	bool yes = false;
	int fd[2];

	if (real.pipe2(fd, O_CLOEXEC) < 0)
		return false;
	yes = real.write(fd[1], p, 1) < 0 && errno == EFAULT;
	real.close(fd[0]);
	real.close(fd[1]);
	return yes;
}

static bool
guard_set(char *low, size_t guard)
{
	static _Atomic bool checked; /* it does; who comes at once checks, too */

	if (guard == 0)
		return true;
	/* gdb's own core files stop at such a page (gcore): --debug does without. */
	if (!no_guard_install && !mx_env.debug) {
		if (madvise(low, guard, MADV_GUARD_INSTALL) == 0 &&
		    (checked || unreadable(low))) {
			checked = true;
			return true;
		}
		if (!checked)
			no_guard_install = true;
	}
	return mprotect(low, guard, PROT_NONE) == 0;
}

/* Returns the lowest address above the guard, or NULL (no memory). */
void *
mx_stack_get(size_t size, size_t guard)
{
	size_t each = size + guard, n;
	struct free_stack *f = NULL;
	char *low = NULL;
	int saved = errno;
	struct class *c;

	mx_crit_enter();
	mx_spin_lock(&stack_lock);
	c = class_of(size, guard);
	if (c && c->free) {
		f = c->free;
		c->free = f->next;
	} else if (c && c->fresh != c->fresh_end) {
		low = c->fresh;
		c->fresh += each;
	}
	mx_spin_unlock(&stack_lock);
	mx_crit_leave();
	if (f)
		return f->low;
	if (!low) {
		n = SLAB_BYTES / each < SLAB_STACKS ? SLAB_BYTES / each :
		    SLAB_STACKS;
		if (n == 0 || !c)
			n = 1;
		low = slab_map(each * n);
		if (!low && n > 1) {
			n = 1;
			low = slab_map(each);
		}
		if (!low)
			goto out;
		if (n > 1) {
			mx_crit_enter();
			mx_spin_lock(&stack_lock);
			/* A slab that lost a race is only address space. */
			c->fresh = low + each;
			c->fresh_end = low + each * n;
			mx_spin_unlock(&stack_lock);
			mx_crit_leave();
		}
	}
	if (!guard_set(low, guard)) {
		low = NULL;
		goto out;
	}
	low += guard;
out:
	errno = saved;
	return low;
}

/* The guard stays in place. */
void
mx_stack_put(void *stack, size_t size, size_t guard)
{
	struct free_stack *f;
	struct class *c;

	f = (void *)((char *)stack + size - sizeof(*f));
	f->low = stack;
	mx_crit_enter();
	mx_spin_lock(&stack_lock);
	c = class_of(size, guard);
	if (c) {
		f->next = c->free;
		c->free = f;
	}
	mx_spin_unlock(&stack_lock);
	mx_crit_leave();
	if (!c)
		munmap((char *)stack - guard, size + guard);
}

/* Around fork, so that the child finds the free lists whole. */
void
mx_stack_lock(bool on)
{
	if (on)
		mx_spin_lock(&stack_lock);
	else
		mx_spin_unlock(&stack_lock);
}
