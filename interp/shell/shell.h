/* SPDX-License-Identifier: GPL-3.0-or-later */
/* shell.h: what a person types: the command line and the prompt. */
#ifndef SHELL_SHELL_H
#define SHELL_SHELL_H

#include "interp/data/context.h"

enum shell_action {
    SHELL_PROMPT,
    SHELL_SCRIPT,
    SHELL_EXPRESSION,
    SHELL_CHECK,
    SHELL_VERSION,
    SHELL_HELP,
    SHELL_COMMAND,
    SHELL_WRONG
};

enum shell_watch { WATCH_NOTHING, WATCH_PROFILE, WATCH_COUNT };

/* The command line, taken apart. */
struct shell {
    int argument_count;
    char **arguments; /* as given, the executable first */
    enum shell_action action;
    const char *subject;      /* script, expression or subcommand */
    const char *problem;      /* SHELL_WRONG: what is wrong */
    int rest;                 /* index of the first argument for the script */
    const char *packages[32]; /* -load */
    int package_count;
    bool json;              /* --json: what --check finds as JSON lines */
    enum shell_watch watch; /* --profile, --count */
    const char *watch_file; /* where its report goes; NULL = standard error */
    bool opcodes;           /* --opcodes */
};

/* options.c */
void shell_read_options(struct shell *shell, int count, char **arguments);
void shell_print_help(void);

/* run.c: does what the options ask for, in the main Carapace Thread; the process's status. */
int shell_run(cp_context *cp, void *shell);
/* Sets ::CommandLine, ::Arguments, ::InstallDir. */
void shell_set_globals(cp_context *cp, const struct shell *shell);

/* watch.c: begins what --profile or --count ask for; false, with a sentence on standard error, when it cannot. `end`
   writes the report: 0, or EX_IOERR when that failed. */
struct watch;
bool watch_begin(cp_context *cp, const struct shell *shell, struct watch **watch);
int watch_end(cp_context *cp, struct watch *watch);

/* repl.c: the prompt, until the person ends it; the process's status. */
int repl_run(cp_context *cp);

/* check.c: reads and compiles a file, runs nothing of it but its macros, and tells all that is wrong: on standard error
   as for uncaught Errors, or with `json` one JSON object a line on standard output. EX_OK or EX_DATAERR. */
int check_file(cp_context *cp, const char *path, bool json);

/* help.c: defines the function help. */
void help_register(cp_context *cp);

#define CARAPACE_VERSION "0.1.0"

#endif
