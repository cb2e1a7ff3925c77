/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * binary_class.c: the class Binary, as scripts see bytes.
 */
#include "interp/builtin/tables.h"
#include "interp/data/binary.h"

#include "interp/data/string.h"

#define BYTES "String|Binary|Buffer"

/* ---- helpers ---- */

static cp_value truth(cp_context *cp, bool holds) { return holds ? cp->known.sym_true : CP_NIL; }

static const char *text_of(const cp_binary *binary) { return (const char *)binary->data; }

static bool same(cp_value a, cp_value b) {
    const cp_binary *x = cp_binary_of(a), *y = cp_binary_of(b);
    return x->size == y->size && memcmp(x->data, y->data, x->size) == 0;
}

/* ---- methods: making ---- */

static cp_value m_create(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    const char *bytes;
    size_t size;
    if (cp_bytes_of(arguments[0], &bytes, &size)) return binary_try_n(cp, bytes, size);
    int64_t n = -1;
    if (!cp_to_int64(arguments[0], &n) || n < 0)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the size of a Binary is 0 or more");
    return binary_try_n(cp, NULL, (size_t)n);
}

static cp_value m_copy(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return binary_try_n(cp, cp_binary_of(self)->data, cp_binary_of(self)->size);
}

static cp_value m_from_file(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    unsigned char *data = NULL;
    size_t size = 0;
    if (!binary_read_file(cp, arguments[0], &data, &size)) return CP_THROWN;
    binary_adopt(cp_binary_of(self), data, size);
    return cp->known.sym_ok;
}

static cp_value m_to_file(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    const cp_binary *binary = cp_binary_of(self);
    if (binary_write_file(cp, arguments[0], text_of(binary), binary->size) == CP_THROWN) return CP_THROWN;
    return cp->known.sym_ok;
}

static cp_value m_from_hex(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_value decoded = binary_decode(cp, BINARY_HEX, cp_string_text(arguments[0]), cp_string_size(arguments[0]), false);
    if (decoded == CP_THROWN) return CP_THROWN;
    cp_binary *from = cp_binary_of(decoded), *to = cp_binary_of(self);
    unsigned char *data = cp_alloc_atomic(from->size + 1);
    memcpy(data, from->data, from->size);
    binary_adopt(to, data, from->size);
    return cp->known.sym_ok;
}

static cp_value m_add(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    const cp_binary *binary = cp_binary_of(self);
    const char *bytes;
    size_t size;
    if (!cp_bytes_of(arguments[0], &bytes, &size))
        return cp_throw_type(cp, "an operand of +", "String, Binary or Buffer", arguments[0]);
    cp_value result = binary_try_n(cp, NULL, binary->size + size);
    if (result == CP_THROWN) return result;
    memcpy(cp_binary_of(result)->data, binary->data, binary->size);
    memcpy(cp_binary_of(result)->data + binary->size, bytes, size);
    return result;
}

/* ---- methods: other forms ---- */

static cp_value m_length(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    return cp_fixnum((int64_t)cp_binary_of(self)->size);
}

static cp_value m_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return string_try_n(cp, text_of(cp_binary_of(self)), cp_binary_of(self)->size);
}

static cp_value m_binary(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    return self;
}

static cp_value m_is_binary(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)arguments, (void)count;
    return cp->known.sym_true;
}

static cp_value m_translate(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    const cp_binary *binary = cp_binary_of(self), *table = cp_binary_of(arguments[0]);
    if (table->size != 256)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "translate: the table has %zu bytes instead of 256",
                        table->size);
    cp_value result = binary_try_n(cp, NULL, binary->size);
    if (result == CP_THROWN) return result;
    unsigned char *out = cp_binary_of(result)->data;
    for (size_t i = 0; i < binary->size; i++) out[i] = table->data[binary->data[i]];
    return result;
}

/* ---- methods: parts ---- */

static cp_value m_get(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    size_t index;
    if (!string_check_index(cp, arguments[0], cp_binary_of(self)->size, &index)) return CP_THROWN;
    return cp_fixnum(cp_binary_of(self)->data[index]);
}

static cp_value m_set(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_binary *binary = cp_binary_of(self);
    size_t index, size;
    char byte;
    const char *bytes;
    if (!binary_wanted(cp, arguments[1], &byte, &bytes, &size)) return CP_THROWN;
    if (size == 1) {
        if (!string_check_index(cp, arguments[0], binary->size, &index)) return CP_THROWN;
    } else {
        size_t left;
        if (!string_check_range(cp, arguments[0], CP_NIL, binary->size, &index, &left)) return CP_THROWN;
        if (size > left)
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_INDEX,
                            "%zu bytes at the index %zu are out of range: the length is %zu", size, index,
                            binary->size);
    }
    memmove(binary->data + index, bytes, size);
    return arguments[1];
}

static cp_value m_extract(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    const cp_binary *binary = cp_binary_of(self);
    size_t from, items;
    if (!string_check_range(cp, arguments[0], arguments[1], binary->size, &from, &items)) return CP_THROWN;
    return binary_try_n(cp, binary->data + from, items);
}

static cp_value m_remove(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_binary *binary = cp_binary_of(self);
    size_t from, items;
    if (!string_check_range(cp, arguments[0], arguments[1], binary->size, &from, &items)) return CP_THROWN;
    memmove(binary->data + from, binary->data + from + items, binary->size - from - items);
    binary->size -= items;
    return CP_NIL;
}

static cp_value m_search(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    const cp_binary *binary = cp_binary_of(self);
    size_t from, items, size;
    char byte;
    const char *bytes;
    if (!binary_wanted(cp, arguments[0], &byte, &bytes, &size)) return CP_THROWN;
    if (!string_check_range(cp, arguments[1], CP_NIL, binary->size, &from, &items)) return CP_THROWN;
    const unsigned char *found = memmem(binary->data + from, items, bytes, size);
    return found ? cp_fixnum(found - binary->data) : CP_NIL;
}

/* ---- methods: comparison ---- */

static cp_value m_equal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return truth(cp, cp_is_binary(arguments[0]) && same(self, arguments[0]));
}

static cp_value m_unequal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return truth(cp, !cp_is_binary(arguments[0]) || !same(self, arguments[0]));
}

static cp_value m_hash(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    return cp_fixnum(string_hash_bytes(cp, text_of(cp_binary_of(self)), cp_binary_of(self)->size));
}

/* ---- table ---- */

static const cp_method_def methods[] = {
    {"Binary", "Binary", "((size Integer|" BYTES "))", m_create,
     "So many zero bytes, or a copy of the bytes given. Error 1.8 for a size below 0, 1.5 without the memory."},
    {"length", "Integer", "()", m_length, "The number of bytes."},
    {"string", "String", "()", m_string, "The bytes as text; those that are not UTF-8 stay as they are."},
    {"binary", "Binary", "()", m_binary, "The Binary itself."},
    {"copy", "Binary", "()", m_copy, "A new Binary of the same bytes."},
    {"isBinary", "Symbol", "()", m_is_binary, "true."},
    {"fromFile", "Symbol", "((path String))", m_from_file,
     "Replaces the bytes by those of a file and returns ok. Error 5.1 when it cannot be opened or is no ordinary file, "
     "5.3 "
     "when it cannot be read, 1.5 without the memory."},
    {"toFile", "Symbol", "((path String))", m_to_file,
     "Writes the bytes to a file, made or replaced, and returns ok. Error 5.1 when it cannot be opened, 5.4 when it "
     "cannot "
     "be written, 5.2 when it cannot be closed."},
    {"extract", "Binary", "((from Integer) (count Integer ()))", m_extract,
     "The bytes from an index on: count of them, or fewer where the bytes end; all when count is not given. Error 1.7 "
     "when "
     "from is below 0 or above the length, or count below 0."},
    {"remove", "NIL", "((from Integer) (count Integer ()))", m_remove,
     "Takes bytes out, in place: count of them from an index on, or fewer where the bytes end; all when count is not "
     "given. "
     "Error 1.7 as for extract."},
    {"get", "Integer", "((index Integer))", m_get,
     "The byte at an index from 0, as 0 to 255. Error 1.7 when there is none."},
    {"set", "Object", "((index Integer) (value Integer|" BYTES "))", m_set,
     "Puts a byte, 0 to 255, or several bytes at an index, over what is there, and returns value. Error 1.7 when they "
     "do "
     "not lie within the length, 1.8 for a byte out of range."},
    {"search", "Integer", "((bytes Integer|" BYTES ") (from Integer 0))", m_search,
     "The index at which a byte, 0 to 255, or several bytes stand first, at or after from; () when they do not. Error "
     "1.7 "
     "when from is below 0 or above the length, 1.8 for a byte out of range."},
    {"translate", "Binary", "((table Binary))", m_translate,
     "A new Binary in which each byte b is the table's byte at the index b. Error 1.8 when the table has not 256 "
     "bytes."},
    {"digest", "Binary", "((name String|Symbol \"sha256\"))", binary_method_digest,
     "The digest of the bytes: name is md5 sha1 sha224 sha256 sha384 sha512 or another that OpenSSL knows. "
     "Error 1.8 when it knows none of that name."},
    {"hex", "String|Binary", "((decode Object ()))", binary_method_hex,
     "The bytes as a String of upper-case hex digits. With decode the Binary that such digits stand for: error 1.8 for "
     "any "
     "others."},
    {"fromHex", "Symbol", "((digits String))", m_from_hex,
     "Replaces the bytes by those that pairs of hex digits stand for, white space between pairs allowed, and returns "
     "ok. "
     "Error 1.8 for anything else."},
    {"base64", "String|Binary", "((decode Object ()))", binary_method_base64,
     "The bytes as a String in base64 (RFC 4648), on one line. With decode the Binary that base64, with white space or "
     "without padding too, stands for: error 1.8 when it is none."},
    {"quotedPrintable", "String|Binary", "((decode Object ()))", binary_method_quoted_printable,
     "The bytes as a String in quoted-printable (RFC 2045), line ends encoded too. With decode the Binary that "
     "quoted-printable stands for: error 1.8 when a = is followed by no hex digits."},
    {"+", "Binary", "((other " BYTES "))", m_add, "A new Binary of these bytes with the other's behind them."},
    {"==", "Symbol", "(other)", m_equal, "Whether other is a Binary of the same bytes."},
    {"!=", "Symbol", "(other)", m_unequal, "Whether other is anything but a Binary of the same bytes."},
    {"hash", "Integer", "()", m_hash,
     "A number from 1 to below 2^32 that is the same for equal bytes in this run of the program."},
    {0}};

const cp_class_def binary_class = {
    .name = "Binary",
    .doc = "Bytes, indexed from 0, that can be changed in place. Written 0x\"A102\".",
    .flags = CP_CLASS_MADE_BY_CONSTRUCTOR,
    .major = 1,
    .methods = methods,
};
