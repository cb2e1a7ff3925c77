/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * equal.c: cp_equal and cp_hash.
 *
 * Scripts choose what is compared, so nesting may be as deep as memory, structures may be circular, and shared parts
 * may make a small structure look exponentially large. Hence no recursion over items but a stack of frames on the heap;
 * and once a comparison is suspiciously deep or long, pairs already met are joined in a union-find and taken as equal
 * when met again (coinduction: a difference, if any, is found from the first meeting), which bounds the work to about
 * the number of different parts.
 */
#include "interp/data/equal.h"
#include "interp/data/array.h"
#include "interp/data/class.h"
#include "interp/data/list.h"
#include "interp/data/number.h"
#include "interp/data/string.h"
#include "interp/data/table.h"

#include <math.h>

enum {
    LOCAL_FRAMES = 16,
    DEEP = 64,         /* frames: below them pairs are remembered */
    LONG = 1 << 22,    /* containers: after them pairs are remembered */
    HASH_DEPTH = 6,    /* Lists within Lists that a hash looks into */
    HASH_BUDGET = 128, /* items that a hash looks at */
};

/* ---- single values ----------------------------------------------------------------------------------------------- */

enum verdict { DIFFERENT, EQUAL, INSIDE /* their items decide */, FAILED /* an Error was thrown */ };

/* The class's method of that name; NULL when there is none. */
static struct function *method_of(cp_context *cp, cp_class *c, cp_value name) {
    struct member *member = class_member(cp, c, 0, cp_symbol_of(name));
    return member && member->kind == MEMBER_METHOD && cp_is_function(member->function) ? function_of(member->function)
                                                                                       : NULL;
}

static bool same_bytes(cp_value a, cp_value b) {
    const char *a_bytes, *b_bytes;
    size_t a_size, b_size;
    return cp_bytes_of(a, &a_bytes, &a_size) && cp_bytes_of(b, &b_bytes, &b_size) && a_size == b_size &&
           (a_size == 0 || memcmp(a_bytes, b_bytes, a_size) == 0);
}

/* Both are of the class, so what the method's signature says of its argument holds. */
static enum verdict same_by_class(cp_context *cp, cp_value a, cp_value b, uint32_t number) {
    struct function *equal = method_of(cp, class_numbered(cp, number), cp->known.sym_equal);
    if (!equal) return DIFFERENT;
    cp_value result =
        function_is_native(equal) ? equal->native(cp, a, &b, 1) : cp_send(cp, a, cp->known.sym_equal, &b, 1);
    if (result == CP_THROWN) return FAILED;
    return cp_is_true(result) ? EQUAL : DIFFERENT;
}

static enum verdict judge(cp_context *cp, cp_value a, cp_value b) {
    if (a == b) return cp_is_immediate_real(a) && isnan(cp_real_value(a)) ? DIFFERENT : EQUAL;
    if (cp_is_number(a)) return number_equal(a, b) ? EQUAL : DIFFERENT;
    uint32_t number = cp_class_number_of(a);
    if (number == CP_CLASS_FACE || cp_class_number_of(b) == CP_CLASS_FACE) {
        a = cp_object_behind(a);
        b = cp_object_behind(b);
        if (a == b) return EQUAL;
        number = cp_class_number_of(a);
    }
    if (number != cp_class_number_of(b)) return DIFFERENT;
    switch (number) {
    case CP_CLASS_LIST: return a == CP_NIL || b == CP_NIL ? DIFFERENT : INSIDE;
    case CP_CLASS_STRING:
    case CP_CLASS_BINARY:
    case CP_CLASS_BUFFER: return same_bytes(a, b) ? EQUAL : DIFFERENT;
    case CP_CLASS_ARRAY: return array_of(a)->count == array_of(b)->count ? INSIDE : DIFFERENT;
    case CP_CLASS_HASH_TABLE: return table_of(a)->count == table_of(b)->count ? INSIDE : DIFFERENT;
    case CP_CLASS_NONE:
    case CP_CLASS_SYMBOL:
    case CP_CLASS_FUNCTION:
    case CP_CLASS_ERROR:
    case CP_CLASS_REFERENCE: return DIFFERENT;
    default: return same_by_class(cp, a, b, number);
    }
}

/* ---- pairs met before -------------------------------------------------------------------------------------------- */

/* Open addressing; every value points to another of its set or to itself. */
struct met {
    struct met_node {
        cp_value value, parent;
    } * nodes;
    size_t count, mask;
};

static struct met_node *met_slot(struct met *met, cp_value v) {
    size_t slot = hash_mix((uint32_t)(v >> 3) ^ (uint32_t)(v >> 35)) & met->mask;
    while (met->nodes[slot].value && met->nodes[slot].value != v) slot = (slot + 1) & met->mask;
    return &met->nodes[slot];
}

static bool met_grow(cp_context *cp, struct met *met) {
    struct met old = *met;
    size_t size = old.nodes ? (old.mask + 1) * 2 : 256;
    met->nodes = cp_try_alloc(cp, size * sizeof *met->nodes);
    if (!met->nodes) return false;
    met->mask = size - 1;
    for (size_t i = 0; old.nodes && i <= old.mask; i++)
        if (old.nodes[i].value) *met_slot(met, old.nodes[i].value) = old.nodes[i];
    return true;
}

static cp_value met_root(struct met *met, cp_value v) {
    struct met_node *node = met_slot(met, v);
    if (!node->value) {
        *node = (struct met_node){v, v};
        met->count++;
    }
    while (node->parent != node->value) {
        struct met_node *above = met_slot(met, node->parent);
        node->parent = above->parent; /* halves the path for the next one */
        node = met_slot(met, above->parent);
    }
    return node->value;
}

enum join { JOIN_NEW, JOIN_KNOWN, JOIN_FAILED };

static enum join met_join(cp_context *cp, struct met *met, cp_value a, cp_value b) {
    if ((!met->nodes || met->count + 2 > met->mask / 2) && !met_grow(cp, met)) return JOIN_FAILED;
    cp_value a_root = met_root(met, a), b_root = met_root(met, b);
    if (a_root == b_root) return JOIN_KNOWN;
    met_slot(met, a_root)->parent = b_root;
    return JOIN_NEW;
}

/* ---- structures -------------------------------------------------------------------------------------------------- */

/* Two containers half compared: for Lists a and b are the cells to come, else position is. */
struct frame {
    cp_value a, b;
    struct table_block *block; /* a's entries, for HashTables */
    size_t position;
    bool circular;
};

struct comparison {
    cp_context *cp;
    struct frame *frames;
    size_t depth, capacity, containers;
    struct met met;
};

/* Begins to compare two containers. False when they are found different or memory is lacking. */
static bool enter(struct comparison *c, cp_value a, cp_value b) {
    struct frame frame = {.a = a, .b = b};
    if (c->depth > DEEP || ++c->containers > LONG) {
        enum join join = met_join(c->cp, &c->met, a, b);
        if (join != JOIN_NEW) return join == JOIN_KNOWN;
    }
    if (cp_is_cell(a)) {
        size_t a_count, b_count;
        enum list_shape shape = list_measure(a, &a_count);
        if (shape != list_measure(b, &b_count)) return false;
        frame.circular = shape == LIST_CIRCULAR;
        if (!frame.circular && a_count != b_count) return false;
    } else if (is_table(a)) {
        frame.block = table_of(a)->block;
    }
    if (c->depth == c->capacity) {
        struct frame *more = cp_try_alloc(c->cp, c->capacity * 2 * sizeof *more);
        if (!more) return false;
        memcpy(more, c->frames, c->depth * sizeof *more);
        c->frames = more;
        c->capacity *= 2;
    }
    c->frames[c->depth++] = frame;
    return true;
}

/* The next two values to compare: of the topmost frame that has some. A frame leaves before its last pair is looked at,
   so that nesting in the last place takes no room. False when a difference has been found. */
static bool next_pair(struct comparison *c, cp_value *a, cp_value *b, bool *more) {
    while (c->depth > 0) {
        struct frame *f = &c->frames[c->depth - 1];
        *more = true;
        if (f->block || is_table(f->a)) {
            struct table_entry *entry = table_block_next(f->block, &f->position);
            if (!entry) {
                c->depth--;
                continue;
            }
            *a = entry->value;
            struct table_entry *other;
            if (!table_lookup(c->cp, f->b, entry->key, &other) || !other) return false;
            *b = other->value;
            return true;
        }
        if (is_array(f->a)) {
            struct array *x = array_of(f->a), *y = array_of(f->b);
            if (f->position == x->count) {
                c->depth--;
                continue;
            }
            *a = x->items[f->position];
            *b = y->items[f->position++];
            return true;
        }
        if (f->a == f->b) { /* the same rest, or both at their end */
            c->depth--;
            continue;
        }
        if (!cp_is_cell(f->a) || !cp_is_cell(f->b)) { /* tails of improper Lists */
            *a = f->a;
            *b = f->b;
            c->depth--;
            return true;
        }
        if (f->circular && f->position++ > 0) {
            enum join join = met_join(c->cp, &c->met, f->a, f->b);
            if (join == JOIN_FAILED) return false;
            if (join == JOIN_KNOWN) {
                c->depth--;
                continue;
            }
        }
        *a = cp_head(f->a);
        *b = cp_head(f->b);
        f->a = cp_tail(f->a);
        f->b = cp_tail(f->b);
        return true;
    }
    *more = false;
    return true;
}

static bool compare(cp_context *cp, cp_value a, cp_value b) {
    struct frame local[LOCAL_FRAMES];
    struct comparison c = {.cp = cp, .frames = local, .capacity = LOCAL_FRAMES};
    bool more = true;
    /* HashTables whose keys are HashTables do recurse: through cp_table_get */
    if (cp_check_stack(cp) == CP_THROWN) return false;
    while (more) {
        enum verdict verdict = judge(cp, a, b);
        if (verdict == DIFFERENT || verdict == FAILED) return false;
        if (verdict == INSIDE && !enter(&c, cp_object_behind(a), cp_object_behind(b))) return false;
        if (!next_pair(&c, &a, &b, &more)) return false;
    }
    return true;
}

int value_equal(cp_context *cp, cp_value a, cp_value b) {
    cp_value before = cp->error;
    enum verdict verdict = judge(cp, a, b);
    if (CP_LIKELY(verdict < INSIDE)) return verdict == EQUAL;
    if (verdict == INSIDE && compare(cp, a, b)) return 1;
    if (CP_LIKELY(cp->error == before)) return 0;
    if (before == CP_NIL) return -1;
    cp->error = before; /* an Error is on its way already: that one counts */
    return 0;
}

bool cp_equal(cp_context *cp, cp_value a, cp_value b) {
    int equal = value_equal(cp, a, b);
    if (CP_UNLIKELY(equal < 0)) cp_take_error(cp); /* "not known to be equal" */
    return equal > 0;
}

/* ---- hashes ------------------------------------------------------------------------------------------------------ */

static uint32_t combine(uint32_t hash, uint32_t more) { return (hash ^ more) * 0x9E3779B1U + (hash >> 15); }

/* What a hash may still look at, and whether an Error was thrown meanwhile. */
struct hashing {
    unsigned budget;
    bool failed;
};

static uint32_t hash_by_class(cp_context *cp, cp_value v, uint32_t number, struct hashing *hashing) {
    cp_class *c = class_numbered(cp, number);
    struct function *hash = method_of(cp, c, cp->known.sym_hash);
    if (hash) {
        cp_value result =
            function_is_native(hash) ? hash->native(cp, v, NULL, 0) : cp_send(cp, v, cp->known.sym_hash, NULL, 0);
        if (cp_is_integer(result)) return hash_mix(number_hash(cp, result));
        hashing->failed = true;
        if (result == CP_THROWN) return number;
        cp_throw_type(cp, cp_text_z(cp, cp_string_format(cp, "what %s::hash gives", cp_class_name(c))), "Integer",
                      result);
        return number;
    }
    /* equal objects may lie at different addresses */
    if (method_of(cp, c, cp->known.sym_equal)) return hash_mix(number);
    return hash_mix((uint32_t)(v >> 4) ^ (uint32_t)(v >> 36));
}

/* Looks at the first items only: equal structures, circular and long ones too, show the same ones. */
static uint32_t hash_value(cp_context *cp, cp_value v, unsigned depth, struct hashing *hashing) {
    if (cp_is_number(v)) return hash_mix(number_hash(cp, v));
    uint32_t number = cp_class_number_of(v), hash = hash_mix(number + 0x5bd1U);
    switch (number) {
    case CP_CLASS_FACE: return hash_value(cp, cp_object_behind(v), depth, hashing);
    case CP_CLASS_SYMBOL: return hash_mix(cp_object_of(v)->bits);
    case CP_CLASS_STRING: return hash_mix(string_hash(cp, v));
    case CP_CLASS_BINARY:
    case CP_CLASS_BUFFER: {
        const char *bytes;
        size_t size;
        return cp_bytes_of(v, &bytes, &size) ? combine(hash, hash_mix(string_hash_bytes(cp, bytes, size))) : hash;
    }
    case CP_CLASS_LIST:
        if (depth == HASH_DEPTH) return hash;
        for (; cp_is_cell(v) && hashing->budget > 0 && !hashing->failed; v = cp_tail(v)) {
            hashing->budget--;
            hash = combine(hash, hash_value(cp, cp_head(v), depth + 1, hashing));
        }
        return hash_mix(hash);
    case CP_CLASS_ARRAY: {
        struct array *array = array_of(v);
        hash = combine(hash, (uint32_t)array->count);
        if (depth == HASH_DEPTH) return hash;
        for (size_t i = 0; i < array->count && hashing->budget > 0 && !hashing->failed; i++) {
            hashing->budget--;
            hash = combine(hash, hash_value(cp, array->items[i], depth + 1, hashing));
        }
        return hash_mix(hash);
    }
    case CP_CLASS_HASH_TABLE: return hash_mix(hash + (uint32_t)table_of(v)->count); /* in any order */
    default: return hash_by_class(cp, v, number, hashing);
    }
}

bool value_hash(cp_context *cp, cp_value v, uint32_t *hash) {
    if (CP_LIKELY(cp_is_symbol(v) || cp_is_string(v))) { /* most keys */
        *hash = hash_mix(cp_is_symbol(v) ? cp_object_of(v)->bits : string_hash(cp, v));
        return true;
    }
    struct hashing hashing = {.budget = HASH_BUDGET};
    *hash = hash_value(cp, v, 0, &hashing);
    return CP_LIKELY(!hashing.failed);
}

uint32_t cp_hash(cp_context *cp, cp_value v) {
    uint32_t hash;
    if (!value_hash(cp, v, &hash)) cp_take_error(cp);
    return hash;
}
