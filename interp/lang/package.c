/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * package.c: which names of a file are its own.
 *
 * A file that says (provide name ...) is a package. Each function, macro and class that its top level defines goes by a
 * Symbol of its own, of the same text but outside the table of Symbols, so that no other file can mean it; `names` of
 * the file's scope says which Symbol stands for which. When the package has been loaded, what it provides is published:
 * the ordinary Symbols get the same functions, macros and classes. With (load ... as: "m") the loading file gets the
 * names m/name instead, in the same table.
 *
 * What is built in has such a second Symbol too, made when a script takes the name or a file of the stdlib uses it: the
 * stdlib goes on meaning what is built in, whatever a script defines.
 */
#include "interp/lang/package.h"

#include "interp/data/symbol.h"
#include "interp/lang/binder.h"

/* ---- Symbols of a file's own ---- */

static cp_symbol *name_in(cp_context *cp, struct file_scope *file, cp_symbol *name) {
    if (!file->names) return NULL;
    cp_value own = cp_table_get(cp, file->names, cp_from_object(name));
    return own == CP_UNSET ? NULL : cp_symbol_of(own);
}

static void set_name(cp_context *cp, struct file_scope *file, cp_symbol *name, cp_symbol *meant) {
    if (!file->names) file->names = cp_table(cp);
    cp_table_set(cp, file->names, cp_from_object(name), cp_from_object(meant));
}

/* Those of fixed number cannot be defined anew. */
static bool is_native_class(cp_context *cp, const cp_symbol *name) {
    const cp_class *c = class_lookup(cp, name);
    return c && c->defined && c->definition && c->number >= CP_CLASS_FIRST_OTHER;
}

cp_symbol *package_builtin(cp_context *cp, cp_symbol *name) {
    struct symbol_definition *definition = symbol_define(cp_from_object(name));
    if (!definition->builtin) {
        cp_symbol *own = symbol_new_own(name);
        struct symbol_definition *copy = symbol_define(cp_from_object(own));
        copy->form = definition->form;
        copy->only_while_builtin = definition->only_while_builtin;
        if (name->flags & CP_SYMBOL_BUILTIN) {
            own->function = name->function;
            own->flags |= CP_SYMBOL_BUILTIN;
        }
        definition->builtin = own;
        if (is_native_class(cp, name)) class_point(cp, own, class_lookup(cp, name));
    }
    return definition->builtin;
}

void package_keep_class(cp_context *cp, cp_symbol *name) {
    if (!is_native_class(cp, name)) return;
    cp_symbol *own = package_builtin(cp, name);
    const cp_class *c = class_lookup(cp, own);
    if (!c || !c->defined) class_point(cp, own, class_lookup(cp, name)); /* its module was loaded after the first use */
}

cp_symbol *package_name(cp_context *cp, struct file_scope *file, cp_symbol *name) {
    cp_symbol *own = name_in(cp, file, name);
    if (own) return own;
    if (!file->is_standard || (name->flags & CP_SYMBOL_OWN)) return name;
    const struct symbol_definition *definition = symbol_definition(name);
    bool has_builtin = (definition && definition->builtin) || is_native_class(cp, name);
    return has_builtin || (name->flags & (CP_SYMBOL_BUILTIN | CP_SYMBOL_STANDARD)) ? package_builtin(cp, name) : name;
}

/* A special form keeps its name, so that whoever defines one is told that it cannot be. */
cp_symbol *package_define(cp_context *cp, struct file_scope *file, cp_symbol *name) {
    if (!file->is_package || (name->flags & CP_SYMBOL_OWN)) return name;
    cp_symbol *own = name_in(cp, file, name);
    const struct symbol_definition *definition = symbol_definition(name);
    if (own || (definition && definition->form && !definition->only_while_builtin)) return own ? own : name;
    own = symbol_new_own(name);
    set_name(cp, file, name, own);
    return own;
}

struct type *package_type(cp_context *cp, struct file_scope *file, cp_symbol *name) {
    cp_symbol *own = package_name(cp, file, name);
    if (own != name || !(file->is_package || file->is_standard) || !memchr(name->text, '|', name->size))
        return type_of_symbol(cp, own);
    size_t count = 1;
    for (size_t i = 0; i < name->size; i++) count += name->text[i] == '|';
    cp_symbol **parts = cp_alloc(count * sizeof *parts);
    const char *at = name->text, *end = at + name->size;
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        const char *bar = memchr(at, '|', (size_t)(end - at)), *stop = bar ? bar : end;
        cp_symbol *part = cp_symbol_of(cp_symbol_n(cp, at, (size_t)(stop - at)));
        parts[i] = package_name(cp, file, part);
        any |= parts[i] != part;
        at = stop + 1;
    }
    if (!any) return type_of_symbol(cp, name);
    own = symbol_new_own(name);
    set_name(cp, file, name, own);
    return type_joined(cp, own, parts, count);
}

/* ---- looking ahead ---- */

static bool is_form(cp_value form, const char *name) {
    return cp_is_cell(form) && cp_is_symbol(cp_head(form)) && !strcmp(cp_symbol_of(cp_head(form))->text, name);
}

/* The name that a top-level form defines, or NULL: no methods. */
static cp_symbol *defined_name(cp_context *cp, cp_value form) {
    cp_value name = CP_NIL;
    if (is_form(form, "class")) {
        name = form_item(form, 1);
        if (cp_is_string(name) && cp_string_size(name))
            name = cp_symbol_n(cp, cp_string_text(name), cp_string_size(name));
    } else if (is_form(form, "defun") || is_form(form, "function") || is_form(form, "defmacro"))
        name = form_item(form, cp_is_symbol(form_item(form, 1)) && cp_is_symbol(form_item(form, 2)) ? 2 : 1);
    if (!cp_is_symbol(name) || (cp_symbol_of(name)->flags & (CP_SYMBOL_GLOBAL | CP_SYMBOL_KEYWORD))) return NULL;
    return strstr(cp_symbol_of(name)->text, "::") ? NULL : cp_symbol_of(name);
}

static bool defines(cp_context *cp, cp_value forms, const char *name) {
    for (; cp_is_cell(forms); forms = cp_tail(forms)) {
        const cp_symbol *defined = defined_name(cp, cp_head(forms));
        if (defined && !strcmp(defined->text, name)) return true;
    }
    return false;
}

void package_foresee(cp_context *cp, struct file_scope *file, cp_value forms) {
    if (file->interactive) return;
    for (cp_value rest = forms; cp_is_cell(rest); rest = cp_tail(rest)) {
        if (!is_form(cp_head(rest), "provide") || defines(cp, forms, "provide")) continue;
        file->is_package = true;
        for (cp_value name = cp_tail(cp_head(rest)); cp_is_cell(name); name = cp_tail(name))
            if (cp_is_symbol(cp_head(name))) file->provides = cp_cons(cp_head(name), file->provides);
    }
    if (!file->is_package) return;
    if (file->is_standard) /* what the stdlib provides is what is built in by that name */
        for (cp_value name = file->provides; cp_is_cell(name); name = cp_tail(name))
            set_name(cp, file, cp_symbol_of(cp_head(name)), package_builtin(cp, cp_symbol_of(cp_head(name))));
    for (; cp_is_cell(forms); forms = cp_tail(forms)) {
        cp_symbol *name = defined_name(cp, cp_head(forms));
        if (name) package_define(cp, file, name);
    }
}

/* ---- giving names to others ---- */

/* What is known of a Symbol in the three ways in which it can be something. */
struct meaning {
    cp_value function, macro;
    struct signature *declared;
    cp_class *class;
};

static bool find_meaning(cp_context *cp, cp_symbol *name, struct meaning *meaning) {
    const struct symbol_definition *definition = symbol_definition(name);
    cp_class *c = class_lookup(cp, name);
    *meaning = (struct meaning){.function = name->function,
                                .macro = definition ? definition->macro : CP_UNSET,
                                .declared = definition ? definition->declared : NULL,
                                .class = c && c->defined ? c : NULL};
    return meaning->function != CP_UNSET || meaning->macro != CP_UNSET || meaning->class;
}

/* Whether a script has given the name a meaning, or is about to. */
static bool is_taken(cp_context *cp, cp_symbol *name, const struct meaning *provided) {
    struct meaning present;
    find_meaning(cp, name, &present);
    bool own_function =
        present.function != CP_UNSET && !(name->flags & CP_SYMBOL_BUILTIN) && present.function != provided->function;
    bool own_macro = present.macro != CP_UNSET && present.macro != provided->macro;
    bool own_class = present.class && present.class != provided->class && !present.class->definition;
    bool foreseen = present.declared && provided->declared && !signature_equal(present.declared, provided->declared);
    return own_function || own_macro || own_class || foreseen;
}

static void publish(cp_context *cp, struct file_scope *file, cp_symbol *name, const struct meaning *meaning) {
    struct symbol_definition *definition = symbol_define(cp_from_object(name));
    if (meaning->function != CP_UNSET) {
        if (name->flags & CP_SYMBOL_BUILTIN) package_builtin(cp, name);
        name->function = meaning->function;
        name->flags &= ~(unsigned)CP_SYMBOL_BUILTIN;
        if (file->is_standard) name->flags |= CP_SYMBOL_BUILTIN; /* any header may replace it */
        else definition->declared = meaning->declared;
    }
    definition->macro = meaning->macro;
    if (meaning->class) class_point(cp, name, meaning->class);
}

bool package_publish(cp_context *cp, struct file_scope *file, const char *path) {
    if (!file->is_package || file->is_published) return true;
    for (cp_value rest = file->provides; cp_is_cell(rest); rest = cp_tail(rest)) {
        cp_symbol *name = cp_symbol_of(cp_head(rest)), *own = name_in(cp, file, name);
        struct meaning meaning;
        bool has_meaning = own && find_meaning(cp, own, &meaning);
        if (file->is_standard) { /* a script's own goes before */
            if (has_meaning && !is_taken(cp, name, &meaning) &&
                !(symbol_definition(name) && symbol_definition(name)->declared))
                publish(cp, file, name, &meaning);
            continue;
        }
        if (!has_meaning) { /* perhaps another package's, handed on */
            if (find_meaning(cp, name, &meaning)) continue;
            cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN,
                     "%s provides %s, but defines no function, macro or class of that name", path, name->text);
            return false;
        }
        if (is_taken(cp, name, &meaning)) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL,
                     "%s provides %s, which is defined already; (load \"...\" as: \"p\") gives it the name p/%s", path,
                     name->text, name->text);
            return false;
        }
    }
    if (!file->is_standard)
        for (cp_value rest = file->provides; cp_is_cell(rest); rest = cp_tail(rest)) {
            cp_symbol *name = cp_symbol_of(cp_head(rest)), *own = name_in(cp, file, name);
            struct meaning meaning;
            if (own && find_meaning(cp, own, &meaning)) publish(cp, file, name, &meaning);
        }
    file->is_published = true;
    return true;
}

void package_lend(cp_context *cp, struct file_scope *package, struct file_scope *to, const char *prefix) {
    for (cp_value rest = package->provides; cp_is_cell(rest); rest = cp_tail(rest)) {
        cp_symbol *name = cp_symbol_of(cp_head(rest)), *own = name_in(cp, package, name);
        cp_value full = cp_string_format(cp, "%s/%s", prefix, name->text);
        set_name(cp, to, cp_symbol_of(cp_symbol_n(cp, cp_string_text(full), cp_string_size(full))), own ? own : name);
    }
}
