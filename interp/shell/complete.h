/* SPDX-License-Identifier: GPL-3.0-or-later */
/* complete.h: what a word at the prompt may become. */
#ifndef SHELL_COMPLETE_H
#define SHELL_COMPLETE_H

#include "interp/code/proto.h"

/*
 * All names that begin like `word`, which stands at `start` in `line`: classes after `create `, members after a dot,
 * ::globals, else variables, functions, macros and special forms. In Readline's form: item 0 is what all have in
 * common, then the names, sorted; NULL at the end; all malloc'd. NULL when there is none.
 */
char **complete_word(cp_context *cp, struct file_scope *file, const char *line, int start, const char *word);
/* The class of what `a.b.c` gives, as far as it can be told without evaluating anything: from the value of the variable
   a and the declared classes of the properties. NULL when it cannot. */
cp_class *complete_class_of(cp_context *cp, struct file_scope *file, const char *chain, size_t size);

#endif
