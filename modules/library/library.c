/* SPDX-License-Identifier: GPL-3.0-or-later */
/* library.c: the list of the classes and functions of this room. */
#include "modules/library/library.h"

void library_register(cp_context *cp) {
    cp_define_functions(cp, sequence_functions);
    cp_define_class(cp, &regex_class);
    /* kept, because a script may have a class Match of its own */
    *cp_module_state(cp, "library.match") = cp_define_class(cp, &match_class);
}
