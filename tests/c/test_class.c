/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests that native and scripted classes, types, members, signatures and suggestions are what class.h promises. */
#include "interp/builtin/builtin.h"
#include "interp/data/class.h"
#include "interp/data/error.h"
#include "interp/data/symbol.h"
#include "interp/base/memory.h"
#include "no_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static cp_context *cp;
static unsigned signatures_read;

/* ---- the reader's place ---- */

/* A reader of signatures just large enough for the tables below: flat, defaults are Integers or (). */
static struct signature *parse_signature(cp_context *context, const char *result, const char *arguments) {
    signatures_read++;
    if (strcmp(arguments, "(broken") == 0) return NULL;
    struct signature *s = signature_new(context, 8);
    s->result = type_named(context, result, strlen(result));
    s->returns_nil = strcmp(result, "NIL") == 0;
    s->declared = s->required = 0;
    char text[200], *rest;
    snprintf(text, sizeof text, "%s", arguments + 1);
    for (char *item = strtok_r(text, "(", &rest); item; item = strtok_r(NULL, "(", &rest)) {
        char name[32], type[64], initial[32];
        int words = sscanf(item, "%31[^ )] %63[^ )] %31[^ )]", name, type, initial);
        if (strstr(item, "...")) s->has_rest = true;
        if (words < 2) continue;
        struct parameter *p = &s->parameters[s->declared++];
        p->name = cp_symbol_of(cp_symbol_z(context, name));
        p->type = type_named(context, type, strlen(type));
        p->initial = words == 3 ? cp_fixnum(atoi(initial)) : CP_UNSET;
        if (words == 2) s->required++;
    }
    return s;
}

static cp_value read_literal(cp_context *context, const char *text) {
    if (text[0] == '"') return cp_string_n(context, text + 1, strlen(text) - 2);
    if (text[0] == '(') return CP_NIL;
    if (text[0] == '?') return cp_throw(context, CP_ERROR_PARSE, 3, "bad literal");
    return cp_fixnum(atoi(text));
}

/* ---- a native class ---- */

struct mailbox {
    cp_object header;
    int opened;
    char odd[3]; /* the size is no multiple of 8 */
};

static cp_value mailbox_get_opened(cp_context *context, cp_value self) {
    return cp_integer(context, ((struct mailbox *)cp_object_of(self))->opened);
}
static cp_value mailbox_set_name(cp_context *context, cp_value self, cp_value value) {
    (void)context, (void)self;
    return value;
}
static cp_value mailbox_open(cp_context *context, cp_value self, const cp_value *arguments, int count) {
    (void)context, (void)arguments, (void)count;
    ((struct mailbox *)cp_object_of(self))->opened++;
    return self;
}

static const cp_property_def mailbox_properties[] = {
    {"name", "String", CP_READ_WRITE, "\"inbox\"", NULL, mailbox_set_name, "What it is called."},
    {"opened", "Integer", CP_READ_ONLY, NULL, mailbox_get_opened, NULL, "How often it was opened."},
    {"limit", "Integer", CP_READ_WRITE, "100", NULL, NULL, NULL},
    {"anything", NULL, CP_READ_WRITE, NULL, NULL, NULL, NULL},
    {0},
};
static const cp_method_def mailbox_methods[] = {
    {"Mailbox", "NIL", "((name String))", mailbox_open, "Opens it."},
    {"open", "Object", "((timeout Integer 1000) ...)", mailbox_open, "Opens it again."},
    {"==", "Object", "((other Object))", mailbox_open, NULL},
    {0},
};
static const cp_class_def mailbox_class = {.name = "Mailbox",
                                           .doc = "A box of mail.",
                                           .size = sizeof(struct mailbox),
                                           .major = 2,
                                           .minor = 3,
                                           .properties = mailbox_properties,
                                           .methods = mailbox_methods};

/* ---- helpers ---- */

static cp_symbol *symbol(const char *text) { return cp_symbol_of(cp_symbol_z(cp, text)); }
static struct type *type(const char *text) { return type_named(cp, text, strlen(text)); }
static const char *text_of(cp_value string) {
    assert_true(cp_is_string(string));
    return cp_text_z(cp, string);
}

static struct member *member_new(const char *name, enum member_kind kind, const char *class_name, unsigned flags) {
    struct member *m = cp_alloc(sizeof *m);
    m->name = symbol(name);
    m->kind = (uint8_t)kind;
    m->flags = (uint8_t)flags;
    m->type = type(class_name);
    m->function = CP_UNSET;
    m->initial = CP_NIL;
    m->doc = CP_NIL;
    if (kind == MEMBER_METHOD) m->signature = parse_signature(cp, class_name, "((n Integer))");
    return m;
}

static void slot(cp_class *c, uint32_t interface, const char *name, cp_value initial) {
    struct member *m = member_new(name, MEMBER_SLOT, "Object", 0);
    m->initial = initial;
    assert_true(class_add_member(cp, c, interface, m));
}

static bool method(cp_class *c, uint32_t interface, const char *name) {
    return class_add_member(cp, c, interface, member_new(name, MEMBER_METHOD, "Integer", 0));
}

/* class NAME with one property of that name and value */
static cp_class *simple_class(const char *name, const char *property, cp_value initial) {
    cp_class *c = class_new_scripted(cp, symbol(name), 1);
    assert_non_null(c);
    slot(c, 0, property, initial);
    class_finish(cp, c);
    return c;
}

static void thrown(int code) {
    assert_true(cp->error != CP_NIL);
    cp_value error = cp_take_error(cp);
    assert_int_equal(cp_error_class_of(error), CP_ERROR_CARAPACE);
    assert_int_equal(cp_error_code_of(error), code);
}

/* ---- native classes ---- */

static void defining_builds_nothing(void **unused) {
    (void)unused;
    unsigned before = signatures_read;
    uint32_t symbols = cp->symbols->count;
    cp_class *c = cp_define_class(cp, &mailbox_class);
    assert_true(c->defined && !c->built);
    assert_int_equal(cp->symbols->count - symbols, 1); /* the name */
    assert_int_equal(signatures_read, before);
    assert_true(cp_class_number(c) >= CP_CLASS_FIRST_OTHER);
    assert_string_equal(cp_class_name(c), "Mailbox");
    assert_ptr_equal(cp_define_class(cp, &mailbox_class), c); /* loaded twice */
    assert_ptr_equal(cp_find_class(cp, "Mailbox"), c);
    assert_non_null(class_member(cp, c, 0, symbol("open")));
    assert_true(c->built);
    assert_int_equal(signatures_read, before); /* still: only a call needs one */
}

static void native_members(void **unused) {
    (void)unused;
    cp_class *c = cp_define_class(cp, &mailbox_class);
    struct member *name = class_member(cp, c, 0, symbol("name"));
    assert_int_equal(name->kind, MEMBER_SLOT);
    assert_int_equal(name->slot, 2 + 0 + (sizeof(struct mailbox) + 7) / 8 - 2);
    assert_ptr_equal(name->property->set, mailbox_set_name);
    assert_string_equal(text_of(name->initial), "inbox");
    assert_string_equal(text_of(name->doc), "What it is called.");
    struct member *opened = class_member(cp, c, 0, symbol("opened"));
    assert_int_equal(opened->kind, MEMBER_COMPUTED);
    assert_int_equal(opened->flags, MEMBER_READ_ONLY);
    assert_ptr_equal(opened->property->get, mailbox_get_opened);
    assert_ptr_equal(class_member(cp, c, 0, symbol("anything"))->type, cp->known.type_object);
    struct member *open = class_member(cp, c, 0, symbol("open"));
    assert_int_equal(open->kind, MEMBER_METHOD);
    assert_ptr_equal(function_of(open->function)->owner, c);
    assert_null(class_member(cp, c, 0, symbol("Mailbox"))); /* the constructor is none */
    assert_ptr_equal(function_of(c->constructor->function)->definition, &mailbox_methods[0]);
    assert_null(class_member(cp, c, 0, symbol("close")));
    assert_null(class_member(cp, c, 1, symbol("open")));
}

static void native_instances(void **unused) {
    (void)unused;
    cp_class *c = cp_define_class(cp, &mailbox_class);
    cp_value a = cp_new(cp, c), b = cp_new(cp, c);
    assert_true(cp_class_number_of(a) == c->number && cp_class_of(cp, a) == c);
    cp_value *slots = cp_slots(cp, a);
    assert_string_equal(text_of(slots[0]), "inbox");
    assert_true(slots[1] == cp_fixnum(100)); /* the computed property has no slot */
    assert_true(slots[2] == CP_NIL);
    struct mailbox *box = (struct mailbox *)cp_object_of(a);
    memset(box->odd, 0xff, sizeof box->odd);
    box->opened = 5;
    assert_string_equal(text_of(slots[0]), "inbox");
    slots[1] = cp_fixnum(7);
    assert_true(cp_slots(cp, b)[1] == cp_fixnum(100));
    struct face *face = cp_alloc(sizeof *face);
    face->header.class_number = CP_CLASS_FACE;
    face->object = a;
    assert_ptr_equal(cp_slots(cp, cp_from_object(face)), slots);
    assert_ptr_equal(cp_class_of(cp, cp_from_object(face)), c);
    assert_true(cp_object_behind(cp_from_object(face)) == a && cp_object_behind(b) == b);
    assert_true(cp_responds_to(cp, a, "limit"));
    assert_false(cp_responds_to(cp, a, "Mailbox"));
    assert_false(cp_responds_to(cp, a, "nameThatIsNowhereInTheTable"));
    assert_null(symbol_find(cp, "nameThatIsNowhereInTheTable", 27));
}

static void classes_of_values(void **unused) {
    (void)unused;
    assert_string_equal(cp_class_name(cp_class_of(cp, CP_NIL)), "List");
    assert_string_equal(cp_class_name(cp_class_of(cp, cp_fixnum(1))), "Integer");
    assert_string_equal(cp_class_name(cp_class_of(cp, cp_real(1.5))), "Real");
    assert_string_equal(cp_class_name(cp_class_of(cp, cp_symbol_z(cp, "x"))), "Symbol");
    assert_non_null(cp_class_of(cp, CP_UNSET));
    for (uint32_t n = CP_CLASS_LIST; n < CP_CLASS_FIRST_OTHER; n++) {
        cp_class *c = class_numbered(cp, n);
        assert_int_equal(c->number, n);
        bool hidden = n == CP_CLASS_FACE || n == CP_CLASS_CELL;
        assert_int_equal(c->defined, !hidden);
        assert_ptr_equal(cp_find_class(cp, cp_class_name(c)), hidden ? NULL : c);
    }
    assert_null(cp_find_class(cp, "NoSuchClass"));
}

static bool autoload(cp_context *context, cp_symbol *name) {
    static const cp_class_def later = {.name = "Later"};
    if (strcmp(name->text, "Later") != 0) return false;
    cp_define_class(context, &later);
    return true;
}

static void classes_are_loaded_when_asked_for(void **unused) {
    (void)unused;
    assert_null(cp_find_class(cp, "Later"));
    struct type *t = type("Later"); /* naming it loads nothing */
    uint32_t number = t->numbers[0];
    cp->classes->autoload = autoload;
    assert_false(class_named(cp, symbol("Later"))->defined);
    cp_class *c = cp_find_class(cp, "Later");
    assert_null(cp_find_class(cp, "Never"));
    cp->classes->autoload = NULL;
    assert_non_null(c);
    assert_int_equal(c->number, number);
    assert_true(type_accepts(t, cp_new(cp, c)));
}

static bool autoload_that_fails(cp_context *context, cp_symbol *name) {
    if (!strcmp(name->text, "Broken"))
        context->classes->autoload_error =
            cp_error_new(context, CP_ERROR_PARSE, 4, cp_string_z(context, "a bad form in the file of Broken"));
    return false;
}

/* The Error of the file that should have defined a class is thrown by who misses the class, once, and for no other. */
static void why_a_class_could_not_be_loaded_is_told(void **unused) {
    (void)unused;
    cp->classes->autoload = autoload_that_fails;
    assert_null(cp_find_class(cp, "Broken"));
    assert_true(class_throw_autoload(cp));
    assert_int_equal(cp_error_class_of(cp_take_error(cp)), CP_ERROR_PARSE);
    assert_false(class_throw_autoload(cp));
    assert_null(cp_find_class(cp, "Broken"));
    assert_null(cp_find_class(cp, "Missing"));
    assert_false(class_throw_autoload(cp));
    cp->classes->autoload = NULL;
}

/* A class may be known by several names; redefining what one means leaves the others, and the types that say them. */
static void names_of_one_class(void **unused) {
    (void)unused;
    cp_symbol *own = symbol_new_own(symbol("Inner")), *ordinary = symbol("Inner");
    cp_class *first = class_new_scripted(cp, own, 1);
    class_finish(cp, first);
    assert_null(class_lookup(cp, ordinary));
    class_point(cp, ordinary, first);
    assert_ptr_equal(class_lookup(cp, ordinary), first);
    struct type *inside = type_of_symbol(cp, own), *outside = type_of_symbol(cp, ordinary);
    cp_class *second = class_new_scripted(cp, ordinary, 1);
    class_finish(cp, second);
    assert_ptr_equal(class_lookup(cp, own), first);
    assert_ptr_equal(class_lookup(cp, ordinary), second);
    assert_true(type_accepts(inside, class_instance(cp, first)) && !type_accepts(inside, class_instance(cp, second)));
    assert_true(type_accepts(outside, class_instance(cp, second)) && !type_accepts(outside, class_instance(cp, first)));
}

static const cp_property_def twice_properties[] = {{.name = "x"}, {0}};
static const cp_method_def twice_methods[] = {{.name = "x", .function = mailbox_open}, {0}};
static const cp_class_def twice = {.name = "Twice", .properties = twice_properties, .methods = twice_methods};
static const cp_property_def literal_properties[] = {{.name = "x", .initial = "?"}, {0}};
static const cp_class_def literal = {.name = "Literal", .properties = literal_properties};
static const cp_property_def kind_properties[] = {{.name = "x", .type = "Integer", .initial = "\"\""}, {0}};
static const cp_class_def kind = {.name = "Kind", .properties = kind_properties};

static void wrong_tables_end_the_program(void **unused) {
    (void)unused;
    const cp_class_def *const wrong[] = {&twice, &literal, &kind};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        pid_t child = fork();
        if (child == 0) {
            signal(SIGABRT, SIG_DFL); /* not cmocka's */
            if (!freopen("/dev/null", "w", stderr)) _exit(3);
            class_build(cp, cp_define_class(cp, wrong[i]));
            _exit(0);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

/* ---- types ---- */

static void types_accept(void **unused) {
    (void)unused;
    struct type *integer = type("Integer"), *joined = type("String|Binary|Integer"), *any = type("Object");
    assert_ptr_equal(integer, type_of_symbol(cp, symbol("Integer")));
    assert_ptr_equal(type("String|Binary|Integer"), joined);
    cp_value string = cp_string_z(cp, "x"), real = cp_real(1.5), one = cp_fixnum(1);
    assert_true(type_accepts(integer, one) && type_accepts(integer, CP_NIL) && !type_accepts(integer, real));
    assert_true(type_accepts(joined, one) && type_accepts(joined, string) && type_accepts(joined, CP_NIL));
    assert_false(type_accepts(joined, real) || type_accepts(joined, cp_symbol_z(cp, "x")));
    assert_true(type_accepts(any, real) && type_accepts(any, string));
    assert_true(type("NIL")->any);
    assert_string_equal(type("NIL")->name->text, "NIL");
    assert_true(type("String|Object")->any);
    assert_int_equal(type("String|NIL")->count, 1);
    assert_false(type("String|NIL")->any);
    assert_int_equal(type("|")->count, 0);
    assert_true(type_accepts(type("|"), CP_NIL) && !type_accepts(type("|"), one));
    assert_true(type_accepts(type("|Integer|"), one));
    cp_class *c = cp_define_class(cp, &mailbox_class);
    struct face *face = cp_alloc(sizeof *face);
    face->header.class_number = CP_CLASS_FACE;
    face->object = cp_new(cp, c);
    assert_true(type_accepts(type("Mailbox"), cp_from_object(face)));
    assert_true(type_accepts(type("String|Mailbox"), cp_from_object(face)));
    assert_false(type_accepts(integer, cp_from_object(face)));
}

static void many_types_and_classes(void **unused) {
    (void)unused;
    enum { MANY = 1000 };
    static struct type *types[MANY];
    char name[32];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "Class%d", i);
        types[i] = type(name);
    }
    mem_collect();
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "Class%d", i);
        assert_ptr_equal(type(name), types[i]);
        cp_class *c = class_named(cp, symbol(name));
        assert_int_equal(c->number, types[i]->numbers[0]);
        assert_ptr_equal(class_numbered(cp, c->number), c);
        assert_false(c->defined);
    }
}

/* ---- scripted classes ---- */

static void scripted_slots(void **unused) {
    (void)unused;
    cp_class *c = class_new_scripted(cp, symbol("Counter"), 2);
    c->interfaces[1].name = symbol("Reset");
    slot(c, 0, "count", cp_fixnum(5));
    assert_true(method(c, 0, "bump"));
    slot(c, 0, "label", CP_NIL);
    slot(c, 1, "count", cp_fixnum(9)); /* another interface: another property */
    assert_true(method(c, 0, "Counter"));
    assert_true(method(c, 1, "zero"));
    assert_false(c->defined);
    class_finish(cp, c);
    assert_true(c->defined);
    assert_int_equal(c->slot_count, 3);
    assert_ptr_equal(c->constructor->name, symbol("Counter"));
    assert_null(class_member(cp, c, 0, symbol("Counter")));
    assert_int_equal(class_member(cp, c, 0, symbol("count"))->slot, 1);
    assert_int_equal(class_member(cp, c, 0, symbol("label"))->slot, 2);
    assert_int_equal(class_member(cp, c, 1, symbol("count"))->slot, 3);
    assert_int_equal(class_member(cp, c, 1, symbol("zero"))->interface, 1);
    assert_null(class_member(cp, c, 0, symbol("zero")));
    cp_value *words = (cp_value *)class_instance(cp, c);
    assert_true(words[1] == cp_fixnum(5) && words[2] == CP_NIL && words[3] == cp_fixnum(9));
    uint32_t version = c->version;
    class_set_method(c, class_member(cp, c, 0, symbol("bump")), CP_NIL);
    assert_true(c->version > version);
    struct face *face = cp_alloc(sizeof *face);
    face->header.class_number = CP_CLASS_FACE;
    face->interface = 1;
    face->object = cp_from_object(words);
    assert_true(cp_responds_to(cp, cp_from_object(face), "zero") && !cp_responds_to(cp, cp_from_object(face), "bump"));
    assert_true(cp_responds_to(cp, face->object, "bump") && !cp_responds_to(cp, face->object, "zero"));
}

static void one_name_is_one_member(void **unused) {
    (void)unused;
    cp_class *c = class_new_scripted(cp, symbol("Once"), 1);
    slot(c, 0, "p", CP_NIL);
    assert_false(method(c, 0, "p"));
    assert_true(method(c, 0, "m"));
    assert_false(class_add_member(cp, c, 0, member_new("m", MEMBER_SLOT, "Object", 0)));
    assert_false(method(c, 0, "m"));
    assert_true(method(c, 0, "Once"));
    assert_false(method(c, 0, "Once"));
    assert_false(class_add_member(cp, c, 0, member_new("Once", MEMBER_SLOT, "Object", 0)));
    assert_int_equal(c->interfaces[0].count, 2);
}

static void members_of_large_classes_are_found(void **unused) {
    (void)unused;
    cp_class *c = class_new_scripted(cp, symbol("Large"), 1);
    char name[16];
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "p%d", i);
        slot(c, 0, name, cp_fixnum(i));
    }
    class_finish(cp, c);
    cp_value *words = (cp_value *)class_instance(cp, c);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "p%d", i);
        assert_true(words[class_member(cp, c, 0, symbol(name))->slot] == cp_fixnum(i));
        assert_ptr_equal(c->interfaces[0].members[i]->name, symbol(name));
    }
    assert_null(class_member(cp, c, 0, symbol("p300")));
    assert_true(c->interfaces[0].mask + 1 >= 600);
}

static void classes_without_members(void **unused) {
    (void)unused;
    cp_class *c = class_new_scripted(cp, symbol("Empty"), 0);
    class_finish(cp, c);
    assert_int_equal(c->interface_count, 1);
    assert_null(class_member(cp, c, 0, symbol("x")));
    assert_true(cp_class_of(cp, class_instance(cp, c)) == c);
    cp_symbol *result[2];
    assert_int_equal(class_suggest(cp, c, symbol("x"), result, 2), 0);
}

static void a_forward_declared_class_is_filled(void **unused) {
    (void)unused;
    struct type *t = type("Node");
    cp_class *forward = class_named(cp, symbol("Node"));
    cp_class *c = simple_class("Node", "next", CP_NIL);
    assert_ptr_equal(c, forward);
    assert_true(type_accepts(t, class_instance(cp, c)));
}

static void redefinition_moves_name_and_types(void **unused) {
    (void)unused;
    struct type *t = type("Shape"), *joined = type("String|Shape|List");
    cp_class *old = simple_class("Shape", "a", cp_fixnum(1));
    cp_value old_object = class_instance(cp, old);
    cp_class *attempt = class_new_scripted(cp, symbol("Shape"), 1); /* given up before class_finish */
    assert_ptr_not_equal(attempt, old);
    assert_ptr_equal(class_defined(cp, symbol("Shape")), old);
    assert_true(type_accepts(t, old_object));
    cp_class *new = simple_class("Shape", "b", cp_fixnum(2));
    assert_ptr_equal(class_defined(cp, symbol("Shape")), new);
    assert_true(new->number != old->number);
    cp_value object = class_instance(cp, new);
    assert_true(type_accepts(t, object) && type_accepts(joined, object));
    assert_false(type_accepts(t, old_object) || type_accepts(joined, old_object));
    assert_ptr_equal(cp_class_of(cp, old_object), old);
    assert_true(cp_slots(cp, old_object)[0] == cp_fixnum(1));
    cp_class *mailbox = cp_define_class(cp, &mailbox_class); /* a script's class goes before a module's */
    cp_class *own = simple_class("Mailbox", "x", CP_NIL);
    assert_ptr_not_equal(own, mailbox);
    assert_ptr_equal(cp_find_class(cp, "Mailbox"), own);
    assert_true(cp_class_of(cp, cp_new(cp, mailbox)) == mailbox);
}

static void a_failed_definition_can_be_repeated(void **unused) {
    (void)unused;
    cp_class *c = class_new_scripted(cp, symbol("Retry"), 1);
    slot(c, 0, "x", CP_NIL);
    method(c, 0, "Retry");
    assert_null(class_defined(cp, symbol("Retry")));
    cp_class *again = class_new_scripted(cp, symbol("Retry"), 1);
    assert_null(again->constructor);
    slot(again, 0, "x", cp_fixnum(1));
    class_finish(cp, again);
    assert_int_equal(again->slot_count, 1);
    assert_ptr_equal(class_defined(cp, symbol("Retry")), again);
}

static void builtin_classes_stay(void **unused) {
    (void)unused;
    static const cp_class_def own = {.name = "String"};
    assert_null(class_new_scripted(cp, symbol("Integer"), 1));
    thrown(CP_ILLEGAL);
    assert_null(class_new_scripted(cp, symbol("Object"), 1));
    thrown(CP_ILLEGAL);
    assert_null(cp_define_class(cp, &own));
    thrown(CP_ILLEGAL);
    assert_null(class_new_scripted(cp, symbol("TooMany"), 70000));
    thrown(CP_ILLEGAL);
    assert_non_null(simple_class("Face", "x", CP_NIL)); /* names that no script sees are free */
    assert_non_null(simple_class("Cell", "x", CP_NIL));
}

/* ---- suggestions ---- */

static unsigned distance(const char *a, const char *b, unsigned limit) {
    unsigned d = spelling_distance(a, strlen(a), b, strlen(b), limit);
    assert_int_equal(spelling_distance(b, strlen(b), a, strlen(a), limit), d);
    return d;
}

/* The definition itself, without a limit: what the fast one must agree with. */
static unsigned slow_distance(const char *a, unsigned i, const char *b, unsigned j) {
    if (i == 0 || j == 0) return i + j;
    unsigned best = slow_distance(a, i - 1, b, j) + 1, other = slow_distance(a, i, b, j - 1) + 1;
    if (other < best) best = other;
    other = slow_distance(a, i - 1, b, j - 1) + (a[i - 1] != b[j - 1]);
    if (other < best) best = other;
    if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        other = slow_distance(a, i - 2, b, j - 2) + 1;
        if (other < best) best = other;
    }
    return best;
}

static void spelling(void **unused) {
    (void)unused;
    assert_int_equal(distance("length", "length", 2), 0);
    assert_int_equal(distance("lenght", "length", 2), 1);
    assert_int_equal(distance("conect", "connect", 2), 1);
    assert_int_equal(distance("kitten", "sitting", 3), 3);
    assert_int_equal(distance("kitten", "sitting", 2), 3);
    assert_int_equal(distance("", "abc", 5), 3);
    assert_int_equal(distance("", "", 0), 0);
    assert_int_equal(distance("abc", "xyz", 0), 1);
    char a[66], b[66];
    memset(a, 'a', sizeof a);
    memset(b, 'b', sizeof b);
    assert_int_equal(spelling_distance(a, 65, a, 65, 2), 0);
    assert_int_equal(spelling_distance(a, 65, a, 66, 2), 3);
    assert_int_equal(spelling_distance(a, 64, b, 64, 100), 64);
    unsigned seed = 1;
    for (int round = 0; round < 2000; round++) {
        char x[6], y[6];
        for (int i = 0; i < 5; i++) {
            seed = seed * 1103515245u + 12345u;
            x[i] = "abc"[(seed >> 16) % 3];
            y[i] = "abc"[(seed >> 20) % 3];
        }
        unsigned i = (seed >> 24) % 6, j = (seed >> 27) % 6, full = slow_distance(x, i, y, j);
        for (unsigned limit = 0; limit < 5; limit++)
            assert_int_equal(spelling_distance(x, i, y, j, limit), full <= limit ? full : limit + 1);
    }
}

static void suggestions(void **unused) {
    (void)unused;
    cp_class *c = class_new_scripted(cp, symbol("Message"), 1);
    slot(c, 0, "recipients", CP_NIL);
    slot(c, 0, "receipt", CP_NIL);
    slot(c, 0, "sender", CP_NIL);
    assert_true(class_add_member(cp, c, 0, member_new("sendex", MEMBER_SLOT, "Object", MEMBER_PRIVATE)));
    assert_true(method(c, 0, "send") && method(c, 0, "+") && method(c, 0, "timeout"));
    class_finish(cp, c);
    cp_symbol *result[3];
    assert_int_equal(class_suggest(cp, c, symbol("sendr"), result, 3), 2);
    assert_ptr_equal(result[0], symbol("sender"));
    assert_ptr_equal(result[1], symbol("send"));
    assert_int_equal(class_suggest(cp, c, symbol("sendr"), result, 1), 1);
    assert_ptr_equal(result[0], symbol("sender"));
    assert_int_equal(class_suggest(cp, c, symbol("sende"), result, 1), 1); /* as near: the first declared */
    assert_ptr_equal(result[0], symbol("sender"));
    assert_int_equal(class_suggest(cp, c, symbol("recipiants"), result, 3), 1);
    assert_int_equal(class_suggest(cp, c, symbol("TIMEOUT"), result, 3), 1);
    assert_ptr_equal(result[0], symbol("timeout"));
    assert_int_equal(class_suggest(cp, c, symbol("-"), result, 3), 0);
    assert_int_equal(class_suggest(cp, c, symbol("quux"), result, 3), 0);
    assert_int_equal(class_suggest(cp, c, symbol("send"), result, 0), 0);
}

/* ---- functions ---- */

static const cp_function_def cube_functions[] = {
    {"cubeOf", "Integer", "((n Integer) (times Integer 3) ...)", mailbox_open, "n * n * n."},
    {"brokenOne", "Integer", "(broken", mailbox_open, NULL},
    {0},
};

static void functions(void **unused) {
    (void)unused;
    unsigned before = signatures_read;
    cp_define_functions(cp, cube_functions);
    assert_int_equal(signatures_read, before);
    cp_symbol *name = symbol("cubeOf");
    assert_true(name->flags & CP_SYMBOL_BUILTIN);
    assert_true(cp_is_function(name->function));
    struct function *f = function_of(name->function);
    assert_true(function_is_native(f));
    struct signature *s = function_signature(cp, f);
    assert_ptr_equal(function_signature(cp, f), s);
    assert_int_equal(signatures_read, before + 1);
    assert_string_equal(text_of(signature_string(cp, s)), "(n Integer) (times Integer 3) ...");
    assert_string_equal(text_of(function_title(cp, f)), "cubeOf");
    s->rest_name = symbol("others");
    assert_string_equal(text_of(signature_string(cp, s)), "(n Integer) (times Integer 3) (... others)");
    struct signature *plain = signature_new(cp, 1);
    plain->parameters[0].name = symbol("x");
    plain->parameters[0].type = cp->known.type_object;
    assert_string_equal(text_of(signature_string(cp, plain)), "x");
    assert_string_equal(text_of(signature_string(cp, signature_new(cp, 0))), "");
}

static void titles(void **unused) {
    (void)unused;
    cp_class *c = class_new_scripted(cp, symbol("Titled"), 2);
    c->interfaces[1].name = symbol("Other");
    assert_true(method(c, 0, "m") && method(c, 1, "m"));
    class_finish(cp, c);
    cp_function_def definition = {.name = "m", .function = mailbox_open};
    cp_value first = function_new_native(cp, &definition, c), second = function_new_native(cp, &definition, c);
    class_set_method(c, class_member(cp, c, 0, symbol("m")), first);
    class_set_method(c, class_member(cp, c, 1, symbol("m")), second);
    assert_string_equal(text_of(function_title(cp, function_of(first))), "Titled::m");
    assert_string_equal(text_of(function_title(cp, function_of(second))), "Titled:Other::m");
    function_of(first)->name = NULL;
    assert_string_equal(text_of(function_title(cp, function_of(first))), "lambda");
}

static bool equal(const char *result, const char *a, const char *other_result, const char *b) {
    struct signature *first = parse_signature(cp, result, a), *second = parse_signature(cp, other_result, b);
    bool same = signature_equal(first, second);
    assert_int_equal(signature_equal(second, first), same);
    return same;
}

static void headers_that_agree(void **unused) {
    (void)unused;
    assert_true(equal("Integer", "((a Integer))", "Integer", "((a Integer))"));
    assert_true(equal("Integer", "((a Integer))", "Integer", "((n Integer))"));
    assert_false(equal("Integer", "((a Integer))", "Real", "((a Integer))"));
    assert_false(equal("Integer", "((a Integer))", "Integer", "((a Real))"));
    assert_false(equal("Integer", "((a Integer))", "Integer", "((a Integer) (b Integer))"));
    assert_false(equal("Integer", "((a Integer))", "Integer", "((a Integer 1))"));
    assert_false(equal("Integer", "((a Integer))", "Integer", "((a Integer) ...)"));
    assert_false(equal("Integer", "((a Integer) (b Integer))", "Integer", "((b Integer) (a Integer))"));
}

/* ---- classInfo ---- */

static cp_value item(cp_value list, unsigned index) {
    while (index--) list = cp_tail(list);
    return cp_head(list);
}
static bool is_symbol(cp_value v, const char *text) { return v == cp_symbol_z(cp, text); }

static void info_of_a_native_class(void **unused) {
    (void)unused;
    static const cp_class_def copy = {.name = "InfoBox",
                                      .doc = "A box of mail.",
                                      .major = 2,
                                      .minor = 3,
                                      .properties = mailbox_properties,
                                      .methods = mailbox_methods + 1};
    cp_value info = class_info(cp, cp_define_class(cp, &copy));
    assert_int_equal(cp_list_length(info), 5);
    assert_string_equal(text_of(item(info, 0)), "InfoBox");
    assert_true(item(info, 1) == cp_fixnum(2) && item(info, 2) == cp_fixnum(3));
    cp_value interface = item(info, 3), properties = item(interface, 2), methods = item(interface, 3);
    assert_true(is_symbol(item(interface, 0), "interface") && item(interface, 1) == CP_NIL);
    assert_true(is_symbol(item(properties, 0), "properties") && cp_list_length(properties) == 5);
    cp_value opened = item(properties, 2);
    assert_true(is_symbol(item(opened, 0), "opened") && is_symbol(item(opened, 1), "Integer"));
    assert_true(is_symbol(item(opened, 2), "readOnly"));
    assert_string_equal(text_of(item(opened, 3)), "How often it was opened.");
    assert_true(is_symbol(item(item(properties, 1), 2), "readWrite"));
    assert_true(item(item(properties, 3), 3) == CP_NIL);
    assert_true(is_symbol(item(methods, 0), "methods") && cp_list_length(methods) == 3);
    cp_value open = item(methods, 1), arguments = item(open, 2);
    assert_true(is_symbol(item(open, 0), "open") && is_symbol(item(open, 1), "Object"));
    assert_int_equal(cp_list_length(arguments), 2);
    assert_true(is_symbol(item(item(arguments, 0), 0), "timeout") && item(item(arguments, 0), 2) == cp_fixnum(1000));
    assert_true(is_symbol(item(arguments, 1), "..."));
    cp_value doc = item(info, 4);
    assert_true(is_symbol(item(doc, 0), "doc"));
    assert_string_equal(text_of(item(doc, 1)), "A box of mail.");
}

static void info_of_a_scripted_class(void **unused) {
    (void)unused;
    cp_class *c = class_new_scripted(cp, symbol("Described"), 2);
    assert_true(class_info(cp, c) == CP_NIL);
    c->interfaces[1].name = symbol("Second");
    slot(c, 0, "shown", CP_NIL);
    assert_true(class_add_member(cp, c, 0, member_new("hidden", MEMBER_SLOT, "Object", MEMBER_PRIVATE)));
    assert_true(method(c, 0, "work") && method(c, 0, "Described") && method(c, 1, "zero"));
    class_finish(cp, c);
    cp_value info = class_info(cp, c);
    assert_int_equal(cp_list_length(info), 5);
    assert_true(item(info, 1) == cp_fixnum(1) && item(info, 2) == cp_fixnum(0));
    cp_value first = item(info, 3), second = item(info, 4);
    assert_int_equal(cp_list_length(item(first, 2)), 2); /* properties, shown */
    assert_true(is_symbol(item(item(item(first, 3), 1), 0), "Described"));
    assert_true(is_symbol(item(item(item(first, 3), 2), 0), "work"));
    assert_true(is_symbol(item(item(item(item(item(first, 3), 2), 2), 0), 1), "Integer")); /* (n Integer) */
    assert_true(is_symbol(item(second, 1), "Second"));
    assert_int_equal(cp_list_length(item(second, 2)), 1);
}

/* Every table of the room can be built, every signature in it is read, every member has its place. */
static void builtin_tables_build(void **unused) {
    (void)unused;
    for (uint32_t n = CP_CLASS_LIST; n < CP_CLASS_FIRST_OTHER; n++) {
        cp_class *c = class_numbered(cp, n);
        class_build(cp, c);
        if (c->defined) assert_true(cp_is_cell(class_info(cp, c)));
    }
}

int main(void) {
    mem_init();
    cp = builtin_context();
    cp->classes->parse_signature = parse_signature;
    cp->classes->read_literal = read_literal;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defining_builds_nothing),
        cmocka_unit_test(native_members),
        cmocka_unit_test(native_instances),
        cmocka_unit_test(classes_of_values),
        cmocka_unit_test(classes_are_loaded_when_asked_for),
        cmocka_unit_test(why_a_class_could_not_be_loaded_is_told),
        cmocka_unit_test(names_of_one_class),
        cmocka_unit_test(wrong_tables_end_the_program),
        cmocka_unit_test(types_accept),
        cmocka_unit_test(many_types_and_classes),
        cmocka_unit_test(scripted_slots),
        cmocka_unit_test(one_name_is_one_member),
        cmocka_unit_test(members_of_large_classes_are_found),
        cmocka_unit_test(classes_without_members),
        cmocka_unit_test(a_forward_declared_class_is_filled),
        cmocka_unit_test(redefinition_moves_name_and_types),
        cmocka_unit_test(a_failed_definition_can_be_repeated),
        cmocka_unit_test(builtin_classes_stay),
        cmocka_unit_test(spelling),
        cmocka_unit_test(suggestions),
        cmocka_unit_test(functions),
        cmocka_unit_test(titles),
        cmocka_unit_test(headers_that_agree),
        cmocka_unit_test(info_of_a_native_class),
        cmocka_unit_test(info_of_a_scripted_class),
        cmocka_unit_test(builtin_tables_build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
