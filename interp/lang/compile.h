/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compile.h: the door to the compiler: a form in, a Function without arguments out. */
#ifndef LANG_COMPILE_H
#define LANG_COMPILE_H

#include "interp/code/node.h"

struct binder;

/* Registers the special forms and what the data room needs of the reader. */
void language_init(cp_context *cp);
/* Compiles one top-level form: a Function to be called without arguments, or CP_THROWN. */
cp_value compile_form(cp_context *cp, struct source *source, struct file_scope *file, cp_value form, uint32_t position);
/* Looks over the top-level forms of a file before the first is compiled, so that functions may use variables and
   functions that stand further down. */
void compile_foresee(cp_context *cp, struct source *source, struct file_scope *file, cp_value forms);
/* A Function of a NODE_LAMBDA that captures nothing; CP_THROWN when it would. For macros. */
cp_value compile_closed_function(struct binder *b, struct node *lambda);
/* A Function value of compiled code with room for its captures. */
cp_value function_new_scripted(struct proto *proto);
struct signature *language_parse_signature(cp_context *cp, const char *result, const char *arguments);

#endif
