/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run.c: does what the command line asks for, in the main Carapace Thread. */
#include "interp/shell/shell.h"

#include <stdio.h>
#include <sysexits.h>

#include "interp/data/error.h"
#include "interp/run/leave.h"
#include "interp/run/load.h"
#include "interp/run/runtime.h"
#include "interp/run/thread.h"
#include "interp/shell/diagnostics.h"

static cp_value string_list(cp_context *cp, char **texts, int from, int count) {
    cp_list_builder list = {0};
    for (int i = from; i < count; i++) cp_list_add(&list, cp_string_z(cp, texts[i]));
    return list.list;
}

void shell_set_globals(cp_context *cp, const struct shell *shell) {
    struct {
        const char *name;
        cp_value value;
    } globals[] = {
        {"::CommandLine", string_list(cp, shell->arguments, 0, shell->argument_count)},
        {"::Arguments", string_list(cp, shell->arguments, shell->rest, shell->argument_count)},
        {"::InstallDir", cp->loads->install},
    };
    for (size_t i = 0; i < sizeof globals / sizeof globals[0]; i++) {
        cp_symbol *name = cp_symbol_of(cp_symbol_z(cp, globals[i].name));
        global_set(cp->current, name, globals[i].value);
        global_export(cp->current, name);
    }
}

static int report(cp_context *cp) {
    cp_value error = cp_take_error(cp);
    int status;
    if (leave_is_meant(cp, error, &status)) return status;
    diagnostics_print(cp, error);
    return diagnostics_status(error);
}

static cp_value run_expression(cp_context *cp, const char *text) {
    cp_value value = load_text(cp, cp_string_z(cp, "<-e>"), cp_string_z(cp, text), file_scope_new(cp, false));
    if (value == CP_THROWN || value == CP_NIL) return value;
    cp_value shown = cp_to_source(cp, value);
    if (shown == CP_THROWN) return shown;
    printf("%s\n", cp_text_z(cp, shown));
    return value;
}

static cp_value run_command(cp_context *cp, const char *name) {
    cp_value file = cp_string_format(cp, "commands/%s.cpl", name);
    cp_value value = load_stdlib(cp, cp_text_z(cp, file));
    return value == CP_UNSET ? cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN, "there is no command %s", name) : value;
}

int shell_run(cp_context *cp, void *argument) {
    struct shell *shell = argument;
    cp_value value = CP_NIL;
    shell_set_globals(cp, shell);
    for (int i = 0; i < shell->package_count; i++)
        if (load_named(cp, shell->packages[i], NULL) == CP_THROWN) return report(cp);
    switch (shell->action) {
    case SHELL_PROMPT: return repl_run(cp);
    case SHELL_SCRIPT: value = load_file(cp, shell->subject); break;
    case SHELL_EXPRESSION: value = run_expression(cp, shell->subject); break;
    case SHELL_CHECK: return check_file(cp, shell->subject, shell->json);
    case SHELL_COMMAND: value = run_command(cp, shell->subject); break;
    default: break;
    }
    cp_value error = CP_NIL;
    int status = EX_OK;
    if (value == CP_THROWN) {
        error = leave_is_meant(cp, cp->error, NULL) ? CP_NIL : cp->error;
        status = report(cp);
    }
    return runtime_end_functions(cp, error, status);
}
