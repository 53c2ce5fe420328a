/* SPDX-License-Identifier: MIT */
/* What input.c and output.c know of a FILE. */
#ifndef MX_STDIO_FILE_H
#define MX_STDIO_FILE_H

/* libio's flags, which getc_unlocked() and ferror_unlocked() publish in part. */
#define F_UNBUFFERED 0x0002
#define F_EOF 0x0010
#define F_ERR 0x0020
#define F_IN_BACKUP 0x0100
#define F_LINE_BUF 0x0200
#define F_PUTTING 0x0800
#define F_USER_LOCK 0x8000

/* A call on a helper, which a cancellation request may end. */
#define MX_STDIO_HOP(expr) ({ \
	__typeof__(expr) hop_r_ = MX_HOP(MX_HOP_LOCK, expr); \
	if (errno == EINTR) \
		mx_testcancel(); \
	hop_r_; \
})

#endif
