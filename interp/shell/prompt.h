/* SPDX-License-Identifier: GPL-3.0-or-later */
/* prompt.h: one line at a time from a person at a terminal, by Readline, while the other Threads go on. */
#ifndef SHELL_PROMPT_H
#define SHELL_PROMPT_H

#include "interp/code/proto.h"

enum prompt_result {
    PROMPT_LINE,        /* *line is what was typed, malloc'd */
    PROMPT_END,         /* Ctrl-D on an empty line, or the terminal is gone */
    PROMPT_INTERRUPTED, /* Ctrl-C: what was typed is dropped */
};

/* Sets Readline up and reads the history; `file` is whose variables completion knows. Once per process: Readline keeps
   its state in static variables, and so must we. */
void prompt_open(cp_context *cp, struct file_scope *file);
/* Shows the prompt and waits for a line. Must be called in the foreground thread. */
enum prompt_result prompt_read(const char *prompt, char **line);
/* Keeps an input of one or more lines in the history, also in its file; not when it begins with a space. */
void prompt_remember(const char *input);
void prompt_close(void);

#endif
