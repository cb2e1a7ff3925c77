/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * c_declaration.c: reads C declarations by recursive descent.
 *
 * A declarator is written inside out: `int (*f)(void)`. Where one stands in brackets, what follows the brackets is read
 * first, because it says what the inner one is applied to; then the scanner returns to the inner one.
 */
#include "modules/ffi/c_declaration.h"

#include "modules/ffi/c_scan.h"

enum { MOST_NAMES = 100000, MOST_TEXT = 1 << 20, MOST_NESTING = 32 };

struct parser {
    struct c_scanner scan;
    cp_context *cp;
    struct c_names *names;
    unsigned nesting;
    bool open_array; /* the declarator just read ends in [], which only a parameter's may */
};

/* A type and whether it is const: the constness goes to whoever points to it. */
struct qualified {
    const struct c_type *type; /* NULL after a failure */
    bool is_const;
};

static const struct qualified NONE = {NULL, false};

/* ---- names ---- */

struct c_name *c_names_find(cp_context *cp, struct c_names *names, cp_value symbol) {
    if (names->index == CP_NIL) return NULL;
    cp_value place = cp_table_get(cp, names->index, symbol);
    return place == CP_UNSET ? NULL : &names->items[cp_fixnum_value(place)];
}

/* The entry of a name, new or old. NULL after a throw. */
static struct c_name *enter(struct parser *p, const char *text) {
    cp_context *cp = p->cp;
    struct c_names *names = p->names;
    cp_value symbol = cp_symbol_z(cp, text);
    struct c_name *known = c_names_find(cp, names, symbol);
    if (known) return known;
    if (names->count == MOST_NAMES) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "more than %d names are declared to one Library", MOST_NAMES);
        c_scan_stop(&p->scan);
        return NULL;
    }
    if (names->index == CP_NIL) names->index = cp_table(cp);
    if (names->count == names->capacity) {
        uint32_t capacity = names->capacity ? 2 * names->capacity : 16;
        struct c_name *items = cp_alloc(capacity * sizeof *items);
        if (names->count) memcpy(items, names->items, names->count * sizeof *items);
        names->items = items;
        names->capacity = capacity;
    }
    struct c_name *added = &names->items[names->count];
    if (cp_table_set(cp, names->index, symbol, cp_fixnum(names->count)) == CP_THROWN) {
        c_scan_stop(&p->scan);
        return NULL;
    }
    names->count++;
    *added = (struct c_name){.name = text};
    return added;
}

static struct c_name *find_here(struct parser *p) {
    return c_names_find(p->cp, p->names, cp_symbol_n(p->cp, p->scan.start, p->scan.length));
}

/* Ends the parsing with an Error that has been thrown. */
static struct qualified thrown(struct parser *p) {
    c_scan_stop(&p->scan);
    return NONE;
}

static struct qualified qualified_or_thrown(struct parser *p, const struct c_type *type) {
    return type ? (struct qualified){type, false} : thrown(p);
}

/* ---- specifiers ---- */

static struct qualified parse_declarator(struct parser *p, struct qualified base, const char **name);
static struct qualified parse_specifiers(struct parser *p, bool *is_typedef);

static bool take_qualifier(struct parser *p, bool *is_const) {
    static const char *const ignored[] = {"volatile", "restrict", "__restrict", "register",     "extern",
                                          "inline",   "__inline", "static",     "__extension__"};
    if (c_scan_take_name(&p->scan, "const")) return *is_const = true;
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        if (c_scan_take_name(&p->scan, ignored[i])) return true;
    return false;
}

/* A number or the name of a constant, with a sign or none. */
static bool parse_constant(struct parser *p, int64_t *value) {
    bool negative = c_scan_take(&p->scan, '-');
    if (p->scan.kind == C_TOKEN_NUMBER) *value = p->scan.number;
    else {
        struct c_name *name = p->scan.kind == C_TOKEN_NAME ? find_here(p) : NULL;
        if (!name || name->kind != C_NAME_CONSTANT)
            return c_scan_fail(&p->scan, "an Integer or the name of an enum's constant is expected here");
        *value = name->constant;
    }
    if (negative) *value = *value == INT64_MIN ? INT64_MIN : -*value;
    c_scan_next(&p->scan);
    return true;
}

/* Behind the opening brace. gcc takes unsigned int when no constant is negative, which passes the same way. */
static bool parse_enum_body(struct parser *p) {
    int64_t value = 0;
    while (!c_scan_take(&p->scan, '}')) {
        if (p->scan.kind != C_TOKEN_NAME) return c_scan_fail(&p->scan, "the name of a constant is expected here");
        const char *text = c_scan_copy(&p->scan);
        c_scan_next(&p->scan);
        if (c_scan_take(&p->scan, '=') && !parse_constant(p, &value)) return false;
        if (value < INT32_MIN || value > UINT32_MAX) return c_scan_fail(&p->scan, "an enum's constant has 32 bits");
        struct c_name *name = enter(p, text);
        if (!name) return false;
        name->kind = C_NAME_CONSTANT;
        name->type = &c_type_int;
        name->constant = value++;
        if (!c_scan_take(&p->scan, ',') && !c_scan_is(&p->scan, '}'))
            return c_scan_fail(&p->scan, ", or } is expected here");
    }
    return true;
}

struct field_list {
    struct c_field *fields;
    uint32_t count, capacity;
};

static void add_field(struct field_list *list, struct c_field field) {
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity ? 2 * list->capacity : 8;
        struct c_field *fields = cp_alloc(capacity * sizeof *fields);
        if (list->count) memcpy(fields, list->fields, list->count * sizeof *fields);
        list->fields = fields;
        list->capacity = capacity;
    }
    list->fields[list->count++] = field;
}

/* One declaration of fields, up to its semicolon. */
static bool parse_fields(struct parser *p, struct field_list *list) {
    bool is_typedef = false;
    struct qualified base = parse_specifiers(p, &is_typedef);
    if (!base.type) return false;
    if (is_typedef) return c_scan_fail(&p->scan, "a struct has no typedef in it");
    do {
        const char *name = NULL;
        struct qualified field = base;
        if (!c_scan_is(&p->scan, ';')) field = parse_declarator(p, base, &name);
        if (!field.type) return false;
        if (c_scan_is(&p->scan, ':')) return c_scan_fail(&p->scan, "bit fields are not supported");
        if (p->open_array) return c_scan_fail(&p->scan, "an array in a struct needs a length");
        if (!name && !c_type_is_aggregate(field.type)) return c_scan_fail(&p->scan, "the field has no name");
        if (!name && strchr(field.type->name, ' ')) continue; /* a struct with a tag is only declared so */
        if (field.type->size == 0)
            return c_scan_fail(&p->scan, "a field cannot be of type %s, whose size is not known",
                               c_type_text(p->cp, field.type));
        if (list->count == C_MOST_FIELDS) return c_scan_fail(&p->scan, "more than %d fields", C_MOST_FIELDS);
        add_field(list, (struct c_field){.name = name, .type = field.type});
    } while (c_scan_take(&p->scan, ','));
    return c_scan_expect(&p->scan, ';');
}

static bool parse_body(struct parser *p, struct c_type *type) {
    struct field_list list = {0};
    if (!type->incomplete) return c_scan_fail(&p->scan, "%s has a body already", type->name);
    while (!c_scan_take(&p->scan, '}')) {
        if (p->scan.kind == C_TOKEN_END) return c_scan_fail(&p->scan, "a } is missing");
        if (!parse_fields(p, &list)) return false;
    }
    if (list.count == 0) return c_scan_fail(&p->scan, "%s has no fields", type->name);
    if (c_type_complete(p->cp, type, list.fields, list.count)) return true;
    c_scan_stop(&p->scan);
    return false;
}

/* "struct tm", in memory of its own: the middle of a String would not be kept by a pointer to it. */
static const char *join(const char *keyword, const char *name, size_t size) {
    size_t length = strlen(keyword);
    char *text = cp_alloc_atomic(length + size + 2);
    memcpy(text, keyword, length);
    text[length] = ' ';
    memcpy(text + length + 1, name, size);
    text[length + 1 + size] = 0;
    return text;
}

/* Behind `struct`, `union` or `enum`. */
static struct qualified parse_tagged(struct parser *p, const char *keyword, enum c_kind kind) {
    const char *tag = NULL;
    if (p->scan.kind == C_TOKEN_NAME) {
        tag = join(keyword, p->scan.start, p->scan.length);
        c_scan_next(&p->scan);
    } else if (!c_scan_is(&p->scan, '{')) {
        c_scan_fail(&p->scan, "a name or { is expected after %s", keyword);
        return NONE;
    }
    if (kind == C_INT32) { /* enum */
        if (c_scan_take(&p->scan, '{') && !parse_enum_body(p)) return NONE;
        return (struct qualified){&c_type_int, false};
    }
    struct c_type *type = NULL;
    struct c_name *known = tag ? enter(p, tag) : NULL;
    if (tag && !known) return NONE;
    if (known) type = (struct c_type *)known->type;
    if (!type) type = c_type_aggregate(p->cp, kind, tag ? tag : keyword);
    if (known) {
        known->kind = C_NAME_TAG;
        known->type = type;
    }
    if (c_scan_take(&p->scan, '{')) {
        if (++p->nesting > MOST_NESTING) {
            c_scan_fail(&p->scan, "more than %d braces within each other", MOST_NESTING);
            return NONE;
        }
        if (!parse_body(p, type)) return NONE;
        p->nesting--;
    }
    return (struct qualified){type, false};
}

/* The words of a scalar, in any order: long unsigned int. */
struct words {
    int longs, shorts, ints, chars, signs, unsigneds;
};

static bool take_word(struct parser *p, struct words *words) {
    static const struct {
        const char *word;
        size_t offset;
    } known[] = {{"long", offsetof(struct words, longs)},   {"short", offsetof(struct words, shorts)},
                 {"int", offsetof(struct words, ints)},     {"char", offsetof(struct words, chars)},
                 {"signed", offsetof(struct words, signs)}, {"unsigned", offsetof(struct words, unsigneds)}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (c_scan_take_name(&p->scan, known[i].word)) {
            ++*(int *)((char *)words + known[i].offset);
            return true;
        }
    return false;
}

static const struct c_type *type_of_words(const struct words *w) {
    const char *name = NULL;
    if (w->ints > 1 || w->chars > 1 || w->signs + w->unsigneds > 1 || w->shorts > 1 || w->longs > 2) return NULL;
    if ((w->chars > 0) + (w->shorts > 0) + (w->longs > 0) > 1 || (w->chars && w->ints)) return NULL;
    if (w->chars) name = w->unsigneds ? "unsigned char" : w->signs ? "signed char" : "char";
    else if (w->shorts) name = w->unsigneds ? "unsigned short" : "short";
    else if (w->longs == 2) name = w->unsigneds ? "unsigned long long" : "long long";
    else if (w->longs) name = w->unsigneds ? "unsigned long" : "long";
    else name = w->unsigneds ? "unsigned int" : "int";
    return c_type_scalar(name, strlen(name));
}

/* A type that one name stands for. */
static struct qualified parse_type_name(struct parser *p) {
    static const char *const refused[] = {"_Complex", "_Atomic", "__int128", "_Float128", "__attribute__", "_Alignas"};
    struct qualified found = NONE;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (c_scan_is_name(&p->scan, refused[i])) {
            c_scan_fail(&p->scan, "this is not supported");
            return NONE;
        }
    struct c_name *known = find_here(p);
    if (known && known->kind == C_NAME_TYPE) found = (struct qualified){known->type, known->is_const};
    else if (c_scan_is_name(&p->scan, "pointer"))
        found = qualified_or_thrown(p, c_type_pointer(p->cp, &c_type_void, false, 0));
    else if (c_scan_is_name(&p->scan, "string"))
        found = qualified_or_thrown(p, c_type_pointer(p->cp, &c_type_char, true, 0));
    else found.type = c_type_scalar(p->scan.start, p->scan.length);
    if (found.type) c_scan_next(&p->scan);
    else if (!p->scan.failed) {
        cp_throw(p->cp, CP_ERROR_FFI, FFI_UNKNOWN_TYPE,
                 "there is no C type %.*s: declare it first (typedef, struct) or use one of C's own",
                 (int)p->scan.length, p->scan.start);
        return thrown(p);
    }
    return found;
}

static struct qualified parse_specifiers(struct parser *p, bool *is_typedef) {
    bool is_const = false, is_long_double = false;
    struct words words = {0};
    struct qualified base = NONE;
    unsigned word_count = 0;
    for (;;) {
        if (take_qualifier(p, &is_const)) continue;
        if (p->scan.kind != C_TOKEN_NAME) break;
        if (c_scan_take_name(&p->scan, "typedef")) {
            *is_typedef = true;
            continue;
        }
        if (!base.type && take_word(p, &words)) {
            word_count++;
            continue;
        }
        if (base.type) break;
        if (word_count) {
            is_long_double = c_scan_is_name(&p->scan, "double");
            break;
        }
        if (c_scan_take_name(&p->scan, "struct")) base = parse_tagged(p, "struct", C_STRUCT);
        else if (c_scan_take_name(&p->scan, "union")) base = parse_tagged(p, "union", C_UNION);
        else if (c_scan_take_name(&p->scan, "enum")) base = parse_tagged(p, "enum", C_INT32);
        else base = parse_type_name(p);
        if (!base.type) return NONE;
    }
    if (is_long_double) {
        c_scan_fail(&p->scan, "long double is not supported");
        return NONE;
    }
    if (word_count) base.type = type_of_words(&words);
    if (!base.type) {
        c_scan_fail(&p->scan, word_count ? "these words together are no type of C" : "a type is expected here");
        return NONE;
    }
    base.is_const = base.is_const || is_const;
    return base;
}

/* ---- declarators ---- */

/* Arrays and functions as parameters are pointers; a length that was given is kept to be checked. */
static const struct c_type *adjust_parameter(struct parser *p, struct qualified parameter) {
    const struct c_type *type = parameter.type;
    if (type->kind == C_ARRAY) return c_type_pointer(p->cp, type->target, type->target_const, type->count);
    if (type->kind == C_FUNCTION) return c_type_pointer(p->cp, type, false, 0);
    if (type->kind != C_VOID) return type;
    c_scan_fail(&p->scan, "a parameter cannot be void");
    return NULL;
}

/* Behind the opening bracket, up to behind the closing one. */
static struct qualified parse_parameters(struct parser *p, struct qualified result) {
    const struct c_type *parameters[C_MOST_PARAMETERS];
    uint32_t count = 0;
    bool variadic = false;
    size_t place = c_scan_place(&p->scan);
    if (++p->nesting > MOST_NESTING) {
        c_scan_fail(&p->scan, "more than %d brackets within each other", MOST_NESTING);
        return NONE;
    }
    if (c_scan_take_name(&p->scan, "void") && c_scan_is(&p->scan, ')')) c_scan_next(&p->scan);
    else {
        c_scan_return(&p->scan, place);
        while (!c_scan_take(&p->scan, ')')) {
            if (variadic || (count > 0 && !c_scan_take(&p->scan, ','))) {
                c_scan_fail(&p->scan, variadic ? "the ellipsis comes last" : ", or ) is expected here");
                return NONE;
            }
            if (p->scan.kind == C_TOKEN_ELLIPSIS) {
                variadic = true;
                c_scan_next(&p->scan);
                continue;
            }
            if (count == C_MOST_PARAMETERS) {
                c_scan_fail(&p->scan, "a function has at most %d parameters", C_MOST_PARAMETERS);
                return NONE;
            }
            bool is_typedef = false;
            const char *name = NULL;
            struct qualified parameter = parse_specifiers(p, &is_typedef);
            if (parameter.type) parameter = parse_declarator(p, parameter, &name);
            if (!parameter.type || !(parameters[count] = adjust_parameter(p, parameter))) return thrown(p);
            p->open_array = false;
            count++;
        }
    }
    p->nesting--;
    return qualified_or_thrown(p, c_type_function(p->cp, result.type, parameters, count, variadic));
}

/* [2][3] and (parameters) behind a declarator. An array without a length is known from a parameter only: its place is
   taken by a pointer. */
static struct qualified parse_suffixes(struct parser *p, struct qualified base) {
    if (c_scan_take(&p->scan, '(')) {
        struct qualified function = parse_parameters(p, base);
        if (function.type && (c_scan_is(&p->scan, '(') || c_scan_is(&p->scan, '['))) {
            c_scan_fail(&p->scan, "a function returns neither functions nor arrays");
            return NONE;
        }
        return function;
    }
    if (!c_scan_take(&p->scan, '[')) return base;
    if (++p->nesting > MOST_NESTING) {
        c_scan_fail(&p->scan, "more than %d dimensions", MOST_NESTING);
        return NONE;
    }
    int64_t count = 0;
    bool is_open = c_scan_take(&p->scan, ']');
    if (!is_open) {
        while (c_scan_take_name(&p->scan, "static") || c_scan_take_name(&p->scan, "restrict")) {}
        if (!parse_constant(p, &count) || !c_scan_expect(&p->scan, ']')) return NONE;
        if (count <= 0) {
            c_scan_fail(&p->scan, "an array has one item or more");
            return NONE;
        }
    }
    struct qualified item = parse_suffixes(p, base);
    p->nesting--;
    if (!item.type) return NONE;
    if (p->open_array) {
        c_scan_fail(&p->scan, "only an array's first length may be left out");
        return NONE;
    }
    p->open_array = is_open;
    if (is_open) return qualified_or_thrown(p, c_type_pointer(p->cp, item.type, item.is_const, 0));
    return qualified_or_thrown(p, c_type_array(p->cp, item.type, item.is_const, (size_t)count));
}

/* Whether the bracket that was just opened holds a declarator, not parameters. */
static bool holds_declarator(struct parser *p) {
    if (c_scan_is(&p->scan, '*') || c_scan_is(&p->scan, '(') || c_scan_is(&p->scan, '[')) return true;
    if (p->scan.kind != C_TOKEN_NAME) return false;
    static const char *const words[] = {"const", "volatile", "struct",   "union",  "enum",
                                        "void",  "signed",   "unsigned", "long",   "short",
                                        "int",   "char",     "pointer",  "string", "register"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (c_scan_is_name(&p->scan, words[i])) return false;
    struct c_name *known = find_here(p);
    return !(known && known->kind == C_NAME_TYPE) && !c_type_scalar(p->scan.start, p->scan.length);
}

static struct qualified parse_bracketed(struct parser *p, struct qualified base, const char **name) {
    size_t inside = c_scan_place(&p->scan);
    if (++p->nesting > MOST_NESTING) {
        c_scan_fail(&p->scan, "more than %d brackets within each other", MOST_NESTING);
        return NONE;
    }
    if (!c_scan_skip_brackets(&p->scan)) return NONE;
    base = parse_suffixes(p, base);
    if (p->open_array) c_scan_fail(&p->scan, "only a parameter that is an array may leave out its length");
    if (!base.type || p->scan.failed) return NONE;
    size_t behind = p->scan.kind == C_TOKEN_END ? p->scan.size : c_scan_place(&p->scan);
    c_scan_return(&p->scan, inside);
    base = parse_declarator(p, base, name);
    if (!base.type || !c_scan_expect(&p->scan, ')')) return NONE;
    p->nesting--;
    c_scan_return(&p->scan, behind);
    return base;
}

/* Words of C that are no names. */
static bool is_reserved(struct parser *p) {
    static const char *const words[] = {"void",   "char",    "short",    "int",           "long",    "float",
                                        "double", "signed",  "unsigned", "_Bool",         "struct",  "union",
                                        "enum",   "typedef", "_Complex", "__attribute__", "__asm__", "asm",
                                        "sizeof", "return",  "_Alignas"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (c_scan_is_name(&p->scan, words[i])) return true;
    return false;
}

/* Stores a name when there is one. */
static struct qualified parse_declarator(struct parser *p, struct qualified base, const char **name) {
    while (c_scan_take(&p->scan, '*')) {
        base = qualified_or_thrown(p, c_type_pointer(p->cp, base.type, base.is_const, 0));
        if (!base.type) return NONE;
        while (take_qualifier(p, &base.is_const)) {}
    }
    if (c_scan_is(&p->scan, '(')) {
        size_t bracket = c_scan_place(&p->scan);
        c_scan_next(&p->scan);
        if (holds_declarator(p)) return parse_bracketed(p, base, name);
        c_scan_return(&p->scan, bracket);
    } else if (p->scan.kind == C_TOKEN_NAME) {
        if (is_reserved(p)) {
            c_scan_fail(&p->scan, "this cannot be here or is not supported");
            return NONE;
        }
        *name = c_scan_copy(&p->scan);
        c_scan_next(&p->scan);
    }
    return parse_suffixes(p, base);
}

/* ---- declarations ---- */

static bool declare_name(struct parser *p, const char *text, struct qualified type, bool is_typedef) {
    struct c_name *known = c_names_find(p->cp, p->names, cp_symbol_z(p->cp, text));
    enum c_name_kind kind = is_typedef                      ? C_NAME_TYPE
                            : type.type->kind == C_FUNCTION ? C_NAME_FUNCTION
                                                            : C_NAME_VARIABLE;
    if (known && (known->kind == C_NAME_TYPE || kind == C_NAME_TYPE) &&
        (known->kind != kind || strcmp(c_type_text(p->cp, known->type), c_type_text(p->cp, type.type)) != 0))
        return c_scan_fail(&p->scan, "%s is declared as something else already", text);
    if (kind == C_NAME_VARIABLE && type.type->size == 0)
        return c_scan_fail(&p->scan, "the variable %s has no type of known size", text);
    struct c_name *entry = enter(p, text);
    if (!entry) return false;
    /* A struct without a tag is known by its typedef's name. */
    if (is_typedef && c_type_is_aggregate(type.type) && !strchr(type.type->name, ' '))
        ((struct c_type *)type.type)->name = text;
    *entry = (struct c_name){.name = entry->name, .kind = kind, .type = type.type, .is_const = type.is_const};
    return true;
}

static bool parse_declaration(struct parser *p) {
    bool is_typedef = false;
    struct qualified base = parse_specifiers(p, &is_typedef);
    if (!base.type) return false;
    if (c_scan_is(&p->scan, ';') || p->scan.kind == C_TOKEN_END) return !p->scan.failed; /* a struct or enum alone */
    do {
        const char *name = NULL;
        struct qualified declared = parse_declarator(p, base, &name);
        if (!declared.type) return false;
        if (!name) return c_scan_fail(&p->scan, "a name is expected here");
        if (p->open_array) return c_scan_fail(&p->scan, "only a parameter that is an array may leave out its length");
        if (!declare_name(p, name, declared, is_typedef)) return false;
    } while (c_scan_take(&p->scan, ','));
    return !p->scan.failed;
}

static bool start(struct parser *p, cp_context *cp, struct c_names *names, cp_value text) {
    *p = (struct parser){.cp = cp, .names = names};
    if (cp_string_size(text) > MOST_TEXT) {
        cp_throw(cp, CP_ERROR_FFI, FFI_NOT_SUPPORTED, "more than %d bytes of C declarations at once", MOST_TEXT);
        return false;
    }
    c_scan_start(&p->scan, cp, cp_string_text(text), cp_string_size(text));
    return !p->scan.failed;
}

bool c_declare(cp_context *cp, struct c_names *names, cp_value text) {
    struct parser p;
    if (!start(&p, cp, names, text)) return false;
    while (p.scan.kind != C_TOKEN_END) {
        if (c_scan_take(&p.scan, ';')) continue;
        if (!parse_declaration(&p)) return false;
        if (p.scan.kind != C_TOKEN_END && !c_scan_expect(&p.scan, ';')) return false;
    }
    return !p.scan.failed;
}

/* One type with a declarator, and nothing behind it. */
static const struct c_type *parse_alone(struct parser *p, const char **name) {
    bool is_typedef = false;
    struct qualified type = parse_specifiers(p, &is_typedef);
    if (type.type) type = parse_declarator(p, type, name);
    if (!type.type) return NULL;
    if (is_typedef) c_scan_fail(&p->scan, "a typedef is no type: use declare");
    else if (p->open_array) c_scan_fail(&p->scan, "only a parameter that is an array may leave out its length");
    else if (p->scan.kind != C_TOKEN_END) c_scan_fail(&p->scan, "nothing more is expected here");
    return p->scan.failed ? NULL : type.type;
}

const struct c_type *c_type_parse(cp_context *cp, struct c_names *names, cp_value text) {
    struct parser p;
    const char *name = NULL;
    if (!start(&p, cp, names, text)) return NULL;
    const struct c_type *type = parse_alone(&p, &name);
    if (type && name) return (void)c_scan_fail(&p.scan, "a type is expected, without the name %s", name), NULL;
    return type;
}

const struct c_type *c_prototype_parse(cp_context *cp, struct c_names *names, cp_value text, const char **name) {
    struct parser p;
    *name = "";
    if (!start(&p, cp, names, text)) return NULL;
    const char *given = NULL;
    bool is_typedef = false;
    struct qualified type = parse_specifiers(&p, &is_typedef);
    if (type.type) type = parse_declarator(&p, type, &given);
    if (!type.type) return NULL;
    c_scan_take(&p.scan, ';');
    if (p.scan.kind != C_TOKEN_END) c_scan_fail(&p.scan, "one prototype is expected, and nothing more");
    if (p.scan.failed) return NULL;
    if (given) *name = given;
    if (type.type->kind == C_POINTER && type.type->target->kind == C_FUNCTION) return type.type->target;
    if (type.type->kind == C_FUNCTION) return type.type;
    cp_throw(cp, CP_ERROR_FFI, FFI_BAD_DECLARATION, "%s is no function: a prototype such as \"int f(int)\" is needed",
             c_type_text(cp, type.type));
    return NULL;
}
