/* SPDX-License-Identifier: MIT */
/*
 * From a frame to its caller, by the tables that compilers leave for exceptions
 * (.eh_frame: DWARF call frame information, as in the Linux Standard Base), or
 * by the frame pointer where there are none (code that was made at run time).
 *
 * libgcc's unwinder starts at its caller, wants the loader's lock and may use
 * the heap; this one starts anywhere and needs nothing. Called in the copy of a
 * process that prints a dump, see dump.h.
 */
#include "dump.h"

#define STATES 8 /* of DW_CFA_remember_state */
#define WORDS 32 /* of an expression's stack */

enum how {
	SAME,
	UNDEFINED,
	AT_OFFSET, /* stored at CFA + offset */
	IS_OFFSET, /* is CFA + offset */
	REGISTER,
	AT_EXPRESSION,
	IS_EXPRESSION,
};

struct rule {
	enum how how;
	intptr_t value; /* offset or register */
	const unsigned char *expr;
	size_t expr_len;
};

struct table {
	struct rule reg[MX_ARCH_REGS];
	struct rule cfa; /* IS_OFFSET from cfa_reg, or IS_EXPRESSION */
	uint64_t cfa_reg;
};

struct cie {
	const unsigned char *init, *init_end;
	uint64_t code_align;
	int64_t data_align;
	uint64_t ra; /* column of the return address */
	unsigned char enc; /* of addresses in FDEs */
	bool signal, augmented;
};

/* ---- reading ---- */

static MX_NO_ASAN uint64_t
get(const unsigned char **p, unsigned len)
{
	uint64_t v = 0;
	unsigned i;

	for (i = 0; i < len; i++)
		v |= (uint64_t)(*p)[i] << 8 * i;
	*p += len;
	return v;
}

static MX_NO_ASAN uint64_t
word_at(uintptr_t p)
{
	return *(const volatile uint64_t *)p;
}

static uint64_t
uleb(const unsigned char **p)
{
	uint64_t v = 0;
	unsigned shift = 0;
	unsigned char b;

	do {
		b = *(*p)++;
		if (shift < 64)
			v |= (uint64_t)(b & 0x7f) << shift;
		shift += 7;
	} while (b & 0x80);
	return v;
}

static int64_t
sleb(const unsigned char **p)
{
	uint64_t v = 0;
	unsigned shift = 0;
	unsigned char b;

	do {
		b = *(*p)++;
		if (shift < 64)
			v |= (uint64_t)(b & 0x7f) << shift;
		shift += 7;
	} while (b & 0x80);
	if (shift < 64 && (b & 0x40))
		v |= ~0ull << shift;
	return (int64_t)v;
}

/* DW_EH_PE_*: how wide, and from where. */
static uint64_t
pointer(const unsigned char **p, unsigned char enc, const unsigned char *data)
{
	const unsigned char *from = *p;
	uint64_t v;

	if (enc == 0xff)
		return 0;
	switch (enc & 0x0f) {
	case 0x01:
		v = uleb(p);
		break;
	case 0x02:
		v = get(p, 2);
		break;
	case 0x03:
		v = get(p, 4);
		break;
	case 0x09:
		v = (uint64_t)sleb(p);
		break;
	case 0x0a:
		v = (uint64_t)(int16_t)get(p, 2);
		break;
	case 0x0b:
		v = (uint64_t)(int32_t)get(p, 4);
		break;
	default:
		v = get(p, 8);
		break;
	}
	if (v == 0)
		return 0;
	if ((enc & 0x70) == 0x10)
		v += (uintptr_t)from;
	else if ((enc & 0x70) == 0x30)
		v += (uintptr_t)data;
	if (enc & 0x80)
		v = word_at(v);
	return v;
}

/* ---- expressions ---- */

static bool
evaluate(const unsigned char *p, size_t len, const struct mx_regs *regs,
	 uint64_t *word, unsigned n, uint64_t *ret)
{
	const unsigned char *end = p + len;
	uint64_t a, b;
	int16_t skip;

	while (p < end) {
		unsigned char op = *p++;

		if (n >= WORDS - 1)
			return false;
		if (op >= 0x30 && op <= 0x4f) { /* lit0 to 31 */
			word[n++] = op - 0x30u;
			continue;
		}
		if ((op >= 0x70 && op <= 0x8f) || op == 0x92) { /* breg */
			a = op == 0x92 ? uleb(&p) : op - 0x70u;
			if (a >= MX_ARCH_REGS || !(regs->known >> a & 1))
				return false;
			word[n++] = regs->r[a] + (uint64_t)sleb(&p);
			continue;
		}
		if (op >= 0x1a && op != 0x1f && op != 0x20 && op != 0x23 &&
		    op != 0x28 && op <= 0x2e) { /* of two words */
			if (n < 2)
				return false;
			b = word[--n];
			a = word[--n];
			switch (op) {
			case 0x1a:
				a &= b;
				break;
			case 0x1b:
				if (!b)
					return false;
				a = (uint64_t)((int64_t)a / (int64_t)b);
				break;
			case 0x1c:
				a -= b;
				break;
			case 0x1d:
				if (!b)
					return false;
				a %= b;
				break;
			case 0x1e:
				a *= b;
				break;
			case 0x21:
				a |= b;
				break;
			case 0x22:
				a += b;
				break;
			case 0x24:
				a = b < 64 ? a << b : 0;
				break;
			case 0x25:
				a = b < 64 ? a >> b : 0;
				break;
			case 0x26:
				a = (uint64_t)((int64_t)a >> (b < 64 ? b : 63));
				break;
			case 0x27:
				a ^= b;
				break;
			case 0x29:
				a = a == b;
				break;
			case 0x2a:
				a = (int64_t)a >= (int64_t)b;
				break;
			case 0x2b:
				a = (int64_t)a > (int64_t)b;
				break;
			case 0x2c:
				a = (int64_t)a <= (int64_t)b;
				break;
			case 0x2d:
				a = (int64_t)a < (int64_t)b;
				break;
			default:
				a = a != b;
				break;
			}
			word[n++] = a;
			continue;
		}
		if (n == 0 && op != 0x03 && !(op >= 0x08 && op <= 0x11) &&
		    op != 0x2f && op != 0x96)
			return false;
		switch (op) {
		case 0x03:
			word[n++] = get(&p, 8);
			break; /* addr */
		case 0x06:
			word[n - 1] = word_at(word[n - 1]);
			break;
		case 0x08:
			word[n++] = get(&p, 1);
			break;
		case 0x09:
			word[n++] = (uint64_t)(int8_t)get(&p, 1);
			break;
		case 0x0a:
			word[n++] = get(&p, 2);
			break;
		case 0x0b:
			word[n++] = (uint64_t)(int16_t)get(&p, 2);
			break;
		case 0x0c:
			word[n++] = get(&p, 4);
			break;
		case 0x0d:
			word[n++] = (uint64_t)(int32_t)get(&p, 4);
			break;
		case 0x0e:
		case 0x0f:
			word[n++] = get(&p, 8);
			break;
		case 0x10:
			word[n++] = uleb(&p);
			break;
		case 0x11:
			word[n++] = (uint64_t)sleb(&p);
			break;
		case 0x12:
			word[n] = word[n - 1];
			n++;
			break; /* dup */
		case 0x13:
			n--;
			break; /* drop */
		case 0x1f:
			word[n - 1] = -word[n - 1];
			break;
		case 0x20:
			word[n - 1] = ~word[n - 1];
			break;
		case 0x23:
			word[n - 1] += uleb(&p);
			break;
		case 0x28:
		case 0x2f: /* branches */
			skip = (int16_t)get(&p, 2);
			if (op == 0x2f || word[--n])
				p += skip;
			break;
		case 0x96:
			break;
		default:
			return false;
		}
	}
	if (n == 0)
		return false;
	*ret = word[n - 1];
	return true;
}

/* ---- tables ---- */

/* The FDE whose code has pc, by the table in .eh_frame_hdr; NULL: none. */
static const unsigned char *
find_fde(const struct mx_module *m, uintptr_t pc)
{
	const unsigned char *p = m->eh, *t;
	uint64_t n, low = 0, high, mid;
	const int32_t *row;

	/* As all linkers make it: 4 bytes each, from the section's start. */
	if (!p || p[0] != 1 || p[3] != 0x3b)
		return NULL;
	t = p + 4;
	pointer(&t, p[1], p);
	n = pointer(&t, p[2], p);
	if (!n)
		return NULL;
	row = (const int32_t *)t;
	high = n;
	if ((uintptr_t)p + (uintptr_t)(intptr_t)row[0] > pc)
		return NULL;
	while (high - low > 1) {
		mid = (low + high) / 2;
		if ((uintptr_t)p + (uintptr_t)(intptr_t)row[2 * mid] <= pc)
			low = mid;
		else
			high = mid;
	}
	return p + row[2 * low + 1];
}

static bool
parse_cie(const unsigned char *p, struct cie *c)
{
	uint64_t len = get(&p, 4);
	const unsigned char *end = p + len, *aug;
	unsigned char version;

	if (len == 0 || len == 0xffffffff || get(&p, 4) != 0)
		return false;
	version = *p++;
	aug = p;
	p += strlen((const char *)p) + 1;
	if (version != 1 && version != 3)
		return false;
	memset(c, 0, sizeof(*c));
	c->code_align = uleb(&p);
	c->data_align = sleb(&p);
	c->ra = version == 1 ? *p++ : uleb(&p);
	if (*aug == 'z') {
		uint64_t alen = uleb(&p);
		const unsigned char *after = p + alen;

		c->augmented = true;
		for (aug++; *aug; aug++) {
			if (*aug == 'R')
				c->enc = *p++;
			else if (*aug == 'P') {
				unsigned char enc = *p++;

				pointer(&p, enc & 0x7f, NULL);
			} else if (*aug == 'L')
				p++;
			else if (*aug == 'S')
				c->signal = true;
			else if (*aug != 'B')
				break;
		}
		p = after;
	} else if (*aug) {
		return false;
	}
	c->init = p;
	c->init_end = end;
	return c->ra < MX_ARCH_REGS;
}

static void
set(struct table *t, uint64_t reg, enum how how, int64_t value)
{
	if (reg >= MX_ARCH_REGS)
		return; /* vector registers and such: nobody's return address */
	t->reg[reg].how = how;
	t->reg[reg].value = value;
}

static void
set_expr(struct rule *r, enum how how, const unsigned char **p)
{
	size_t len = uleb(p);

	r->how = how;
	r->expr = *p;
	r->expr_len = len;
	*p += len;
}

/* Runs instructions up to the row for pc; loc goes along. False: unknown. */
static bool
run(const unsigned char *p, const unsigned char *end, const struct cie *c,
    const struct table *init, struct table *t, uintptr_t loc, uintptr_t pc)
{
	struct table saved[STATES];
	unsigned nsaved = 0;
	uint64_t reg;

	while (p < end) {
		unsigned char op = *p++;

		switch (op >> 6) {
		case 1:
			loc += (op & 0x3fu) * c->code_align;
			if (loc > pc)
				return true;
			continue;
		case 2:
			set(t, op & 0x3f, AT_OFFSET,
			    (int64_t)uleb(&p) * c->data_align);
			continue;
		case 3:
			if ((op & 0x3f) < MX_ARCH_REGS)
				t->reg[op & 0x3f] = init->reg[op & 0x3f];
			continue;
		}
		switch (op) {
		case 0x00:
			break;
		case 0x01: /* set_loc */
			loc = pointer(&p, c->enc, NULL);
			break;
		case 0x02:
			loc += get(&p, 1) * c->code_align;
			break;
		case 0x03:
			loc += get(&p, 2) * c->code_align;
			break;
		case 0x04:
			loc += get(&p, 4) * c->code_align;
			break;
		case 0x05:
			reg = uleb(&p);
			set(t, reg, AT_OFFSET,
			    (int64_t)uleb(&p) * c->data_align);
			break;
		case 0x06:
			reg = uleb(&p);
			if (reg < MX_ARCH_REGS)
				t->reg[reg] = init->reg[reg];
			break;
		case 0x07:
			set(t, uleb(&p), UNDEFINED, 0);
			break;
		case 0x08:
			set(t, uleb(&p), SAME, 0);
			break;
		case 0x09:
			reg = uleb(&p);
			set(t, reg, REGISTER, (int64_t)uleb(&p));
			break;
		case 0x0a:
			if (nsaved == STATES)
				return false;
			saved[nsaved++] = *t;
			break;
		case 0x0b:
			if (nsaved == 0)
				return false;
			*t = saved[--nsaved];
			break;
		case 0x0c: /* def_cfa */
			t->cfa.how = IS_OFFSET;
			t->cfa_reg = uleb(&p);
			t->cfa.value = (intptr_t)uleb(&p);
			break;
		case 0x0d:
			t->cfa.how = IS_OFFSET;
			t->cfa_reg = uleb(&p);
			break;
		case 0x0e:
			t->cfa.value = (intptr_t)uleb(&p);
			break;
		case 0x0f:
			set_expr(&t->cfa, IS_EXPRESSION, &p);
			break;
		case 0x10:
		case 0x16: {
			struct rule r = { 0 };

			reg = uleb(&p);
			set_expr(&r, op == 0x10 ? AT_EXPRESSION : IS_EXPRESSION,
				 &p);
			if (reg < MX_ARCH_REGS)
				t->reg[reg] = r;
			break;
		}
		case 0x11:
			reg = uleb(&p);
			set(t, reg, AT_OFFSET, sleb(&p) * c->data_align);
			break;
		case 0x12: /* def_cfa_sf */
			t->cfa.how = IS_OFFSET;
			t->cfa_reg = uleb(&p);
			t->cfa.value = (intptr_t)(sleb(&p) * c->data_align);
			break;
		case 0x13:
			t->cfa.value = (intptr_t)(sleb(&p) * c->data_align);
			break;
		case 0x14:
			reg = uleb(&p);
			set(t, reg, IS_OFFSET,
			    (int64_t)uleb(&p) * c->data_align);
			break;
		case 0x15:
			reg = uleb(&p);
			set(t, reg, IS_OFFSET, sleb(&p) * c->data_align);
			break;
		case 0x2d: /* aarch64: the return address is signed now */
			break;
		case 0x2e: /* GNU_args_size */
			uleb(&p);
			break;
		default:
			return false;
		}
		if (op >= 0x01 && op <= 0x04 && loc > pc)
			return true;
	}
	return true;
}

/* Where the code of an FDE begins; len likewise. */
static uintptr_t
fde_start(const struct mx_module *m, const unsigned char *fde,
    uintptr_t *ret_len)
{
	const unsigned char *p = fde + 4, *cie = p;
	uintptr_t start;
	struct cie c;

	cie -= get(&p, 4);
	if (!parse_cie(cie, &c))
		return 0;
	start = pointer(&p, c.enc, m->eh);
	*ret_len = pointer(&p, c.enc & 0x0f, NULL);
	return start;
}

/*
 * Whether pc, found on the stack, may be where the function that begins at start
 * goes back to: it is behind a call, and not behind one of another function. (A
 * call by way of the PLT may be of any.)
 */
static bool
may_return_to(uintptr_t pc, uintptr_t start)
{
	struct mx_module *m = mx_symbols_module(pc - 1);
	const unsigned char *fde;
	uintptr_t target, len;

	if (!m || !find_fde(m, pc - 1) || !mx_arch_behind_call(pc, &target))
		return false;
	if (!target || target == start)
		return true;
	m = mx_symbols_module(target);
	fde = m ? find_fde(m, target) : NULL;
	return !fde || fde_start(m, fde, &len) != target;
}

/*
 * Of a thread that sits in a system call the kernel tells stack pointer and
 * place only. Where a frame is found by the frame pointer: it is the lowest word
 * on the stack that, taken for it, has a return address above it.
 */
static bool
guess_frame_pointer(const struct table *t, const struct cie *c,
    uintptr_t start, struct mx_regs *regs)
{
	const struct rule *ra = &t->reg[c->ra];
	uintptr_t s = regs->r[MX_ARCH_SP] & ~7ul, end = s + (64 << 10), cfa;

	if (t->cfa_reg != MX_ARCH_FP || ra->how != AT_OFFSET)
		return false;
	for (; s < end; s += 8) {
		cfa = s + (uintptr_t)t->cfa.value;
		if (!may_return_to(mx_arch_strip(word_at(cfa +
		    (uintptr_t)ra->value)), start))
			continue;
		regs->r[MX_ARCH_FP] = s;
		regs->known |= 1ull << MX_ARCH_FP;
		return true;
	}
	return false;
}

/* Values of the caller's registers by the row t. False: it cannot be told. */
static bool
apply(const struct table *t, const struct cie *c, uintptr_t start,
    struct mx_regs *regs)
{
	uint64_t word[WORDS], cfa;
	struct mx_regs old;
	const struct rule *r;
	unsigned i;

	if (t->cfa.how == IS_OFFSET && !(regs->known >> MX_ARCH_FP & 1))
		guess_frame_pointer(t, c, start, regs);
	old = *regs;
	if (t->cfa.how == IS_EXPRESSION) {
		if (!evaluate(t->cfa.expr, t->cfa.expr_len, &old, word, 0,
			      &cfa))
			return false;
	} else {
		if (t->cfa_reg >= MX_ARCH_REGS ||
		    !(old.known >> t->cfa_reg & 1))
			return false;
		cfa = old.r[t->cfa_reg] + (uint64_t)t->cfa.value;
	}
	for (i = 0; i < MX_ARCH_REGS; i++) {
		uint64_t v = old.r[i];
		bool known = old.known >> i & 1;

		r = &t->reg[i];
		switch (r->how) {
		case SAME:
			break;
		case UNDEFINED:
			known = false;
			break;
		case AT_OFFSET:
			v = word_at(cfa + (uint64_t)r->value);
			known = true;
			break;
		case IS_OFFSET:
			v = cfa + (uint64_t)r->value;
			known = true;
			break;
		case REGISTER:
			known = (uint64_t)r->value < MX_ARCH_REGS &&
				old.known >> r->value & 1;
			if (known)
				v = old.r[r->value];
			break;
		default:
			word[0] = cfa;
			known = evaluate(r->expr, r->expr_len, &old, word, 1,
					 &v);
			if (known && r->how == AT_EXPRESSION)
				v = word_at(v);
			break;
		}
		regs->r[i] = v;
		regs->known = (regs->known & ~(1ull << i)) | (uint64_t)known
								     << i;
	}
	if (t->reg[MX_ARCH_SP].how == SAME) {
		regs->r[MX_ARCH_SP] = cfa;
		regs->known |= 1ull << MX_ARCH_SP;
	}
	if (!(regs->known >> c->ra & 1))
		return false;
	regs->r[MX_ARCH_PC] = mx_arch_strip(regs->r[c->ra]);
	/* A signal frame gives the very place, not one behind a call. */
	return true;
}

/* The frame pointer leads to the caller's, and to the return address. */
static bool
by_frame_pointer(struct mx_regs *regs)
{
	uintptr_t fp = regs->r[MX_ARCH_FP];

	if (!(regs->known >> MX_ARCH_FP & 1) || (fp & 7) ||
	    fp < regs->r[MX_ARCH_SP] || fp - regs->r[MX_ARCH_SP] > 1 << 20)
		return false;
	regs->r[MX_ARCH_PC] = mx_arch_strip(word_at(fp + 8));
	regs->r[MX_ARCH_SP] = fp + 16;
	regs->r[MX_ARCH_FP] = word_at(fp);
	regs->known =
		1ull << MX_ARCH_PC | 1ull << MX_ARCH_SP | 1ull << MX_ARCH_FP;
	return true;
}

/*
 * regs become the caller's. interrupted: in, whether their pc is where the code
 * goes on, not one behind a call; out, the same of the caller. False: this was
 * the outermost frame, or nobody knows.
 */
bool
mx_unwind_step(struct mx_regs *regs, bool *interrupted)
{
	uintptr_t pc = regs->r[MX_ARCH_PC] - (*interrupted ? 0 : 1);
	uintptr_t start, sp = regs->r[MX_ARCH_SP];
	const unsigned char *fde, *p, *end, *cie;
	struct mx_module *m = mx_symbols_module(pc);
	struct table t, init;
	struct cie c;
	uint64_t len;

	*interrupted = false;
	fde = m ? find_fde(m, pc) : NULL;
	if (!fde)
		return by_frame_pointer(regs) && regs->r[MX_ARCH_PC];
	p = fde;
	len = get(&p, 4);
	end = p + len;
	cie = p;
	cie -= get(&p, 4);
	if (!parse_cie(cie, &c))
		return false;
	start = pointer(&p, c.enc, m->eh);
	len = pointer(&p, c.enc & 0x0f, NULL);
	if (pc < start || pc >= start + len)
		return by_frame_pointer(regs) && regs->r[MX_ARCH_PC];
	if (c.augmented) {
		len = uleb(&p);
		p += len;
	}
	memset(&t, 0, sizeof(t));
	if (!run(c.init, c.init_end, &c, &t, &t, 0, UINTPTR_MAX))
		return false;
	init = t;
	if (!run(p, end, &c, &init, &t, start, pc))
		return false;
	if (!apply(&t, &c, start, regs))
		return false;
	*interrupted = c.signal;
	/* A caller's stack is above ours; a signal's may be anywhere. */
	if (!c.signal && regs->r[MX_ARCH_SP] <= sp &&
	    !(c.ra == MX_ARCH_RA && MX_ARCH_RA != MX_ARCH_PC &&
	      regs->r[MX_ARCH_SP] == sp))
		return false;
	return regs->r[MX_ARCH_PC] != 0;
}
