/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * binary.h: what C code does with bytes: making Binaries, reading files whole, encodings.
 */
#ifndef DATA_BINARY_H
#define DATA_BINARY_H

#include "interp/data/context.h"

/* As cp_binary_n, for sizes that come from outside: CP_THROWN (1.5) when the memory limit would be passed. */
cp_value binary_try_n(cp_context *cp, const void *bytes, size_t size);

/* The bytes of an ordinary file in new pointer-free memory (*data may be NULL for none). path is a String. false with
   error 5.1, 5.3 or 5.5 (cannot open, read, be looked at or is no ordinary file) or 1.5 thrown. Does not give way. */
bool binary_read_file(cp_context *cp, cp_value path, unsigned char **data, size_t *size);
/* Makes the file, or replaces what it held. CP_NIL, or CP_THROWN with error 5.1, 5.2 or 5.4. */
cp_value binary_write_file(cp_context *cp, cp_value path, const char *data, size_t size);

/* hex, base64 and quotedPrintable as the methods of String and Binary offer them. */
enum binary_encoding { BINARY_HEX, BINARY_BASE64, BINARY_QUOTED };
/* A String; line ends stay line ends in quoted-printable text. */
cp_value binary_encode(cp_context *cp, enum binary_encoding encoding, const char *bytes, size_t size, bool is_text);
/* A String or a Binary; 1.8 names the place where the text is wrong. */
cp_value binary_decode(cp_context *cp, enum binary_encoding encoding, const char *text, size_t size, bool to_string);

/* The methods of String and Binary that do so, and digest. */
cp_value binary_method_hex(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value binary_method_base64(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value binary_method_quoted_printable(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value binary_method_digest(cp_context *cp, cp_value self, const cp_value *arguments, int count);

/* The bytes a search looks for: those of a String, Symbol, Binary or Buffer, or an Integer's one byte, which is then
   stored in *byte. false with 1.8 or 1.11 thrown. */
bool binary_wanted(cp_context *cp, cp_value wanted, char *byte, const char **bytes, size_t *size);

/* Replaces the contents by memory that is the Binary's from now on. */
void binary_adopt(cp_binary *binary, unsigned char *data, size_t size);

#endif
