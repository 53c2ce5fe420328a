/* SPDX-License-Identifier: MIT */
/*
 * Finds the instructions by which code makes system calls without libc.
 *
 * A heuristic: code is read from its beginning, one instruction after the
 * other, so the bytes of "syscall" inside an operand do not count.  Data between
 * functions is read as code, too, but soon shows itself by something that is no
 * instruction.  Code that is made at run time is not seen.  The number of the call is that of the last constant that was
 * put into its register, if nothing else that we know of changed it since.
 */
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "check.h"

enum {
	CHUNK = 1 << 28,
	LONGEST = 15, /* bytes of an x86 instruction */
	FAR = 24, /* instructions for which a constant is believed */
	NEAR = 12 /* around a place where all must be instructions */
};

static void
found(struct mx_scan *s, long number)
{
	s->places++;
	if (number < 0 || number >= MX_SCAN_NUMBERS)
		number = MX_SCAN_UNKNOWN;
	s->of[number]++;
}

/* ---- x86-64 ---- */

/* What follows an opcode. */
enum {
	NO = 0,
	M = 1, /* ModRM and what belongs to it */
	B = 2, /* one byte */
	W = 4, /* two bytes */
	Z = 8, /* four bytes, two behind prefix 66 */
	V = 16, /* Z, or eight bytes behind REX.W */
	G = 64, /* B or Z (opcode f6, f7) if ModRM's reg is 0 or 1 */
	BAD = 128, /* not in 64-bit code, or not in a program's */
	MB = M | B,
	MZ = M | Z
};

/* clang-format off */
static const unsigned char one[256] = {
	/* 00 */ M, M, M, M, B, Z, BAD, BAD, M, M, M, M, B, Z, BAD, NO,
	/* 10 */ M, M, M, M, B, Z, BAD, BAD, M, M, M, M, B, Z, BAD, BAD,
	/* 20 */ M, M, M, M, B, Z, NO, BAD, M, M, M, M, B, Z, NO, BAD,
	/* 30 */ M, M, M, M, B, Z, NO, BAD, M, M, M, M, B, Z, NO, BAD,
	/* 40 */ NO, NO, NO, NO, NO, NO, NO, NO,
	/* 48 */ NO, NO, NO, NO, NO, NO, NO, NO,
	/* 50 */ NO, NO, NO, NO, NO, NO, NO, NO,
	/* 58 */ NO, NO, NO, NO, NO, NO, NO, NO,
	/* 60 */ BAD, BAD, NO, M, NO, NO, NO, NO,
	/* 68 */ Z, MZ, B, MB, BAD, BAD, BAD, BAD,
	/* 70 */ B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B,
	/* 80 */ MB, MZ, BAD, MB, M, M, M, M, M, M, M, M, M, M, M, M,
	/* 90 */ NO, NO, NO, NO, NO, NO, NO, NO,
	/* 98 */ NO, NO, BAD, NO, NO, NO, NO, NO,
	/* a0 */ BAD, BAD, BAD, BAD, NO, NO, NO, NO,
	/* a8 */ B, Z, NO, NO, NO, NO, NO, NO,
	/* b0 */ B, B, B, B, B, B, B, B, V, V, V, V, V, V, V, V,
	/* c0 */ MB, MB, W, NO, NO, NO, MB, MZ,
	/* c8 */ BAD, NO, BAD, BAD, NO, B, BAD, BAD,
	/* d0 */ M, M, M, M, BAD, BAD, BAD, NO, M, M, M, M, M, M, M, M,
	/* e0 */ B, B, B, B, BAD, BAD, BAD, BAD,
	/* e8 */ Z, Z, BAD, B, BAD, BAD, BAD, BAD,
	/* f0 */ NO, BAD, NO, NO, NO, NO, M | G, M | G,
	/* f8 */ NO, NO, BAD, BAD, NO, NO, M, M
};
/* clang-format on */

/* Opcodes behind 0f. */
static int
two(unsigned char op)
{
	if (op == 0x05 || op == 0x0b || op == 0x31 || op == 0x34 ||
	    op == 0x77 || (op >= 0xa0 && op <= 0xa2) ||
	    (op >= 0xa8 && op <= 0xaa) || (op >= 0xc8 && op <= 0xcf))
		return NO;
	if ((op >= 0x04 && op <= 0x0e && op != 0x0d) ||
	    (op >= 0x20 && op <= 0x27) || (op >= 0x30 && op <= 0x37))
		return BAD;
	if (op >= 0x80 && op <= 0x8f)
		return Z;
	if (op == 0x0f || (op >= 0x70 && op <= 0x73) || op == 0xa4 ||
	    op == 0xac || op == 0xba || op == 0xc2 ||
	    (op >= 0xc4 && op <= 0xc6))
		return MB;
	return M;
}

struct insn {
	size_t len;
	int map; /* 1: one byte, 2: behind 0f, 3: another one */
	unsigned char op; /* its last byte */
	unsigned char rex; /* or 0 */
	int modrm; /* or -1 */
	long imm; /* the four bytes of Z or V */
};

/* Reads one instruction; -1: it is none, or it ends behind p + n. */
static int
decode(const unsigned char *p, size_t n, struct insn *in)
{
	size_t i = 0, imm = 0;
	int what, size16 = 0, mod, rm;

	memset(in, 0, sizeof(*in));
	in->modrm = -1;
	if (n > LONGEST)
		n = LONGEST;
	for (; i < n; i++) {
		if (p[i] == 0x66)
			size16 = 1;
		else if (p[i] != 0x67 && p[i] != 0xf0 && p[i] != 0xf2 &&
			 p[i] != 0xf3 && p[i] != 0x2e && p[i] != 0x36 &&
			 p[i] != 0x3e && p[i] != 0x26 && p[i] != 0x64 &&
			 p[i] != 0x65)
			break;
	}
	if (i < n && (p[i] & 0xf0) == 0x40)
		in->rex = p[i++];
	if (i >= n)
		return -1;
	in->map = 1;
	in->op = p[i++];
	what = one[in->op];
	if (in->op == 0x0f) {
		if (i >= n)
			return -1;
		in->map = 2;
		in->op = p[i++];
		what = two(in->op);
		if (in->op == 0x38 || in->op == 0x3a) {
			if (i >= n)
				return -1;
			what = in->op == 0x3a ? MB : M;
			in->map = 3;
			in->op = p[i++];
		}
	} else if (in->op == 0xc4 || in->op == 0xc5 || in->op == 0x62) {
		/* VEX, EVEX: the map, two or one more bytes, the opcode. */
		size_t more = in->op == 0xc5 ? 1 : in->op == 0xc4 ? 2 : 3;
		int map;

		if (n - i < more + 1)
			return -1;
		map = in->op == 0xc5 ? 1
				     : p[i] & (in->op == 0xc4 ? 0x1f : 0x07);
		i += more;
		in->map = 3;
		in->op = p[i++];
		what = map == 3 || (map == 1 && two(in->op) == MB) ? MB : M;
		if (map == 1 && in->op == 0x77)
			what = NO; /* vzeroupper */
	}
	if (what & BAD)
		return -1;
	if (what & M) {
		if (i >= n)
			return -1;
		in->modrm = p[i++];
		mod = in->modrm >> 6;
		rm = in->modrm & 7;
		if (mod != 3 && rm == 4) {
			if (i >= n)
				return -1;
			if (mod == 0 && (p[i] & 7) == 5)
				imm += 4;
			i++;
		} else if (mod == 0 && rm == 5) {
			imm += 4;
		}
		imm += mod == 1 ? 1 : mod == 2 ? 4 : 0;
		if ((what & G) && ((in->modrm >> 3) & 7) < 2)
			what |= in->op == 0xf6 ? B : Z;
	}
	i += imm;
	imm = 0;
	if (what & B)
		imm += 1;
	if (what & W)
		imm += 2;
	if (what & Z) /* branches: four bytes in any case */
		imm += size16 && (in->op & 0xfe) != 0xe8 ? 2 : 4;
	if (what & V)
		imm += in->rex & 8 ? 8 : size16 ? 2 : 4;
	if (i > n || imm > n - i)
		return -1;
	if ((what & (Z | V)) && imm >= 4) {
		uint32_t v;

		memcpy(&v, p + i, sizeof(v));
		in->imm = v;
	}
	if (in->map == 1 && in->op == 0xcd && p[i] != 0x80)
		return -1; /* the only interrupt that Linux has */
	in->len = i + imm;
	return 0;
}

/* Whether the instruction changes eax: what compilers use to do so. */
static int
changes_eax(const struct insn *in)
{
	int reg = (in->modrm >> 3) & 7, rm = in->modrm & 7;
	int mod = in->modrm >> 6;

	if (in->map == 3)
		return 0;
	if (in->map == 2)
		/* cmov, movzx, movsx, imul; cpuid, rdtsc; bswap */
		return ((in->op >> 4) == 4 || in->op == 0xaf ||
			(in->op >= 0xb6 && in->op <= 0xb7) ||
			(in->op >= 0xbc && in->op <= 0xbf))
			       ? reg == 0 && !(in->rex & 4)
			       : in->op == 0xa2 || in->op == 0x31 ||
					 in->op == 0xc8;
	if (in->modrm < 0)
		return in->op == 0xe8 || in->op == 0x58 || in->op == 0x91 ||
		       in->op == 0x98 || in->op == 0xc3 ||
		       (in->op < 0x38 && (in->op & 7) >= 4 &&
			(in->op & 7) <= 5);
	if (in->op == 0xff && (reg == 2 || reg == 3))
		return 1; /* call */
	if ((in->op < 0x38 && (in->op & 7) == 3) || in->op == 0x8b ||
	    in->op == 0x8d || in->op == 0x63 || in->op == 0x69 ||
	    in->op == 0x6b)
		return reg == 0 && !(in->rex & 4);
	if ((in->op < 0x38 && (in->op & 7) == 1) || in->op == 0x89 ||
	    in->op == 0x81 || in->op == 0x83 || in->op == 0xc1 ||
	    in->op == 0xd1 || in->op == 0xd3 || in->op == 0xff ||
	    in->op == 0xf7)
		return mod == 3 && rm == 0 && !(in->rex & 1) &&
		       !((in->op == 0x81 || in->op == 0x83) && reg == 7);
	return 0;
}

void
mx_scan_x86_64(const unsigned char *p, size_t n, struct mx_scan *s)
{
	const unsigned char *end = p + n;
	long eax = -1, seen[NEAR];
	int age = 0, good = NEAR, nseen = 0, i;

	while (p < end) {
		struct insn in;

		if (decode(p, (size_t)(end - p), &in)) {
			eax = -1;
			good = nseen = 0;
			p++;
			continue;
		}
		p += in.len;
		if (++age > FAR)
			eax = -1;
		if (++good >= NEAR && nseen) {
			for (i = 0; i < nseen; i++)
				found(s, seen[i]);
			nseen = 0;
			good = NEAR;
		}
		if ((in.map == 2 && (in.op == 0x05 || in.op == 0x34)) ||
		    (in.map == 1 && in.op == 0xcd && p[-1] == 0x80)) {
			/* syscall, sysenter; int 0x80: 32-bit numbers */
			if (good >= NEAR || nseen) {
				if (!nseen)
					good = 0;
				seen[nseen++] = in.map == 2 ? eax : -1;
			}
			eax = -1;
		} else if ((in.map == 1 && in.op == 0xb8 && !(in.rex & 1)) ||
			   (in.map == 1 && in.op == 0xc7 && in.modrm == 0xc0 &&
			    !(in.rex & 1))) {
			eax = in.imm;
			age = 0;
		} else if (in.map == 1 && in.modrm == 0xc0 &&
			   (in.op == 0x31 || in.op == 0x33) && !(in.rex & 5)) {
			eax = 0;
			age = 0;
		} else if (changes_eax(&in)) {
			eax = -1;
		}
	}
	for (i = 0; i < nseen; i++)
		found(s, seen[i]);
}

/* ---- aarch64 ---- */

void
mx_scan_aarch64(const unsigned char *p, size_t n, struct mx_scan *s)
{
	long x8 = -1;
	int age = 0;
	size_t i;

	for (i = 0; i + 4 <= n; i += 4) {
		uint32_t w;

		memcpy(&w, p + i, sizeof(w));
		if (++age > FAR)
			x8 = -1;
		if (w == 0xd4000001) {
			/* svc 0 */
			found(s, x8);
		} else if ((w & 0x7fe0001f) == 0x52800008) {
			/* mov w8 or x8, constant */
			x8 = (w >> 5) & 0xffff;
			age = 0;
		} else if ((w & 0x7fe0ffff) == 0x2a0003e8 ||
			   (w & 0xfc000000) == 0x94000000) {
			/* mov w8 or x8, register; bl */
			x8 = -1;
		}
	}
}

/* ---- a file ---- */

static void
scan(const unsigned char *p, size_t n, struct mx_scan *s)
{
	if (MX_MACHINE == EM_X86_64)
		mx_scan_x86_64(p, n, s);
	else
		mx_scan_aarch64(p, n, s);
}

int
mx_scan_elf(const struct mx_elf *e, struct mx_scan *s)
{
	size_t i;

	for (i = 0; i < e->ncode; i++) {
		uint64_t off = e->code[i].off, left = e->code[i].len;
		unsigned char *buf = malloc(left < CHUNK ? left : CHUNK);

		if (!buf)
			return -1;
		/* At the seam of two chunks a place may be missed. */
		while (left > 0) {
			size_t n = left < CHUNK ? left : CHUNK;

			if (mx_elf_read(e, buf, n, off)) {
				free(buf);
				return -1;
			}
			scan(buf, n, s);
			off += n;
			left -= n;
		}
		free(buf);
	}
	return 0;
}
