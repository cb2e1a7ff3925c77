/* SPDX-License-Identifier: GPL-3.0-or-later */
/* load.h: files of Carapace: finding them, running their forms, the stdlib in the binary, native modules. */
#ifndef RUN_LOAD_H
#define RUN_LOAD_H

#include "interp/code/proto.h"

struct load_state {
    cp_value loaded;     /* HashTable: full path -> its file_scope, or true: what is or was loaded */
    cp_value path;       /* List of the folders to search, besides the loading file's own */
    cp_value executable; /* String: the path of this program */
    cp_value install;    /* String: folder of modules, with forward slashes */
    cp_value autoloads;  /* HashTable: name of a function or class (Symbol) -> stdlib file or module that defines it */
};

void load_init(cp_context *cp, const char *executable);
/* Runs every form of a text; the value of the last, or CP_THROWN. */
cp_value load_text(cp_context *cp, cp_value name, cp_value text, struct file_scope *file);
/* The same for a source that is there already. */
cp_value load_source(cp_context *cp, struct source *source, struct file_scope *file);
/* Runs a file by its path, as the program: loading it again from elsewhere does nothing. */
cp_value load_file(cp_context *cp, const char *path);
/* As the function `load`: searches, loads once; `prefix` is its `as`, or NULL. */
cp_value load_named(cp_context *cp, const char *name, const char *prefix);
/* Reads a whole file, or standard input for "-". */
cp_value load_read(cp_context *cp, const char *path);
/* Loads the stdlib file that defines a function, if one does: () or CP_THROWN. */
cp_value load_autoload_function(cp_context *cp, cp_symbol *name);
/* Loads whatever is otherwise loaded when one of its names is first used: () or CP_THROWN. */
cp_value load_everything(cp_context *cp);
/* Runs a file of the stdlib by name; CP_UNSET when there is none. */
cp_value load_stdlib(cp_context *cp, const char *name);

extern const cp_function_def load_functions[];

#endif
