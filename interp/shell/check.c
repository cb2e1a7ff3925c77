/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check.c: --check: everything that is wrong with a file, without running it.
 *
 * Each top-level form is compiled by itself, so each can tell its first error. Functions are defined, because macros
 * may call them; that runs nothing. Names that nothing defines are told too, but only when the file loads no other,
 * which could define them.
 */
#include "interp/shell/shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "interp/data/error.h"
#include "interp/data/symbol.h"
#include "interp/lang/binder.h"
#include "interp/lang/compile.h"
#include "interp/lang/reader.h"
#include "interp/run/load.h"
#include "interp/shell/diagnostics.h"

struct check {
    cp_context *cp;
    struct source *source;
    struct file_scope *file;
    cp_list_builder errors;
    size_t count;
};

static void note(struct check *check, cp_value error) {
    error_settle(check->cp, error);
    cp_list_add(&check->errors, error);
    check->count++;
}

static bool is_form(cp_value form, const char *name) {
    return cp_is_cell(form) && cp_is_symbol(cp_head(form)) && !strcmp(cp_symbol_of(cp_head(form))->text, name);
}

/* Whether a form loads or evaluates what this look at the file does not see. */
static bool brings_in_more(cp_context *cp, cp_value form) {
    if (is_form(form, "load") || is_form(form, "loadLibrary") || is_form(form, "eval")) return true;
    if (cp_check_stack(cp) == CP_THROWN) return cp_take_error(cp), true;
    for (; cp_is_cell(form); form = cp_tail(form))
        if (cp_is_cell(cp_head(form)) && brings_in_more(cp, cp_head(form))) return true;
    return false;
}

static cp_value read_forms(struct check *check, cp_value *offsets) {
    struct reader reader;
    cp_list_builder forms = {0}, places = {0};
    cp_value form;
    uint32_t offset;
    reader_init(&reader, check->cp, check->source);
    while ((form = reader_next(&reader, &offset)) != CP_DONE) {
        if (form == CP_THROWN) { /* what follows cannot be told apart any more */
            cp_value error = cp_take_error(check->cp);
            error_of(error)->source = check->source;
            error_of(error)->position = (uint32_t)(reader.cursor - reader.start);
            note(check, error);
            break;
        }
        cp_list_add(&forms, form);
        cp_list_add(&places, cp_fixnum(offset));
    }
    *offsets = places.list;
    return forms.list;
}

static void compile_forms(struct check *check, cp_value forms, cp_value offsets) {
    for (; cp_is_cell(forms); forms = cp_tail(forms), offsets = cp_tail(offsets)) {
        uint32_t position = (uint32_t)cp_fixnum_value(cp_head(offsets));
        cp_value function = compile_form(check->cp, check->source, check->file, cp_head(forms), position);
        if (function != CP_THROWN && is_form(cp_head(forms), "defun")) function = cp_call(check->cp, function, NULL, 0);
        if (function == CP_THROWN) note(check, cp_take_error(check->cp));
    }
}

static bool is_known(struct check *check, cp_symbol *name) {
    cp_context *cp = check->cp;
    const struct symbol_definition *definition = symbol_definition(name);
    cp_value key = cp_from_object(name);
    return name->function != CP_UNSET ||
           (definition && (definition->declared || definition->form || definition->macro != CP_UNSET)) ||
           cp_table_get(cp, check->file->foreseen, key) != CP_UNSET ||
           cp_table_get(cp, cp->loads->autoloads, key) != CP_UNSET || file_scope_find(cp, check->file, name) ||
           class_defined(cp, name);
}

static void note_unknown_names(struct check *check) {
    cp_context *cp = check->cp;
    for (const struct name_use *use = check->file->uses; use; use = use->next) {
        if (is_known(check, use->name)) continue;
        cp_symbol *near = symbol_suggest_function(cp, use->name);
        cp_value text = cp_string_format(cp, "there is no variable or function %s%s%s%s", use->name->text,
                                         near ? "; did you mean " : "", near ? near->text : "", near ? "?" : "");
        cp_value error = cp_error_new(cp, CP_ERROR_CARAPACE, CP_UNKNOWN, text);
        source_locate_error(check->source, error, use->position);
        source_tell_expansion_at(cp, check->source, error, use->position);
        note(check, error);
    }
}

static int compare(const void *a, const void *b) {
    const struct error *x = error_of(*(const cp_value *)a), *y = error_of(*(const cp_value *)b);
    return x->line != y->line ? (x->line < y->line ? -1 : 1) : (x->column > y->column) - (x->column < y->column);
}

static void report(struct check *check, bool json) {
    cp_value *errors = cp_alloc((check->count + 1) * sizeof *errors);
    size_t count = 0;
    for (cp_value rest = check->errors.list; cp_is_cell(rest); rest = cp_tail(rest)) errors[count++] = cp_head(rest);
    qsort(errors, count, sizeof *errors, compare);
    for (size_t i = 0; i < count; i++) {
        if (json) diagnostics_print_json(check->cp, errors[i]);
        else diagnostics_print(check->cp, errors[i]);
    }
}

int check_file(cp_context *cp, const char *path, bool json) {
    struct check check = {.cp = cp, .file = file_scope_new(cp, false)};
    cp_value text = load_read(cp, path), offsets = CP_NIL;
    if (text == CP_THROWN) {
        cp_value error = cp_take_error(cp);
        error_of(error)->file = cp_string_z(cp, path);
        note(&check, error);
    } else {
        check.file->note_uses = true;
        check.source = source_new(cp, cp_string_z(cp, strcmp(path, "-") ? path : "<stdin>"), text);
        cp_value forms = read_forms(&check, &offsets);
        bool complete = check.count == 0 && !brings_in_more(cp, forms);
        compile_foresee(cp, check.source, check.file, forms);
        compile_forms(&check, forms, offsets);
        if (complete) note_unknown_names(&check);
    }
    report(&check, json);
    return check.count ? EX_DATAERR : EX_OK;
}
