/* SPDX-License-Identifier: GPL-3.0-or-later */
/* canonical: text with the line ends of the wire, CRLF (RFC 2049 4). The dots are the SMTP engine's: smtp_content. */
#ifndef CARAPACE_MAIL_CANONICAL_H
#define CARAPACE_MAIL_CANONICAL_H

#include <stdbool.h>
#include <stddef.h>

/* Bare LF becomes CRLF; bare CR becomes CRLF, or stays when keep_cr (text that will be quoted-printable or base64). The
   output does not depend on how the input is cut. */
struct canonical_stream {
    bool keep_cr;
    bool after_cr; /* the last input byte was CR */
    bool open;     /* the last output line has no CRLF yet */
};

void canonical_init(struct canonical_stream *stream, bool keep_cr);
/* Upper bound of what update writes. */
size_t canonical_bound(size_t size);
size_t canonical_update(struct canonical_stream *stream, char *out, const char *in, size_t size);
/* Ends the last line if it is open: writes 0 or 2 bytes. Empty text stays empty. */
size_t canonical_finish(struct canonical_stream *stream, char *out);
/* Whether data is in canonical form already: every CR before LF, every LF after CR. */
bool canonical_check(const char *data, size_t size);

#endif
