/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json_write.c: values to JSON text; what JSON cannot say is refused, so that nothing changes silently on the way. */
#include "modules/library/json.h"

#include <math.h>
#include <stdio.h>

#include "modules/library/library_data.h"
#include "modules/coding/utf8_text.h"

struct writer {
    cp_context *cp;
    const struct json_options *options;
    struct output text;
    int64_t depth;
};

static bool write_value(struct writer *w, cp_value v);

static bool refuse(struct writer *w, cp_value v, const char *why) {
    cp_throw(w->cp, CP_ERROR_JSON, JSON_NO_FORM, "this %s has no form in JSON: %s",
             cp_class_name(cp_class_of(w->cp, v)), why);
    return false;
}

static bool put(struct writer *w, const char *z) { return output_add_z(w->cp, &w->text, z); }

static bool write_text(struct writer *w, cp_value v, const char *bytes, size_t size) {
    if (!utf8_text_is_valid(bytes, size)) return refuse(w, v, "its bytes are not UTF-8; write its base64");
    if (!put(w, "\"")) return false;
    const char *run = bytes, *end = bytes + size;
    for (const char *at = bytes; at < end; at++) {
        unsigned char c = (unsigned char)*at;
        if (CP_LIKELY(c >= ' ' && c != '"' && c != '\\' && c != 127)) continue;
        if (!output_add(w->cp, &w->text, run, (size_t)(at - run))) return false;
        run = at + 1;
        char escape[8] = {'\\', (char)c, 0};
        static const char names[] = "bfnrt", codes[] = "\b\f\n\r\t";
        const char *found = c ? strchr(codes, c) : NULL;
        if (found) escape[1] = names[found - codes];
        else if (c < ' ' || c == 127) snprintf(escape, sizeof escape, "\\u%04x", c);
        if (!put(w, escape)) return false;
    }
    bool done = output_add(w->cp, &w->text, run, (size_t)(end - run)) && put(w, "\"");
    library_keep(v);
    return done;
}

static bool write_string(struct writer *w, cp_value v) {
    const char *bytes;
    size_t size;
    cp_bytes_of(v, &bytes, &size);
    return write_text(w, v, bytes, size);
}

static bool write_symbol(struct writer *w, cp_value v) {
    const char *text = cp_symbol_of(v)->text;
    if (!strcmp(text, "true") || !strcmp(text, "false") || !strcmp(text, "null")) return put(w, text);
    return write_string(w, v);
}

static bool write_number(struct writer *w, cp_value v) {
    if (cp_is_real(v) && !isfinite(cp_real_value(v))) return refuse(w, v, "it is infinite or not a number");
    cp_value text = cp_to_string(w->cp, v);
    return text != CP_THROWN && output_add(w->cp, &w->text, cp_string_text(text), cp_string_size(text));
}

/* ---- arrays and objects ---- */

static bool new_line(struct writer *w) {
    if (w->options->indent <= 0) return true;
    size_t spaces = (size_t)(w->options->indent * w->depth);
    if (!output_room(w->cp, &w->text, spaces + 1)) return false;
    w->text.bytes[w->text.size++] = '\n';
    memset(w->text.bytes + w->text.size, ' ', spaces);
    w->text.size += spaces;
    return true;
}

static bool enter(struct writer *w, const char *opening) {
    if (cp_check_stack(w->cp) == CP_THROWN) return false;
    if (++w->depth > w->options->depth) {
        cp_throw(w->cp, CP_ERROR_JSON, JSON_DEPTH,
                 "nested more than %lld deep: perhaps something contains itself; otherwise raise `depth` of the Json",
                 (long long)w->options->depth);
        return false;
    }
    return put(w, opening);
}

static bool leave(struct writer *w, bool empty, const char *closing) {
    w->depth--;
    return (empty || new_line(w)) && put(w, closing);
}

static bool write_array(struct writer *w, cp_value v) {
    cp_iterator iterator;
    bool first = true;
    if (!enter(w, "[") || cp_iterate(w->cp, &iterator, v) == CP_THROWN) return false;
    for (;;) {
        cp_value item = cp_next(w->cp, &iterator);
        if (item == CP_THROWN) return false;
        if (item == CP_DONE) return leave(w, first, "]");
        if ((!first && !put(w, ",")) || !new_line(w) || !write_value(w, item)) return false;
        first = false;
    }
}

static bool write_object(struct writer *w, cp_value table) {
    size_t position = 0;
    cp_value key, value;
    bool first = true;
    if (!enter(w, "{")) return false;
    while (cp_table_next(table, &position, &key, &value)) {
        if ((!first && !put(w, ",")) || !new_line(w)) return false;
        first = false;
        if (cp_is_integer(key)) key = cp_to_string(w->cp, key);
        if (key == CP_THROWN) return false;
        if (!cp_is_string(key) && !cp_is_symbol(key)) return refuse(w, key, "a name is a String, Symbol or Integer");
        if (!write_string(w, key) || !put(w, w->options->indent > 0 ? ": " : ":") || !write_value(w, value))
            return false;
    }
    return leave(w, first, "}");
}

/* An object says by its method `json` what is to be written in its place. */
static bool write_object_of_class(struct writer *w, cp_value v) {
    if (!cp_responds_to(w->cp, v, "json"))
        return refuse(w, v, "it is no number, text, List, Array, HashTable, true or (), and has no method json");
    if (cp_check_stack(w->cp) == CP_THROWN) return false;
    if (++w->depth > w->options->depth) return refuse(w, v, "its method json gives objects without end");
    cp_value instead = cp_send_z(w->cp, v, "json", NULL, 0);
    bool done = instead != CP_THROWN && write_value(w, instead);
    w->depth--;
    return done;
}

static bool write_value(struct writer *w, cp_value v) {
    if (v == CP_NIL) return put(w, w->options->lists ? "[]" : "false");
    switch (cp_class_number_of(v)) {
    case CP_CLASS_INTEGER:
    case CP_CLASS_REAL: return write_number(w, v);
    case CP_CLASS_STRING: return write_string(w, v);
    case CP_CLASS_SYMBOL: return write_symbol(w, v);
    case CP_CLASS_LIST:
    case CP_CLASS_ARRAY:
    case CP_CLASS_RANGE:
    case CP_CLASS_ENUMERATOR: return write_array(w, v);
    case CP_CLASS_HASH_TABLE: return write_object(w, v);
    case CP_CLASS_BINARY:
    case CP_CLASS_BUFFER: return refuse(w, v, "write its base64 or its string");
    default: return write_object_of_class(w, v);
    }
}

cp_value json_write(cp_context *cp, cp_value value, const struct json_options *options) {
    struct writer w = {.cp = cp, .options = options};
    return write_value(&w, value) ? output_string(cp, &w.text) : CP_THROWN;
}
