/* SPDX-License-Identifier: MIT */
/*
 * Which objects are loaded, and the names of their functions: from the loader's
 * own list and from the files, without the loader's lock. Called in the copy of
 * a process that prints a dump, see dump.h.
 */
#include "config.h"

#include "dump.h"

#include <limits.h>
#include <link.h>
#include <sys/auxv.h>

#define MODULES 1024
#define NAMES 8192 /* of the cache; a power of two */

static struct mx_module modules[MODULES];
static unsigned nmodules;

/* Addresses that were looked up: stacks have most of theirs in common. */
static struct {
	uintptr_t pc, start;
	const char *name;
} names[NAMES];

static void
dynamic(struct mx_module *m, const Elf64_Dyn *d)
{
	uintptr_t p;

	for (; d && d->d_tag != DT_NULL; d++) {
		/* The loader has relocated these, but for the vDSO. */
		p = d->d_un.d_ptr;
		if (p < m->low)
			p += m->base;
		if (d->d_tag == DT_SYMTAB)
			m->dynsym = (const Elf64_Sym *)p;
		else if (d->d_tag == DT_STRTAB)
			m->dynstr = (const char *)p;
		else if (d->d_tag == DT_GNU_HASH)
			m->gnu_hash = (const uint32_t *)p;
	}
}

static void
add(const struct link_map *l)
{
	struct mx_module *m = &modules[nmodules];
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)l->l_addr;
	static char program[PATH_MAX];
	ssize_t len;
	unsigned i;

	if (l == _r_debug.r_map) {
		/* The program itself may be anywhere. */
		m->ph = (const Elf64_Phdr *)getauxval(AT_PHDR);
		m->nph = (unsigned)getauxval(AT_PHNUM);
		len = readlink("/proc/self/exe", program, sizeof(program) - 1);
		m->path = len > 0 ? program : "/proc/self/exe";
	} else {
		if (!eh || memcmp(eh->e_ident, ELFMAG, SELFMAG))
			return;
		m->ph = (const Elf64_Phdr *)((const char *)eh + eh->e_phoff);
		m->nph = eh->e_phnum;
		m->path = l->l_name;
	}
	m->base = l->l_addr;
	m->low = UINTPTR_MAX;
	for (i = 0; i < m->nph; i++) {
		if (m->ph[i].p_type == PT_GNU_EH_FRAME)
			m->eh = (const unsigned char *)m->base +
				m->ph[i].p_vaddr;
		if (m->ph[i].p_type != PT_LOAD)
			continue;
		if (m->base + m->ph[i].p_vaddr < m->low)
			m->low = m->base + m->ph[i].p_vaddr;
		if (m->base + m->ph[i].p_vaddr + m->ph[i].p_memsz > m->high)
			m->high = m->base + m->ph[i].p_vaddr + m->ph[i].p_memsz;
	}
	dynamic(m, l->l_ld);
	nmodules++;
}

void
mx_symbols_init(void)
{
	const struct link_map *l;

	for (l = _r_debug.r_map; l && nmodules < MODULES; l = l->l_next)
		add(l);
}

struct mx_module *
mx_symbols_module(uintptr_t pc)
{
	static struct mx_module *last;
	unsigned i;

	if (last && pc >= last->low && pc < last->high)
		return last;
	for (i = 0; i < nmodules; i++)
		if (pc >= modules[i].low && pc < modules[i].high)
			return last = &modules[i];
	return NULL;
}

/* Maps m's file and finds its table of symbols, if it is the one in memory. */
static void
look(struct mx_module *m)
{
	const Elf64_Shdr *sh, *best = NULL;
	const Elf64_Ehdr *eh;
	const char *file;
	struct stat st;
	int fd, i;

	m->looked = true;
	if (!m->path || m->path[0] != '/')
		return;
	fd = m == &modules[0]
		     ? real.open("/proc/self/exe", O_RDONLY | O_CLOEXEC, 0)
		     : -1;
	if (fd < 0)
		fd = real.open(m->path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return;
	file = fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof(*eh)
		       ? MAP_FAILED
		       : mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE,
			      fd, 0);
	real.close(fd);
	if (file == MAP_FAILED)
		return;
	eh = (const Elf64_Ehdr *)file;
	if (memcmp(eh->e_ident, ELFMAG, SELFMAG) || eh->e_phnum != m->nph ||
	    eh->e_phoff + m->nph * sizeof(*m->ph) > (size_t)st.st_size ||
	    memcmp(file + eh->e_phoff, m->ph, m->nph * sizeof(*m->ph)) ||
	    eh->e_shoff + (size_t)eh->e_shnum * sizeof(*sh) >
		    (size_t)st.st_size)
		return;
	sh = (const Elf64_Shdr *)(file + eh->e_shoff);
	for (i = 0; i < eh->e_shnum; i++)
		if (sh[i].sh_type == SHT_SYMTAB ||
		    (sh[i].sh_type == SHT_DYNSYM && !best))
			best = &sh[i];
	if (!best || best->sh_link >= eh->e_shnum ||
	    best->sh_offset + best->sh_size > (size_t)st.st_size ||
	    sh[best->sh_link].sh_offset + sh[best->sh_link].sh_size >
		    (size_t)st.st_size)
		return;
	m->syms = (const Elf64_Sym *)(file + best->sh_offset);
	m->nsyms = best->sh_size / sizeof(*m->syms);
	m->strs = file + sh[best->sh_link].sh_offset;
	m->strs_len = sh[best->sh_link].sh_size;
}

static bool
is_code(const Elf64_Sym *s)
{
	int type = ELF64_ST_TYPE(s->st_info);

	return s->st_shndx != SHN_UNDEF && s->st_value &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC ||
		type == STT_NOTYPE);
}

/* The function at pc, and where it begins; NULL: no name is known. */
const char *
mx_symbols_name(struct mx_module *m, uintptr_t pc, uintptr_t *ret_start)
{
	size_t i, slot = (pc * 0x9e3779b97f4a7c15ull) >> 51;
	const Elf64_Sym *best = NULL, *s;

	if (names[slot].pc == pc) {
		*ret_start = names[slot].start;
		return names[slot].name;
	}
	if (!m->looked)
		look(m);
	for (i = 0; i < m->nsyms; i++) {
		s = &m->syms[i];
		if (!is_code(s) || s->st_name >= m->strs_len ||
		    m->base + s->st_value > pc ||
		    (s->st_size && m->base + s->st_value + s->st_size <= pc))
			continue;
		/* One that says where it ends is the better one. */
		if (!best || (s->st_size && !best->st_size) ||
		    (!s->st_size == !best->st_size &&
		     (s->st_value > best->st_value ||
		      (s->st_value == best->st_value &&
		       ELF64_ST_BIND(s->st_info) == STB_GLOBAL))))
			best = s;
	}
	names[slot].pc = pc;
	names[slot].name = best ? m->strs + best->st_name : NULL;
	names[slot].start = best ? m->base + best->st_value : 0;
	*ret_start = names[slot].start;
	return names[slot].name;
}

static uint32_t
gnu_hash(const char *s)
{
	uint32_t h = 5381;

	for (; *s; s++)
		h = h * 33 + (unsigned char)*s;
	return h;
}

/* As the loader looks a name up in one object. */
static void *
exported(const struct mx_module *m, const char *name)
{
	const uint32_t *buckets, *chain;
	uint32_t h = gnu_hash(name), i;

	if (!m->gnu_hash || !m->dynsym || !m->dynstr || !m->gnu_hash[0])
		return NULL;
	buckets = m->gnu_hash + 4 + m->gnu_hash[2] * 2;
	chain = buckets + m->gnu_hash[0];
	i = buckets[h % m->gnu_hash[0]];
	if (i < m->gnu_hash[1])
		return NULL;
	for (;; i++) {
		const uint32_t c = chain[i - m->gnu_hash[1]];

		if ((c | 1) == (h | 1) && m->dynsym[i].st_shndx != SHN_UNDEF &&
		    !strcmp(m->dynstr + m->dynsym[i].st_name, name))
			return (void *)(m->base + m->dynsym[i].st_value);
		if (c & 1)
			return NULL;
	}
}

void *
mx_symbols_exported(const char *name)
{
	unsigned i;
	void *p;

	for (i = 0; i < nmodules; i++) {
		p = exported(&modules[i], name);
		if (p)
			return p;
	}
	return NULL;
}

/* A function that is not exported, in the object that exports another one. */
void *
mx_symbols_find(const char *exported_beside, const char *name)
{
	void *beside = mx_symbols_exported(exported_beside);
	struct mx_module *m =
		beside ? mx_symbols_module((uintptr_t)beside) : NULL;
	size_t i;

	if (!m)
		return NULL;
	if (!m->looked)
		look(m);
	for (i = 0; i < m->nsyms; i++)
		if (is_code(&m->syms[i]) && m->syms[i].st_name < m->strs_len &&
		    !strcmp(m->strs + m->syms[i].st_name, name))
			return (void *)(m->base + m->syms[i].st_value);
	return NULL;
}
