/* SPDX-License-Identifier: GPL-3.0-or-later */
/* canonical: the two transforms between text and the wire: CRLF line ends (RFC 2049 4) and SMTP dot transparency (RFC
 * 5321 4.5.2). */
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

/* Doubles the dot at the beginning of each line of canonical data. */
struct dot_stuffing {
    unsigned matched; /* of CRLF: 0, 1 (CR), 2 (at the beginning of a line) */
};

void dot_stuffing_init(struct dot_stuffing *stuffing);
size_t dot_stuffing_bound(size_t size);
size_t dot_stuffing_update(struct dot_stuffing *stuffing, char *out, const char *in, size_t size);
/* Writes the end of data, CRLF "." CRLF, whose first CRLF is the text's own when that ended a line: 3 or 5 bytes. */
size_t dot_stuffing_finish(struct dot_stuffing *stuffing, char *out);

/* The receiver's side: takes the doubled dots out and finds the end of data. */
struct dot_unstuffing {
    unsigned matched; /* of CRLF . CR LF */
    bool done;        /* the end of data was seen */
};

void dot_unstuffing_init(struct dot_unstuffing *unstuffing);
/* Writes at most size + 4 bytes to out; *consumed tells how much input belonged to the data (less than size only once
 * done). */
size_t dot_unstuffing_update(struct dot_unstuffing *unstuffing, char *out, const char *in, size_t size,
                             size_t *consumed);

#endif
