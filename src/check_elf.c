/* SPDX-License-Identifier: MIT */
/*
 * Reads of an ELF file what `mixio check` wants to know: what it needs, which
 * symbols it imports, where its code is.
 *
 * The file may be damaged or made to do harm.  So nothing is mapped (it could
 * be truncated while we read); every offset, size and index in it is checked
 * against the file or the table that it points into before it is used, sums
 * are written as subtractions from what has been checked, and what is read
 * into memory is limited by the file's own size and by LIMIT.  Only what the
 * loader itself uses is believed (program headers, the dynamic section);
 * section headers serve to find code and may be missing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "check.h"

enum {
	LIMIT = 1 << 30, /* bytes of one table */
	DYNAMIC_MAX = 1 << 16 /* entries of the dynamic section */
};

struct dynamic {
	uint64_t strtab, strsz, symtab, rela, relasz, jmprel, pltrelsz, hash,
		gnu_hash, soname, rpath, runpath, flags_1;
	int has_soname, has_rpath, has_runpath, pltrel_is_rela;
};

static int
fail(struct mx_elf *e, const char *trouble)
{
	if (!e->trouble)
		e->trouble = trouble;
	return -1;
}

int
mx_elf_read(const struct mx_elf *e, void *buf, uint64_t len, uint64_t off)
{
	char *p = buf;

	if (off > e->size || len > e->size - off)
		return -1;
	while (len > 0) {
		ssize_t n = pread(e->fd, p, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		off += (uint64_t)n;
		len -= (uint64_t)n;
	}
	return 0;
}

/* len bytes at off in the file, and a NUL after them; NULL: cannot be. */
static void *
piece(struct mx_elf *e, uint64_t off, uint64_t len, const char *trouble)
{
	char *p;

	if (off > e->size || len > e->size - off || len > LIMIT) {
		fail(e, trouble);
		return NULL;
	}
	p = malloc(len + 1);
	if (!p) {
		fail(e, "not enough memory to read it");
		return NULL;
	}
	if (mx_elf_read(e, p, len, off)) {
		free(p);
		fail(e, "it cannot be read");
		return NULL;
	}
	p[len] = '\0';
	return p;
}

/* Where an address is in the file, and how much of its segment follows. */
static int
locate(const struct mx_elf *e, uint64_t addr, uint64_t *ret_off,
       uint64_t *ret_left)
{
	size_t i;

	for (i = 0; i < e->nph; i++) {
		const Elf64_Phdr *ph = &e->ph[i];
		uint64_t in = addr - ph->p_vaddr;

		if (ph->p_type != PT_LOAD || addr < ph->p_vaddr ||
		    in >= ph->p_filesz)
			continue;
		if (ph->p_offset > e->size ||
		    ph->p_filesz > e->size - ph->p_offset)
			return -1;
		*ret_off = ph->p_offset + in;
		*ret_left = ph->p_filesz - in;
		return 0;
	}
	return -1;
}

static void *
piece_at(struct mx_elf *e, uint64_t addr, uint64_t len, const char *trouble)
{
	uint64_t off, left;

	if (locate(e, addr, &off, &left) || len > left) {
		fail(e, trouble);
		return NULL;
	}
	return piece(e, off, len, trouble);
}

static const char *
string(const struct mx_elf *e, uint64_t at)
{
	return at < e->strsz ? e->strtab + at : NULL;
}

int
mx_elf_ours(int fd)
{
	Elf64_Ehdr eh;

	return pread(fd, &eh, sizeof(eh), 0) == (ssize_t)sizeof(eh) &&
	       !memcmp(eh.e_ident, ELFMAG, SELFMAG) &&
	       eh.e_ident[EI_CLASS] == ELFCLASS64 &&
	       eh.e_ident[EI_DATA] == ELFDATA2LSB &&
	       eh.e_machine == MX_MACHINE && eh.e_type == ET_DYN;
}

/* ---- code ---- */

static int
add_code(struct mx_elf *e, uint64_t off, uint64_t len, uint64_t *total)
{
	/* e->code has room for all headers of its kind. */
	if (len == 0)
		return 0;
	if (off > e->size || len > e->size - off)
		return fail(e, "its code is outside the file");
	if (len > e->size - *total)
		return fail(e, "its pieces of code overlap");
	*total += len;
	e->code[e->ncode].off = off;
	e->code[e->ncode].len = len;
	e->ncode++;
	return 0;
}

/*
 * Executable sections if there are any, since older linkers put tables into
 * the segment of the code, too; else executable segments.
 */
static int
find_code(struct mx_elf *e, const Elf64_Ehdr *eh)
{
	Elf64_Shdr *sh = NULL;
	uint64_t names = 0, nnames = 0, total = 0;
	size_t i, n = eh->e_shnum;
	char name[sizeof(".go.buildinfo")];

	if (n > 0 && eh->e_shentsize == sizeof(*sh) && eh->e_shoff <= e->size &&
	    n * sizeof(*sh) <= e->size - eh->e_shoff)
		sh = piece(e, eh->e_shoff, n * sizeof(*sh), "");
	if (e->trouble)
		return -1;
	if (!sh)
		n = 0;
	e->code = calloc(n > e->nph ? n + 1 : e->nph + 1, sizeof(*e->code));
	if (!e->code) {
		free(sh);
		return fail(e, "not enough memory to read it");
	}
	if (eh->e_shstrndx < n) {
		names = sh[eh->e_shstrndx].sh_offset;
		nnames = sh[eh->e_shstrndx].sh_size;
	}
	for (i = 0; i < n; i++) {
		if (sh[i].sh_name < nnames &&
		    nnames - sh[i].sh_name >= sizeof(name) &&
		    names <= e->size && sh[i].sh_name <= e->size - names &&
		    !mx_elf_read(e, name, sizeof(name),
				 names + sh[i].sh_name) &&
		    !memcmp(name, ".go.buildinfo", sizeof(name)))
			e->go = 1;
		if (sh[i].sh_type != SHT_PROGBITS ||
		    !(sh[i].sh_flags & SHF_EXECINSTR))
			continue;
		if (add_code(e, sh[i].sh_offset, sh[i].sh_size, &total)) {
			free(sh);
			return -1;
		}
	}
	free(sh);
	for (i = 0; e->ncode == 0 && i < e->nph; i++)
		if (e->ph[i].p_type == PT_LOAD && (e->ph[i].p_flags & PF_X) &&
		    add_code(e, e->ph[i].p_offset, e->ph[i].p_filesz, &total))
			return -1;
	return 0;
}

/* ---- the dynamic section ---- */

static int
read_dynamic(struct mx_elf *e, const Elf64_Phdr *ph, struct dynamic *d)
{
	uint64_t n = ph->p_filesz / sizeof(Elf64_Dyn), i, *needed;
	Elf64_Dyn *dyn;
	size_t k = 0;

	if (n > DYNAMIC_MAX)
		return fail(e, "its dynamic section is too large");
	dyn = piece(e, ph->p_offset, n * sizeof(*dyn),
		    "its dynamic section is outside the file");
	if (!dyn)
		return -1;
	needed = calloc(n + 1, sizeof(*needed));
	e->needed = calloc(n + 1, sizeof(*e->needed));
	if (!needed || !e->needed) {
		free(dyn);
		free(needed);
		return fail(e, "not enough memory to read it");
	}
	for (i = 0; i < n && dyn[i].d_tag != DT_NULL; i++) {
		uint64_t v = dyn[i].d_un.d_val;

		switch (dyn[i].d_tag) {
		case DT_NEEDED:
			needed[k++] = v;
			break;
		case DT_STRTAB:
			d->strtab = v;
			break;
		case DT_STRSZ:
			d->strsz = v;
			break;
		case DT_SYMTAB:
			d->symtab = v;
			break;
		case DT_RELA:
			d->rela = v;
			break;
		case DT_RELASZ:
			d->relasz = v;
			break;
		case DT_JMPREL:
			d->jmprel = v;
			break;
		case DT_PLTRELSZ:
			d->pltrelsz = v;
			break;
		case DT_PLTREL:
			d->pltrel_is_rela = v == DT_RELA;
			break;
		case DT_HASH:
			d->hash = v;
			break;
		case DT_GNU_HASH:
			d->gnu_hash = v;
			break;
		case DT_FLAGS_1:
			d->flags_1 = v;
			break;
		case DT_SONAME:
			d->soname = v, d->has_soname = 1;
			break;
		case DT_RPATH:
			d->rpath = v, d->has_rpath = 1;
			break;
		case DT_RUNPATH:
			d->runpath = v, d->has_runpath = 1;
			break;
		}
	}
	free(dyn);
	if (d->strsz > 0) {
		e->strtab = piece_at(e, d->strtab, d->strsz,
				     "its table of names is outside the file");
		e->strsz = d->strsz;
	}
	for (i = 0; i < k && !e->trouble; i++) {
		e->needed[i] = string(e, needed[i]);
		if (!e->needed[i])
			fail(e, "the name of a library is outside its table");
	}
	free(needed);
	if (e->trouble)
		return -1;
	e->nneeded = k;
	e->nodeflib = !!(d->flags_1 & DF_1_NODEFLIB);
	if (d->flags_1 & DF_1_PIE)
		e->library = 0;
	e->soname = d->has_soname ? string(e, d->soname) : NULL;
	e->runpath = d->has_runpath ? string(e, d->runpath) : NULL;
	if (!d->has_runpath)
		e->rpath = d->has_rpath ? string(e, d->rpath) : NULL;
	return 0;
}

/* ---- symbols ---- */

/* Marks the symbols that one table of relocations refers to. */
static int
mark(struct mx_elf *e, uint64_t addr, uint64_t size, unsigned char **used,
     uint64_t *nused)
{
	Elf64_Rela *r;
	uint64_t i, n = size / sizeof(*r);

	if (n == 0)
		return 0;
	r = piece_at(e, addr, n * sizeof(*r),
		     "its relocations are outside the file");
	if (!r)
		return -1;
	for (i = 0; i < n; i++) {
		uint64_t s = ELF64_R_SYM(r[i].r_info);

		/* A symbol takes room in the file, so this is a limit. */
		if (s >= e->size / sizeof(Elf64_Sym)) {
			free(r);
			return fail(e, "a relocation names no symbol");
		}
		if (s >= *nused) {
			uint64_t more = s * 2 + 1024;
			unsigned char *p = realloc(*used, more);

			if (!p) {
				free(r);
				return fail(e, "not enough memory to read it");
			}
			memset(p + *nused, 0, more - *nused);
			*used = p;
			*nused = more;
		}
		(*used)[s] = 1;
	}
	free(r);
	return 0;
}

/* How many symbols there are, as far as others can look them up. */
static int
count_symbols(struct mx_elf *e, const struct dynamic *d, uint64_t *ret_n)
{
	static const char bad[] = "its hash table is damaged";
	uint32_t head[4], *words;
	uint64_t off, left, need, i, last = 0;

	*ret_n = 0;
	if (d->hash) {
		if (locate(e, d->hash, &off, &left) || left < 8 ||
		    mx_elf_read(e, head, 8, off))
			return fail(e, bad);
		*ret_n = head[1];
		return 0;
	}
	if (!d->gnu_hash)
		return 0;
	if (locate(e, d->gnu_hash, &off, &left) || left < sizeof(head) ||
	    mx_elf_read(e, head, sizeof(head), off))
		return fail(e, bad);
	/* nbuckets, first symbol, words of the filter; then these, chains. */
	need = sizeof(head) + (uint64_t)head[2] * 8 + (uint64_t)head[0] * 4;
	if (need > left)
		return fail(e, bad);
	words = piece(e, off + sizeof(head) + (uint64_t)head[2] * 8,
		      (uint64_t)head[0] * 4, bad);
	if (!words)
		return -1;
	for (i = 0; i < head[0]; i++)
		if (words[i] > last)
			last = words[i];
	free(words);
	if (last < head[1] || last == 0)
		return 0;
	off += need;
	left -= need;
	/* The chain of the last bucket ends with an odd word. */
	for (;;) {
		uint32_t chunk[256];
		uint64_t at = (last - head[1]) * 4, n = sizeof(chunk) / 4;

		if (at > left)
			return fail(e, bad);
		if (n > (left - at) / 4)
			n = (left - at) / 4;
		if (n == 0 || mx_elf_read(e, chunk, n * 4, off + at))
			return fail(e, bad);
		for (i = 0; i < n && !(chunk[i] & 1); i++)
			;
		last += i;
		if (i < n) {
			*ret_n = last + 1;
			return 0;
		}
	}
}

static int
read_symbols(struct mx_elf *e, const struct dynamic *d, int want_defines)
{
	static const char bad[] = "its symbols are outside the file";
	unsigned char *used = NULL;
	uint64_t nused = 0, ndef = 0, n, i, off, left;
	Elf64_Sym *sym = NULL;
	int rc = -1;

	if (mark(e, d->rela, d->relasz, &used, &nused) ||
	    (d->pltrel_is_rela &&
	     mark(e, d->jmprel, d->pltrelsz, &used, &nused)) ||
	    (want_defines && count_symbols(e, d, &ndef)))
		goto out;
	for (n = nused; n > 0 && !used[n - 1]; n--)
		;
	if (n < ndef)
		n = ndef;
	if (n == 0) {
		rc = 0;
		goto out;
	}
	if (locate(e, d->symtab, &off, &left) || n > left / sizeof(*sym)) {
		fail(e, bad);
		goto out;
	}
	sym = piece(e, off, n * sizeof(*sym), bad);
	e->imports = calloc(n, sizeof(*e->imports));
	e->defines = calloc(n, sizeof(*e->defines));
	if (!sym || !e->imports || !e->defines) {
		fail(e, "not enough memory to read it");
		goto out;
	}
	for (i = 1; i < n; i++) {
		const char *name = string(e, sym[i].st_name);
		int visible = ELF64_ST_VISIBILITY(sym[i].st_other);

		if (!name) {
			fail(e, "the name of a symbol is outside its table");
			goto out;
		}
		if (!*name || ELF64_ST_BIND(sym[i].st_info) == STB_LOCAL)
			continue;
		if (sym[i].st_shndx == SHN_UNDEF) {
			if (i < nused && used[i])
				e->imports[e->nimports++] = name;
		} else if (want_defines && (visible == STV_DEFAULT ||
					    visible == STV_PROTECTED)) {
			e->defines[e->ndefines++] = name;
		}
	}
	rc = 0;
out:
	free(sym);
	free(used);
	return rc;
}

int
mx_elf_load(struct mx_elf *e, int fd, int want_defines)
{
	struct dynamic d = { 0 };
	const Elf64_Phdr *dynamic = NULL;
	struct stat st;
	Elf64_Ehdr eh;
	size_t i;

	memset(e, 0, sizeof(*e));
	e->fd = fd;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size < 0)
		return fail(e, "not a regular file");
	e->size = (uint64_t)st.st_size;
	if (mx_elf_read(e, &eh, sizeof(eh), 0))
		return fail(e, "truncated ELF file");
	if (memcmp(eh.e_ident, ELFMAG, SELFMAG))
		return fail(e, "not an ELF file");
	if (eh.e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh.e_ident[EI_DATA] != ELFDATA2LSB || eh.e_machine != MX_MACHINE)
		return fail(e, "made for another processor");
	if (eh.e_phentsize != sizeof(*e->ph) || eh.e_phnum == 0)
		return fail(e, "it has no program headers");
	e->nph = eh.e_phnum;
	e->ph = piece(e, eh.e_phoff, e->nph * sizeof(*e->ph),
		      "its program headers are outside the file");
	if (!e->ph)
		return -1;
	e->library = eh.e_type == ET_DYN;
	for (i = 0; i < e->nph; i++) {
		if (e->ph[i].p_type == PT_DYNAMIC && !dynamic)
			dynamic = &e->ph[i];
		if (e->ph[i].p_type == PT_INTERP)
			e->library = 0;
	}
	if (find_code(e, &eh))
		return -1;
	if (dynamic &&
	    (read_dynamic(e, dynamic, &d) || read_symbols(e, &d, want_defines)))
		return -1;
	return 0;
}

void
mx_elf_free(struct mx_elf *e)
{
	free(e->needed);
	free(e->imports);
	free(e->defines);
	free(e->code);
	free(e->ph);
	free(e->strtab);
	memset(e, 0, sizeof(*e));
}
