/* SPDX-License-Identifier: GPL-3.0-or-later */
/* header_text: whole header fields from plain UTF-8 values and back: RFC 2047 encoded words, folding, injection-proof.
 */
#ifndef CARAPACE_MAIL_HEADER_TEXT_H
#define CARAPACE_MAIL_HEADER_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "modules/coding/mail_buffer.h"
#include "modules/coding/mail_error.h"

#define HEADER_LINE_SOFT 76  /* we fold here: RFC 2047 2 for lines with encoded words, RFC 5322 2.1.1 advises 78 */
#define HEADER_LINE_HARD 998 /* RFC 5322 2.1.1, without CRLF */

/* RFC 5322 3.6.8: 1 to 76 printable ASCII characters other than colon. */
bool header_name_is_valid(const char *name, size_t size);

/* Append `Name: value` and CRLF, value being unstructured text (RFC 5322 2.2.1) in UTF-8. What is not printable ASCII,
   what looks like an encoded word, white space at either end, and words too long to be folded become encoded words
   (UTF-8, B or Q, whichever is shorter, at most 75 characters, no character split). Invalid UTF-8 becomes U+FFFD. CR,
   LF or NUL: MAIL_CONTROL_CHARACTER. Decoding gives the same text again, white space included. */
enum mail_status header_write_text(struct mail_buffer *out, const char *name, const char *value, size_t size,
                                   struct mail_error *error);

/* Append `Name: value` and CRLF, value being already in its structured form (ASCII, or UTF-8 where RFC 6532 is agreed):
   only folds at white space outside quoted strings. CR, LF, NUL: MAIL_CONTROL_CHARACTER; a line that stays above 998:
   MAIL_TOO_LONG. */
enum mail_status header_write_structured(struct mail_buffer *out, const char *name, const char *value, size_t size,
                                         struct mail_error *error);

/* Append a display name (RFC 5322 phrase): an atom sequence or a quoted string of at most 60 characters, which is not
   folded, or encoded words with the characters that RFC 2047 5 (3) allows. *column is the present output column and is
   kept up to date across the CRLF SP of folding. */
enum mail_status header_write_phrase(struct mail_buffer *out, size_t *column, const char *text, size_t size,
                                     struct mail_error *error);

/* Length of the encoded word (RFC 2047 2) that begins at text, 0 if none does. */
size_t header_encoded_word(const char *text, size_t size);

/* Append the UTF-8 text of an unfolded or folded header value: CRLF before white space vanishes, encoded words are
   decoded (UTF-8, US-ASCII, ISO-8859-1 here, other sets through iconv), white space between adjacent ones dropped. What
   cannot be decoded stays as it is. Result is always valid UTF-8. Fails only on memory. */
enum mail_status header_text_decode(struct mail_buffer *out, const char *text, size_t size);
/* The same for headers of strangers: spaces within words in Q, broken base64 and broken escapes are decoded as far as
   they can be. What header_write_text wrote is not always read back by this as it was. */
enum mail_status header_text_decode_lenient(struct mail_buffer *out, const char *text, size_t size);

#endif
