/* SPDX-License-Identifier: GPL-3.0-or-later */
/* help.c: the function help: what is said of functions, special forms, classes and members, from the same tables that
   run them. */
#include "interp/shell/shell.h"

#include <stdio.h>

#include "interp/data/symbol.h"
#include "interp/lang/binder.h"
#include "interp/run/core_functions.h"
#include "interp/run/load.h"

enum { WIDTH = 80 };

/* ---- text ---- */

/* Words within the width, each line indented; line ends in the text are kept. */
static void print_wrapped(const char *text, size_t size, int indent) {
    int column = 0;
    const char *end = text + size;
    while (text < end) {
        const char *word = text;
        int width = 0;
        while (text < end && *text != ' ' && *text != '\n') width += ((unsigned char)*text++ & 0xC0) != 0x80;
        if (column > 0 && column + 1 + width > WIDTH) {
            putchar('\n');
            column = 0;
        }
        if (text > word) {
            if (column > 0) column += printf(" ");
            else column = printf("%*s", indent, "");
            fwrite(word, 1, (size_t)(text - word), stdout);
            column += width;
        }
        if (text < end && *text++ == '\n') {
            putchar('\n');
            column = 0;
        }
    }
    if (column > 0) putchar('\n');
}

/* Up to the first full stop that ends a word. */
static size_t first_sentence(cp_value doc) {
    const char *text = cp_string_text(doc);
    size_t size = cp_string_size(doc);
    for (size_t i = 0; i < size; i++)
        if (text[i] == '.' && (i + 1 == size || text[i + 1] == ' ' || text[i + 1] == '\n')) return i + 1;
    return size;
}

static void print_doc(cp_value doc, bool whole, int indent) {
    if (!cp_is_string(doc) || !cp_string_size(doc)) return;
    print_wrapped(cp_string_text(doc), whole ? cp_string_size(doc) : first_sentence(doc), indent);
}

/* `(join (list List) (separator String ""))  gives String` */
static bool print_call(cp_context *cp, int indent, const char *before, const char *name,
                       const struct signature *signature, bool with_result) {
    cp_value arguments = signature ? signature_string(cp, signature) : cp->known.empty_string;
    if (arguments == CP_THROWN) return false;
    printf("%*s(%s%s%s%s)", indent, "", before, name, cp_string_size(arguments) ? " " : "", cp_text_z(cp, arguments));
    if (with_result && signature && !signature->returns_nil && !signature->result->any)
        printf("  gives %s", signature->result->name->text);
    putchar('\n');
    return true;
}

/* ---- functions ---- */

static bool describe_callable(cp_context *cp, const cp_symbol *name, const struct callable *found) {
    if (!found->function) { /* the doc of a special form begins with how it is written */
        puts("special form");
        print_doc(found->doc, true, 2);
        return true;
    }
    if (!strcmp(found->kind, "macro")) puts("macro");
    if (!print_call(cp, 0, "", name->text, function_signature(cp, found->function), true)) return false;
    print_doc(found->doc, true, 2);
    return true;
}

/* ---- classes ---- */

static const struct signature *signature_of(cp_context *cp, const struct member *member) {
    if (member->signature) return member->signature;
    return member->function != CP_UNSET ? function_signature(cp, function_of(member->function)) : NULL;
}

static cp_value doc_of(const struct member *member) {
    if (member->doc != CP_NIL || member->kind != MEMBER_METHOD || !cp_is_function(member->function)) return member->doc;
    const struct function *function = function_of(member->function);
    return function->proto ? function->proto->doc : CP_NIL;
}

static bool describe_member(cp_context *cp, cp_class *c, const struct member *member, bool whole, int indent) {
    if (member == c->constructor) {
        char before[300];
        snprintf(before, sizeof before, "create ");
        if (!print_call(cp, indent, before, c->name->text, signature_of(cp, member), false)) return false;
    } else if (member->kind == MEMBER_METHOD) {
        if (!print_call(cp, indent, "", member->name->text, signature_of(cp, member), true)) return false;
    } else
        printf("%*s%s  %s%s\n", indent, "", member->name->text, member->type->name->text,
               member->flags & MEMBER_READ_ONLY ? ", read only" : "");
    print_doc(doc_of(member), whole, indent + 4);
    return true;
}

static bool describe_members(cp_context *cp, cp_class *c, const struct interface *interface, bool methods) {
    bool titled = false;
    for (uint32_t i = 0; i < interface->count; i++) {
        const struct member *member = interface->members[i];
        if (member->flags & MEMBER_PRIVATE || (member->kind == MEMBER_METHOD) != methods || member == c->constructor)
            continue;
        if (!titled) puts(methods ? "\nmethods" : "\nproperties");
        titled = true;
        if (!describe_member(cp, c, member, false, 2)) return false;
    }
    return true;
}

static bool describe_class(cp_context *cp, cp_class *c) {
    class_build(cp, c);
    printf("class %s %u.%u\n", c->name->text, c->major, c->minor);
    print_doc(c->doc, true, 2);
    if (c->constructor && !(c->constructor->flags & MEMBER_PRIVATE)) {
        putchar('\n');
        if (!describe_member(cp, c, c->constructor, true, 2)) return false;
    }
    for (uint32_t i = 0; i < c->interface_count; i++) {
        if (i > 0) printf("\ninterface %s\n", c->interfaces[i].name->text);
        if (!describe_members(cp, c, &c->interfaces[i], false) || !describe_members(cp, c, &c->interfaces[i], true))
            return false;
    }
    printf("\n(help %s.member) tells more about one of them.\n", c->name->text);
    return true;
}

static bool describe_one_member(cp_context *cp, cp_class *c, cp_symbol *name) {
    class_build(cp, c);
    if (c->constructor && (c->constructor->name == name || !strcmp(name->text, "create")))
        return describe_member(cp, c, c->constructor, true, 0);
    for (uint32_t i = 0; i < c->interface_count; i++) {
        struct member *member = class_member(cp, c, i, name);
        if (!member || member->flags & MEMBER_PRIVATE) continue;
        if (i == 0) printf("class %s\n", c->name->text);
        else printf("class %s, interface %s\n", c->name->text, c->interfaces[i].name->text);
        return describe_member(cp, c, member, true, 0);
    }
    cp_symbol *near[3];
    unsigned count = class_suggest(cp, c, name, near, 3);
    printf("The class %s has no member %s", c->name->text, name->text);
    for (unsigned i = 0; i < count; i++) printf(i ? ", %s" : "; did you mean %s", near[i]->text);
    puts(count ? "?" : ".");
    return true;
}

/* ---- names ---- */

static void suggest(cp_context *cp, cp_symbol *name) {
    cp_symbol *function = symbol_suggest_function(cp, name), *class_name = class_suggest_class(cp, name);
    printf("Nothing is called %s", name->text);
    if (function && class_name && function != class_name)
        printf("; did you mean %s or %s?\n", function->text, class_name->text);
    else if (function || class_name) printf("; did you mean %s?\n", (function ? function : class_name)->text);
    else puts(".");
}

static bool describe_name(cp_context *cp, cp_symbol *name) {
    if (name->function == CP_UNSET && load_autoload_function(cp, name) == CP_THROWN) return false;
    struct callable found = inspect_callable(cp, name);
    cp_class *c = class_defined(cp, name);
    if (found.kind && !describe_callable(cp, name, &found)) return false;
    if (found.kind && c) putchar('\n');
    if (c && !describe_class(cp, c)) return false;
    if (!found.kind && !c) suggest(cp, name);
    return true;
}

static const struct {
    const char *title, *names;
} overview[] = {
    {"Values", "set local let global typeOf string =="},
    {"Control", "if cond and or not while for return try catch throw with"},
    {"Functions and classes", "defun lambda apply class create classInfo load"},
    {"Text", "print printAux format split join trim replace upper lower"},
    {"Collections", "list headOf tailOf length map filter reduce sort HashTable Array"},
    {"Files and system", "Stream listFiles fileStatus removeFile getenv system time"},
    {"Threads", "Thread Queue Event Lock"},
    {"Mail and networks", "Smtp SmtpMessage Mime Tcp CommsStack Log"},
    {"All there is", "functionNames classNames"},
};

static void print_overview(cp_context *cp) {
    printf("Carapace %s\n\n"
           "  (help name)          a function, a special form or a class: (help join) (help Thread)\n"
           "  (help Class.member)  a property or method: (help String.split)\n"
           "  it                   at the prompt: the last value shown\n"
           "  Tab, Ctrl-C, Ctrl-D  completes a name; drops the line or stops what runs; ends\n\n",
           CARAPACE_VERSION);
    for (size_t i = 0; i < sizeof overview / sizeof overview[0]; i++) {
        char line[200];
        int length = snprintf(line, sizeof line, "%s:", overview[i].title);
        for (const char *name = overview[i].names; *name;) { /* only what this program has */
            size_t size = strcspn(name, " ");
            cp_symbol *symbol = cp_symbol_of(cp_symbol_n(cp, name, size));
            if (inspect_is_callable(symbol) || class_defined(cp, symbol))
                length += snprintf(line + length, sizeof line - (size_t)length, " %s", symbol->text);
            name += size + (name[size] == ' ');
        }
        if (line[length - 1] != ':') print_wrapped(line, (size_t)length, 2);
    }
}

static cp_symbol *name_of(cp_context *cp, cp_value value) {
    if (cp_is_string(value)) return cp_symbol_of(cp_symbol_n(cp, cp_string_text(value), cp_string_size(value)));
    return cp_is_symbol(value) ? cp_symbol_of(value) : NULL;
}

static bool describe(cp_context *cp, cp_value subject, cp_value member) {
    cp_symbol *name = name_of(cp, subject), *member_name = name_of(cp, member);
    if (name && !member_name) {
        const char *dot = strchr(name->text + (name->size > 0), '.');
        if (!dot || !dot[1]) return describe_name(cp, name);
        member_name = cp_symbol_of(cp_symbol_z(cp, dot + 1)); /* (help "Class.member") */
        name = cp_symbol_of(cp_symbol_n(cp, name->text, (size_t)(dot - name->text)));
    }
    if (!name && !member_name && cp_is_function(subject)) {
        struct function *function = function_of(subject);
        if (!print_call(cp, 0, "", cp_text_z(cp, function_title(cp, function)), function_signature(cp, function), true))
            return false;
        print_doc(function_doc(cp, function), true, 2);
        return true;
    }
    cp_class *c = name ? class_defined(cp, name) : cp_class_of(cp, cp_object_behind(subject));
    if (!c && member_name) return suggest(cp, name), true;
    return member_name ? describe_one_member(cp, c, member_name) : describe_class(cp, c);
}

static cp_value help(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    if (arguments[0] == CP_NIL) print_overview(cp);
    else if (!describe(cp, arguments[0], arguments[1])) return CP_THROWN;
    return CP_NIL;
}

static const cp_function_def functions[] = {
    {"help", "NIL", "((subject Object ()) (member Object ()))", help,
     "Prints what there is to know of a function, special form, class or member: (help join), (help Thread), (help "
     "String.split). "
     "Without arguments an overview; with an object, its class."},
    {0},
};

void help_register(cp_context *cp) { cp_define_functions(cp, functions); }
