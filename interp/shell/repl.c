/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * repl.c: the prompt: reads an input of one or more lines, runs it, shows its value, until Ctrl-D.
 *
 * All inputs share one scope: variables stay, a function may be defined anew with another header. The last value shown
 * is the variable `it`.
 */
#include "interp/shell/shell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "interp/base/vector.h"
#include "interp/data/error.h"
#include "interp/lang/binder.h"
#include "interp/lang/reader.h"
#include "interp/run/leave.h"
#include "interp/run/load.h"
#include "interp/run/thread.h"
#include "interp/shell/complete.h"
#include "interp/shell/diagnostics.h"
#include "interp/shell/prompt.h"

enum { SHOWN_MOST = 2000 }; /* bytes of a value that are shown */

struct repl {
    cp_context *cp;
    struct file_scope *file;
    uint32_t line; /* lines typed before this input: places count on through the session */
};

/* ---- what was typed ---- */

/* Reads all forms: gives the last, CP_UNSET when there is none but comments, and whether the text ends within one. What
 * is wrong otherwise is said when it is run. */
static bool wants_more(struct repl *repl, const struct bytes *input, cp_value *last) {
    cp_context *cp = repl->cp;
    struct reader reader;
    uint32_t offset;
    cp_value form;
    *last = CP_UNSET;
    reader_init(&reader, cp, source_new(cp, cp->known.empty_string, cp_string_n(cp, input->data, input->length)));
    while ((form = reader_next(&reader, &offset)) != CP_DONE) {
        if (form == CP_THROWN) {
            cp_value error = cp_take_error(cp);
            return cp_error_class_of(error) == CP_ERROR_PARSE && cp_error_code_of(error) == 1;
        }
        *last = form;
    }
    return false;
}

/* An input, whole lines; false at the end of the session. An interrupted one is empty. */
static bool read_input(struct repl *repl, struct bytes *input, cp_value *last) {
    char *line;
    bytes_reset(input);
    do {
        switch (prompt_read(input->length ? "... " : "> ", &line)) {
        case PROMPT_END:
            puts("");
            if (!input->length) return false;
            bytes_reset(input); /* Ctrl-D in the midst of an input drops it */
            return true;
        case PROMPT_INTERRUPTED: bytes_reset(input); return true;
        case PROMPT_LINE: break;
        }
        if (input->length) bytes_append_byte(input, '\n');
        bytes_append_string(input, line);
        free(line);
    } while (wants_more(repl, input, last));
    return true;
}

/* ---- functions with a new header ---- */

static struct symbol_definition *definition_made_by(cp_value form, cp_symbol **name) {
    if (!cp_is_cell(form) || !cp_is_symbol(cp_head(form)) || strcmp(cp_symbol_of(cp_head(form))->text, "defun"))
        return NULL;
    cp_value item = form_item(form, cp_is_symbol(form_item(form, 2)) ? 2 : 1);
    if (!cp_is_symbol(item)) return NULL;
    *name = cp_symbol_of(item);
    return symbol_definition(*name);
}

static void warn_of_new_header(cp_context *cp, cp_value form, const struct signature *before) {
    cp_symbol *name;
    struct symbol_definition *definition = definition_made_by(form, &name);
    if (!before || !definition || !definition->declared || signature_equal(before, definition->declared)) return;
    cp_value old = signature_string(cp, before);
    if (old == CP_THROWN) cp_take_error(cp);
    else
        fprintf(stderr, "warning: %s has a new header; it was (%s%s%s)\n", name->text, name->text,
                cp_string_size(old) ? " " : "", cp_text_z(cp, old));
}

/* ---- values ---- */

/* Whether () is no answer but the absence of one: a definition, a loop, a call of what is declared NIL. */
static bool gives_nothing(struct repl *repl, cp_value form) {
    static const char *const statements[] = {"local", "global",  "function", "class", "export", "for",
                                             "while", "doWhile", "dotimes",  "each",  "unset",  "set"};
    cp_value head = cp_is_cell(form) ? cp_head(form) : CP_NIL;
    if (cp_is_symbol(head)) {
        const cp_symbol *name = cp_symbol_of(head);
        for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
            if (!strcmp(name->text, statements[i])) return true;
        return cp_is_function(name->function) && function_signature(repl->cp, function_of(name->function))->returns_nil;
    }
    cp_value dotted = cp_is_cell(head) ? head : form; /* (object.method ...) */
    if (!cp_is_cell(dotted) || cp_head(dotted) != repl->cp->known.sym_dot || !cp_is_symbol(form_item(dotted, 1)) ||
        !cp_is_symbol(form_item(dotted, 2)))
        return form == CP_UNSET;
    const cp_symbol *object = cp_symbol_of(form_item(dotted, 1));
    cp_class *c = complete_class_of(repl->cp, repl->file, object->text, object->size);
    struct member *member = c ? class_member(repl->cp, c, 0, cp_symbol_of(form_item(dotted, 2))) : NULL;
    return member && member->kind == MEMBER_METHOD &&
           cp_from_object(member->type->name) == repl->cp->known.sym_nil_type;
}

static void set_it(struct repl *repl, cp_value value) {
    cp_symbol *name = cp_symbol_of(cp_symbol_z(repl->cp, "it"));
    struct file_variable *it = file_scope_declare(repl->cp, repl->file, name, repl->cp->known.type_object);
    it->declared = true;
    if (type_accepts(it->type, value)) it->cell.value = value; /* the user may have declared it otherwise */
}

/* Cuts between characters. */
static void show(struct repl *repl, cp_value value) {
    cp_value text = cp_to_source(repl->cp, value);
    if (text == CP_THROWN) {
        diagnostics_print(repl->cp, cp_take_error(repl->cp));
        return;
    }
    const char *bytes = cp_string_text(text);
    size_t size = cp_string_size(text), shown = size;
    if (size > SHOWN_MOST)
        for (shown = SHOWN_MOST; shown > 0 && ((unsigned char)bytes[shown] & 0xC0) == 0x80;) shown--;
    fwrite(bytes, 1, shown, stdout);
    if (shown < size) printf(" ...\n%zu of %zu bytes shown; (print it) shows all", shown, size);
    putchar('\n');
}

/* False when it was the end, by `exit`. */
static bool run_input(struct repl *repl, const struct bytes *input, cp_value last) {
    cp_context *cp = repl->cp;
    cp_symbol *name;
    struct source *source = source_new(cp, cp_string_z(cp, "<prompt>"), cp_string_n(cp, input->data, input->length));
    source->first_line = repl->line + 1;
    for (size_t i = 0; i < input->length; i++) repl->line += input->data[i] == '\n';
    repl->line++;
    struct symbol_definition *definition = definition_made_by(last, &name);
    const struct signature *before = definition ? definition->declared : NULL;
    cp_value value = load_source(cp, source, repl->file);
    fflush(stdout);
    if (value == CP_THROWN) {
        cp_value error = cp_take_error(cp);
        if (leave_is_meant(cp, error, NULL)) return false;
        bool interrupted = cp_error_class_of(error) == CP_ERROR_SYSTEM && cp_error_code_of(error) == EINTR;
        if (interrupted) putchar('\n'); /* the terminal has shown ^C */
        diagnostics_print(cp, error);
        return true;
    }
    warn_of_new_header(cp, last, before);
    if (value == CP_NIL && gives_nothing(repl, last)) return true;
    if (value != CP_NIL) set_it(repl, value);
    show(repl, value);
    return true;
}

/* What people type who have not read that Ctrl-D ends it. */
static bool is_farewell(struct repl *repl, const char *text) {
    static const char *const words[] = {"exit", "(exit)", "quit", "(quit)"};
    for (size_t i = 0; i < 4; i++) {
        cp_symbol *name = cp_symbol_of(cp_symbol_z(repl->cp, words[i & 2]));
        if (!strcmp(text, words[i]))
            return (name->function == CP_UNSET || (name->flags & CP_SYMBOL_BUILTIN)) &&
                   !file_scope_find(repl->cp, repl->file, name);
    }
    return false;
}

int repl_run(cp_context *cp) {
    struct repl repl = {.cp = cp, .file = file_scope_new(cp, true)};
    struct bytes input = {0};
    cp_value last = CP_UNSET;
    printf("Carapace %s; (help) for help, Ctrl-D to end\n", CARAPACE_VERSION);
    prompt_open(cp, repl.file);
    while (read_input(&repl, &input, &last)) {
        if (!input.length) continue;
        if (is_farewell(&repl, input.data)) break;
        prompt_remember(input.data);
        if (!run_input(&repl, &input, last)) break;
    }
    bytes_free(&input);
    prompt_close();
    int status = EX_OK;
    leave_is_meant(cp, cp->runtime->leaving, &status);
    return status;
}
