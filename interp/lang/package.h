/* SPDX-License-Identifier: GPL-3.0-or-later */
/* package.h: names that belong to one file: packages, and the stdlib's hold on what is built in. See package.c. */
#ifndef LANG_PACKAGE_H
#define LANG_PACKAGE_H

#include "interp/code/proto.h"

/* The Symbol that a name means at the top level of a file: one of the file's own, or the name itself. */
cp_symbol *package_name(cp_context *cp, struct file_scope *file, cp_symbol *name);
/* The same for a name that the file's top level defines now. */
cp_symbol *package_define(cp_context *cp, struct file_scope *file, cp_symbol *name);
/* The type of that spelling, whose parts may be classes of the file's own. */
struct type *package_type(cp_context *cp, struct file_scope *file, cp_symbol *name);
/* The Symbol that keeps what is built in by that name when a script defines the name anew. */
cp_symbol *package_builtin(cp_context *cp, cp_symbol *name);
/* To be called before a script defines a class of that name. */
void package_keep_class(cp_context *cp, cp_symbol *name);
/* Looks for (provide ...) and for what the file defines; before anything of it is compiled. */
void package_foresee(cp_context *cp, struct file_scope *file, cp_value forms);
/* Makes what a loaded package provides known to all files, once; `path` is for the Errors. False after an Error: 1.2
   when a name is taken by something else, 1.4 when nothing of that name was defined. */
bool package_publish(cp_context *cp, struct file_scope *file, const char *path);
/* Makes it known to one file only, as prefix/name. */
void package_lend(cp_context *cp, struct file_scope *package, struct file_scope *to, const char *prefix);

#endif
