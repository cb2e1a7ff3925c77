/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * comms.c: registers the room, and the functions that buildCommsStack (stdlib/comms) is written with.
 */
#include "comms.h"
#include "comms_private.h"
#include "modules/system/configuration.h"

enum { CANDIDATE_LIMIT = 512 };

static cp_value nearest_name(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    const char *candidates[CANDIDATE_LIMIT], *bytes;
    size_t found = 0, size;
    cp_value rest = arguments[1];
    for (size_t left = cp_list_length(rest); left > 0 && found < CANDIDATE_LIMIT; left--, rest = cp_tail(rest))
        if (cp_bytes_of(cp_head(rest), &bytes, &size) && (cp_is_string(cp_head(rest)) || cp_is_symbol(cp_head(rest))))
            candidates[found++] = cp_text_z(cp, cp_head(rest));
    const char *nearest = configuration_nearest(cp_text_z(cp, arguments[0]), candidates, found);
    return nearest ? cp_string_z(cp, nearest) : CP_NIL;
}

/* Modules whose class is loaded on first use; `create` finds them by name. */
static const char *const loadable_modules[] = {"Tls"};

static cp_value comms_modules(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)arguments, (void)count;
    cp_list_builder names = {0};
    const struct comms_state *state = comms_state(cp);
    for (unsigned i = 0; i < state->count; i++)
        cp_list_add(&names, cp_symbol_z(cp, state->kinds[i].kind->class_def->name));
    for (size_t i = 0; i < sizeof loadable_modules / sizeof *loadable_modules; i++) {
        bool loaded = false;
        for (unsigned j = 0; j < state->count; j++)
            loaded |= strcmp(state->kinds[j].kind->class_def->name, loadable_modules[i]) == 0;
        if (!loaded) cp_list_add(&names, cp_symbol_z(cp, loadable_modules[i]));
    }
    return names.list;
}

const cp_function_def comms_function_table[] = {
    {"nearestName", "String", "((name String|Symbol) (candidates List))", nearest_name,
     "The one of the candidates (Strings or Symbols, the first 512 of them) that is spelled nearly like the name, or "
     "() "
     "when none is near: for hints such as \"did you mean host?\"."},
    {"commsModules", "List", "()", comms_modules,
     "The names of the classes that can be pushed on a CommsStack, as Symbols."},
    {0},
};

void comms_register(cp_context *cp) {
    struct comms_state *state = comms_state(cp);
    state->stack_class = cp_define_class(cp, &comms_stack_class);
    state->info_class = cp_define_class(cp, &comms_info_class);
    comms_define_module(cp, &tcp_kind);
    comms_define_module(cp, &util_kind);
    comms_define_module(cp, &script_module_kind);
    cp_define_functions(cp, comms_function_table);
}
