/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bind_match.c: match (language.md 5): patterns become tests, and the names in them variables of the clause.
 *
 * A clause is (if tests body rest). The tests of a pattern run from left to right as one `and`; parts of the value that
 * later tests or names need are kept in hidden variables of the match, which all clauses share, because only one of
 * them is tried at a time. Names become variables of a `let` around the body, so that every closure has its own and the
 * body stays in tail position.
 */
#include "interp/lang/binder.h"
#include "interp/code/instructions.h"

struct binding {
    cp_symbol *name;
    struct variable *part; /* hidden: where the value lies */
};

struct matcher {
    struct binder *b;
    struct variable **parts; /* the hidden variables; `used` of them by the clause that is being bound */
    uint32_t used, count, capacity;
    struct node **tests;
    uint32_t test_count, test_capacity;
    struct binding *bindings;
    uint32_t binding_count, binding_capacity;
};

static bool pattern(struct matcher *m, cp_value form, struct variable *value, uint32_t position);

/* ---- parts of nodes ---------------------------------------------------------------------------------------------- */

/* Room for one more item of `size` bytes in a vector. */
static void *grown(void *items, uint32_t count, uint32_t *capacity, size_t size) {
    if (count < *capacity) return items;
    *capacity = *capacity ? *capacity * 2 : 8;
    void *bigger = cp_alloc(*capacity * size);
    if (count) memcpy(bigger, items, count * size);
    return bigger;
}

static void add_test(struct matcher *m, struct node *test) {
    m->tests = grown(m->tests, m->test_count, &m->test_capacity, sizeof *m->tests);
    m->tests[m->test_count++] = test;
}

static struct variable *new_part(struct matcher *m) {
    if (m->used == m->count) {
        m->parts = grown(m->parts, m->count, &m->capacity, sizeof *m->parts);
        m->parts[m->count++] = scope_hidden(m->b, m->b->cp->known.type_object);
    }
    return m->parts[m->used++];
}

static struct node *read_part(struct matcher *m, struct variable *part, uint32_t position) {
    return node_variable(m->b, part, position);
}

/* A test that always holds and puts a value into a part. */
static bool add_set(struct matcher *m, struct variable *part, struct node *value, uint32_t position) {
    struct node *set = node_set(m->b, part, value, position);
    if (!set) return false;
    struct node *node = node_new(m->b, NODE_DO, position);
    node->items = cp_alloc(2 * sizeof *node->items);
    node->items[0] = set;
    node->items[1] = node_constant(m->b, m->b->cp->known.sym_true, position);
    node->count = 2;
    node->assigns = true;
    add_test(m, node);
    return true;
}

static struct node *call_helper(struct matcher *m, const char *name, struct node *x, struct node *y,
                                uint32_t position) {
    struct node *node = node_new(m->b, NODE_CALL, position);
    node->symbol = cp_symbol_of(cp_symbol_z(m->b->cp, name));
    node->items = cp_alloc(2 * sizeof *node->items);
    node->items[node->count++] = x;
    if (y) node->items[node->count++] = y;
    return node;
}

static void add_equal(struct matcher *m, struct variable *value, cp_value constant, uint32_t position) {
    struct node *node =
        node_pair(m->b, NODE_COMPARE, read_part(m, value, position), node_constant(m->b, constant, position), position);
    node->number = OP_EQUAL;
    add_test(m, node);
}

/* The forms in a `let` of the names bound so far; `body` is bound where they are visible. */
static struct node *with_names(struct matcher *m, cp_value forms, uint32_t position) {
    struct binder *b = m->b;
    if (m->binding_count == 0) return bind_body(b, forms, position);
    struct node *node = node_new(b, NODE_LET, position);
    node->items = cp_alloc(m->binding_count * sizeof *node->items);
    scope_push(b, true);
    for (uint32_t i = 0; i < m->binding_count; i++) {
        struct variable *variable = scope_declare(b, m->bindings[i].name, b->cp->known.type_object);
        struct node *declare = node_set(b, variable, read_part(m, m->bindings[i].part, position), position);
        if (!declare) return NULL;
        variable->mutated = false;
        declare->kind = NODE_DECLARE;
        node->items[node->count++] = declare;
    }
    node->b = bind_body(b, forms, position);
    scope_pop(b);
    if (!node->b) return NULL;
    node->type = node->b->type;
    node->assigns = true;
    return node;
}

/* ---- patterns ---------------------------------------------------------------------------------------------------- */

static bool is_named(cp_value form, const char *text) {
    return cp_is_symbol(form) && !strcmp(cp_symbol_of(form)->text, text);
}

static bool matches_all(cp_value form) { return is_named(form, "_"); }

static bool fail(struct matcher *m, uint32_t position, const char *text) {
    bind_fail(m->b, position, CP_ERROR_PARSE, 4, "%s", text);
    return false;
}

static bool bind_name(struct matcher *m, cp_value form, struct variable *value, uint32_t position) {
    cp_symbol *name = cp_symbol_of(form);
    if (name->flags & (CP_SYMBOL_GLOBAL | CP_SYMBOL_KEYWORD)) {
        bind_fail(m->b, position, CP_ERROR_PARSE, 4,
                  "the pattern %s is neither a plain name, which binds, nor a literal; quote a Symbol: '%s", name->text,
                  name->text);
        return false;
    }
    for (uint32_t i = 0; i < m->binding_count; i++) {
        if (m->bindings[i].name != name) continue;
        bind_fail(m->b, position, CP_ERROR_PARSE, 4,
                  "the pattern binds %s twice; compare with (if pattern (== %s other))", name->text, name->text);
        return false;
    }
    m->bindings = grown(m->bindings, m->binding_count, &m->binding_capacity, sizeof *m->bindings);
    m->bindings[m->binding_count++] = (struct binding){name, value};
    return true;
}

static bool is_rest(struct matcher *m, cp_value form) {
    cp_value ellipsis = m->b->cp->known.sym_ellipsis;
    return form == ellipsis || (cp_is_cell(form) && cp_head(form) == ellipsis);
}

/* The name in (... name), or `rest` for a bare `...`; NULL after an Error. */
static cp_value rest_name(struct matcher *m, cp_value form, uint32_t position) {
    if (!cp_is_cell(form)) return m->b->cp->known.sym_rest;
    if (form_length(form) == 2 && cp_is_symbol(form_item(form, 1))) return form_item(form, 1);
    fail(m, position, "the rest of a List is (... name)");
    return CP_THROWN;
}

/* (list p ...) with an optional last (... rest): first the number of items, then one after the other. */
static bool list_pattern(struct matcher *m, cp_value form, struct variable *value, uint32_t position) {
    size_t count = 0, needed = 0; /* needed: items that must be reached at all */
    bool has_rest = false;
    for (cp_value items = cp_tail(form); cp_is_cell(items); items = cp_tail(items)) {
        if (has_rest)
            return fail(m, item_position(m->b, items, position), "(... rest) must be the last pattern of a List");
        has_rest = is_rest(m, cp_head(items));
        if (has_rest) needed = count + 1;
        else if (count++, !matches_all(cp_head(items))) needed = count;
    }
    int64_t shape = has_rest ? -1 - (int64_t)count : (int64_t)count;
    add_test(m, call_helper(m, "%matchList", read_part(m, value, position),
                            node_constant(m->b, cp_fixnum(shape), position), position));
    struct variable *cursor = value;
    cp_value items = cp_tail(form);
    for (size_t i = 0; i < needed; i++, items = cp_tail(items)) {
        uint32_t at = item_position(m->b, items, position);
        if (i > 0) {
            struct node *tail = node_pair(m->b, NODE_TAIL, read_part(m, cursor, at), NULL, at);
            if (i == 1) cursor = new_part(m);
            if (!add_set(m, cursor, tail, at)) return false;
        }
        cp_value item = cp_head(items);
        if (matches_all(item)) continue;
        if (is_rest(m, item)) {
            cp_value name = rest_name(m, item, at);
            return name != CP_THROWN && (matches_all(name) || bind_name(m, name, cursor, at));
        }
        struct variable *part = new_part(m);
        if (!add_set(m, part, node_pair(m->b, NODE_HEAD, read_part(m, cursor, at), NULL, at), at) ||
            !pattern(m, item, part, at))
            return false;
    }
    return true;
}

/* {key p ...}: a HashTable that has these keys, and others or not. Keys are expressions, as in the literal. */
static bool table_pattern(struct matcher *m, cp_value form, struct variable *value, uint32_t position) {
    if (form_length(form) % 2 == 0) return fail(m, position, "{key pattern ...}: the last key has no pattern");
    add_test(m, call_helper(m, "%matchClass", read_part(m, value, position),
                            node_constant(m->b, cp_symbol_z(m->b->cp, "HashTable"), position), position));
    for (cp_value items = cp_tail(form); cp_is_cell(items); items = cp_tail(cp_tail(items))) {
        uint32_t at = item_position(m->b, items, position);
        struct node *key = bind_expression(m->b, cp_head(items), at);
        if (!key) return false;
        if (key->kind != NODE_CONSTANT) { /* evaluated once */
            struct variable *part = new_part(m);
            if (!add_set(m, part, key, at)) return false;
            key = read_part(m, part, at);
        }
        add_test(m, call_helper(m, "%matchHas", read_part(m, value, at), key, at));
        cp_value inner = form_item(items, 1);
        if (matches_all(inner)) continue;
        struct variable *part = new_part(m);
        if (!add_set(m, part, call_helper(m, "%matchGet", read_part(m, value, at), key, at), at) ||
            !pattern(m, inner, part, item_position(m->b, cp_tail(items), at)))
            return false;
    }
    return true;
}

/* (if p test): p fits, and test, which sees the names in p, holds. */
static bool guard_pattern(struct matcher *m, cp_value form, struct variable *value, uint32_t position) {
    if (form_length(form) != 3) return fail(m, position, "the pattern (if pattern test) takes a pattern and a test");
    cp_value test_cell = form_cell(form, 2);
    if (!pattern(m, form_item(form, 1), value, item_position(m->b, form_cell(form, 1), position))) return false;
    struct node *test = with_names(m, test_cell, item_position(m->b, test_cell, position));
    if (test) add_test(m, test);
    return test != NULL;
}

/* (Class p): mostly a name, but any pattern will do. */
static bool class_pattern(struct matcher *m, cp_value form, struct variable *value, uint32_t position) {
    cp_value name = cp_head(form);
    const char *text = cp_is_symbol(name) ? cp_symbol_of(name)->text : "", *slash = strrchr(text, '/');
    char first = slash ? slash[1] : text[0]; /* package/Class */
    if (form_length(form) != 2 || first < 'A' || first > 'Z')
        return fail(m, position,
                    "a pattern is a literal, 'symbol, _, a name, (list pattern ... (... rest)), {key pattern ...}, "
                    "(Class name) or (if pattern test)");
    uint32_t at = item_position(m->b, form, position);
    struct type *type = bind_type(m->b, name, at);
    if (!type) return false;
    add_test(m, call_helper(m, "%matchClass", read_part(m, value, at),
                            node_constant(m->b, cp_from_object(type->name), at), at));
    cp_value inner = form_cell(form, 1);
    return pattern(m, cp_head(inner), value, item_position(m->b, inner, position));
}

/* Adds the tests and names of one pattern for the value in a hidden variable. */
static bool pattern(struct matcher *m, cp_value form, struct variable *value, uint32_t position) {
    if (cp_check_stack(m->b->cp) == CP_THROWN) return false;
    if (cp_is_symbol(form)) {
        if (matches_all(form)) return true;
        if (is_named(form, "true")) return add_equal(m, value, form, position), true;
        if (is_named(form, "false") || is_named(form, "nil")) return add_equal(m, value, CP_NIL, position), true;
        if (is_rest(m, form)) return fail(m, position, "... stands at the end of a pattern (list ...)");
        return bind_name(m, form, value, position);
    }
    if (!cp_is_cell(form)) return add_equal(m, value, form, position), true;
    cp_value head = cp_head(form);
    if (head == m->b->cp->known.sym_quote && form_length(form) == 2)
        return add_equal(m, value, form_item(form, 1), position), true;
    if (is_named(head, "list") || is_named(head, "%list")) return list_pattern(m, form, value, position);
    if (is_named(head, "%table")) return table_pattern(m, form, value, position);
    if (is_named(head, "if")) return guard_pattern(m, form, value, position);
    if (is_rest(m, form)) return fail(m, position, "(... rest) stands at the end of a pattern (list ...)");
    return class_pattern(m, form, value, position);
}

/* ---- the form ---------------------------------------------------------------------------------------------------- */

static struct node *all_tests(struct matcher *m, uint32_t position) {
    struct node *node = node_new(m->b, NODE_AND, position);
    node->items = m->tests;
    node->count = m->test_count;
    node->assigns = true;
    m->tests = NULL;
    m->test_capacity = 0;
    return node;
}

static struct node *clauses(struct matcher *m, cp_value rest, struct variable *value, uint32_t position) {
    struct binder *b = m->b;
    if (!cp_is_cell(rest)) return call_helper(m, "%matchFailed", read_part(m, value, position), NULL, position);
    if (cp_check_stack(b->cp) == CP_THROWN) return NULL;
    cp_value clause = cp_head(rest);
    uint32_t at = item_position(b, rest, position);
    if (!cp_is_cell(clause))
        return bind_fail(b, at, CP_ERROR_PARSE, 4, "each clause of match is (pattern expression ...)");
    if (is_named(cp_head(clause), "else")) {
        if (cp_is_cell(cp_tail(rest)))
            return bind_fail(b, at, CP_ERROR_PARSE, 4, "else must be the last clause of match");
        return bind_body(b, cp_tail(clause), at);
    }
    m->used = m->test_count = m->binding_count = 0;
    if (!pattern(m, cp_head(clause), value, item_position(b, clause, at))) return NULL;
    struct node *tests = m->test_count ? all_tests(m, at) : NULL;
    struct node *body = with_names(m, cp_tail(clause), at);
    if (!body) return NULL;
    struct node *others = clauses(m, cp_tail(rest), value, position);
    if (!others || !tests) return others ? body : NULL;
    struct node *node = node_new(b, NODE_IF, at);
    node->a = tests;
    node->b = body;
    node->c = others;
    node->assigns = true;
    if (body->type == others->type) node->type = body->type;
    return node;
}

static struct node *declare_hidden(struct binder *b, struct variable *variable, struct node *value, uint32_t position) {
    bool mutated = variable->mutated;
    struct node *declare = node_set(b, variable, value, position);
    if (!declare) return NULL;
    variable->mutated = mutated;
    declare->kind = NODE_DECLARE;
    return declare;
}

static struct node *form_match(struct binder *b, cp_value form, uint32_t position) {
    if (!form_has(b, form, position, 1, -1, "(match value (pattern expression ...) ... (else expression ...))"))
        return NULL;
    cp_value value_cell = form_cell(form, 1);
    struct node *value = bind_expression(b, cp_head(value_cell), item_position(b, value_cell, position));
    if (!value) return NULL;
    struct matcher m = {.b = b};
    struct node *node = node_new(b, NODE_LET, position);
    scope_push(b, false);
    struct variable *held = scope_hidden(b, b->cp->known.type_object);
    node->b = clauses(&m, form_cell(form, 2), held, position);
    scope_pop(b);
    if (!node->b) return NULL;
    node->items = cp_alloc((m.count + 1) * sizeof *node->items);
    if (!(node->items[node->count++] = declare_hidden(b, held, value, position))) return NULL;
    for (uint32_t i = 0; i < m.count; i++) {
        struct node *nothing = node_constant(b, CP_NIL, position);
        if (!(node->items[node->count++] = declare_hidden(b, m.parts[i], nothing, position))) return NULL;
    }
    node->type = node->b->type;
    node->assigns = true;
    return node;
}

const struct special_form_entry match_forms[] = {
    {"match", form_match, true,
     "(match value (pattern expression ...) ... (else expression ...)): the first pattern that fits. A pattern is a "
     "literal or 'symbol (compared by ==), _ (fits all), a name (fits all and binds it), (list pattern ... (... "
     "rest)), "
     "{key pattern ...} (a HashTable with these keys), (Class pattern), or (if pattern test). No fit is error 1.5."},
    {0},
};

/* ---- what runs --------------------------------------------------------------------------------------------------- */

/* The shape n >= 0: a proper List of n items; below: one of at least -1 - n, and then anything. A circular one ends no
   count. */
static cp_value match_list(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    int64_t shape = cp_fixnum_value(arguments[1]), needed = shape < 0 ? -1 - shape : shape;
    cp_value list = arguments[0];
    while (needed > 0 && cp_is_cell(list)) {
        list = cp_tail(list);
        needed--;
    }
    bool fits = needed == 0 && (shape < 0 ? cp_is_list(list) : list == CP_NIL);
    return fits ? cp->known.sym_true : CP_NIL;
}

/* () is a List, and of no other class but Object. */
static cp_value match_class(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct type *type = type_of_symbol(cp, cp_symbol_of(arguments[1]));
    bool fits = type->any;
    if (arguments[0] == CP_NIL) /* which every declared class takes */
        for (uint32_t i = 0; i < type->count; i++) fits |= type->numbers[i] == CP_CLASS_LIST;
    else fits = type_accepts(type, arguments[0]);
    return fits ? cp->known.sym_true : CP_NIL;
}

static cp_value match_has(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    return cp_table_get(cp, arguments[0], arguments[1]) == CP_UNSET ? CP_NIL : cp->known.sym_true;
}

static cp_value match_get(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    cp_value found = cp_table_get(cp, arguments[0], arguments[1]);
    return found == CP_UNSET ? CP_NIL : found; /* gone: a key that is compared by a script's code may remove it */
}

static cp_value match_failed(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    cp_value text = cp_to_source(cp, arguments[0]);
    if (text == CP_THROWN) return CP_THROWN;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "match: no pattern fits %.80s; add (else ...)",
                    cp_text_z(cp, text));
}

const cp_function_def match_functions[] = {
    {"%matchList", "Symbol", "(value shape)", match_list, "Whether a List has that many items."},
    {"%matchClass", "Symbol", "(value class)", match_class, "Whether the value is of that class."},
    {"%matchHas", "Symbol", "(table key)", match_has, "Whether the HashTable has the key."},
    {"%matchGet", "Object", "(table key)", match_get, "What the HashTable has at the key."},
    {"%matchFailed", "NIL", "(value)", match_failed, "Error 1.5: no pattern of match fits."},
    {0},
};
