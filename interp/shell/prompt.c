/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * prompt.c: Readline on the scheduler's loop. Readline's callback form is given a character whenever standard input has
 * one; until then the foreground thread waits like any other, and the others run.
 *
 * What the others print while the prompt waits would be written into the line that is being typed. So standard output
 * is held back as long as the prompt stands, and from time to time written out above it.
 */
#include "interp/shell/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "interp/run/thread.h"
#include "interp/shell/complete.h"

enum {
    HISTORY_MOST = 2000,    /* entries */
    OUTPUT_MOST = 64 << 10, /* bytes that other threads may print between two looks before they show in the line */
    LOOK_AROUND = 50,       /* ms between looks at what other threads have printed */
};

/* Readline's callbacks get no argument: the one static variable of this room. */
static struct prompt {
    cp_context *cp;
    struct file_scope *file;
    char *line;
    bool done;
    char history[PATH_MAX]; /* "" = nowhere to keep it */
} the_prompt;

/* ---- history ---- */

/* ~/.local/state/carapace/history, or below XDG_STATE_HOME. What was typed may hold passwords: nobody else may read it.
 */
static void find_history(char *path, size_t size) {
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int length = -1;
    if (state && *state == '/') length = snprintf(path, size, "%s/carapace/history", state);
    else if (home && *home == '/') length = snprintf(path, size, "%s/.local/state/carapace/history", home);
    if (length < 0 || (size_t)length >= size) {
        *path = 0;
        return;
    }
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0700);
        *slash = '/';
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        *path = 0;
        return;
    }
    fchmod(fd, 0600);
    close(fd);
}

static void open_history(void) {
    using_history();
    stifle_history(HISTORY_MOST);
    history_comment_char = '#'; /* entries of several lines are kept whole only with the time of each, as #SECONDS */
    history_write_timestamps = 1;
    find_history(the_prompt.history, sizeof the_prompt.history);
    if (!the_prompt.history[0]) return;
    read_history(the_prompt.history);
    history_truncate_file(the_prompt.history, HISTORY_MOST);
}

void prompt_remember(const char *input) {
    HIST_ENTRY *last = history_length > 0 ? history_get(history_base + history_length - 1) : NULL;
    if (!*input || *input == ' ' || (last && !strcmp(last->line, input))) return;
    add_history(input);
    if (the_prompt.history[0]) append_history(1, the_prompt.history);
}

/* ---- Readline ---- */

static void take_line(char *line) {
    the_prompt.line = line;
    the_prompt.done = true;
    rl_callback_handler_remove(); /* the terminal is as it was, for what the input prints and reads */
}

/* Within quotes: file names; else what complete.c knows. */
static char **attempt_completion(const char *word, int start, int end) {
    (void)end;
    rl_attempted_completion_over = 1;
    rl_completion_append_character = '\0';
    if (rl_completion_quote_character == '"') return rl_completion_matches(word, rl_filename_completion_function);
    return complete_word(the_prompt.cp, the_prompt.file, rl_line_buffer, start, word);
}

/* ---- the terminal ---- */

/* Ctrl-Z comes as a key, not as a signal in the midst of whatever is drawn: see suspend. */
static void prepare_terminal(int meta) {
    struct termios modes;
    rl_prep_terminal(meta);
    if (tcgetattr(STDIN_FILENO, &modes) != 0) return;
    modes.c_cc[VSUSP] = _POSIX_VDISABLE;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &modes);
}

/* Hands the terminal back to the shell as it was, and takes it again when the shell lets us go on. */
static int suspend(int count, int key) {
    (void)count, (void)key;
    rl_deprep_terminal();
    kill(0, SIGTSTP);
    prepare_terminal(1);
    rl_forced_update_display();
    return 0;
}

void prompt_open(cp_context *cp, struct file_scope *file) {
    the_prompt.cp = cp;
    the_prompt.file = file;
    setlocale(LC_CTYPE, ""); /* for Readline alone, which edits characters; our own text is UTF-8 whatever the locale */
    FILE *out = fdopen(dup(isatty(STDOUT_FILENO) ? STDOUT_FILENO : STDERR_FILENO), "w");
    if (out) rl_outstream = out;   /* its own buffer: standard output's holds only what scripts print */
    rl_readline_name = "Carapace"; /* for `$if Carapace` in ~/.inputrc */
    rl_catch_signals = 0;          /* Ctrl-C is the scheduler's, whose waits it ends */
    rl_catch_sigwinch = 1;
    rl_prep_term_function = prepare_terminal;
    rl_bind_key('Z' & 0x1F, suspend);
    rl_completion_query_items = -1; /* Readline's questions would hold all threads up */
    rl_variable_bind("page-completions", "off");
    rl_attempted_completion_function = attempt_completion;
    rl_basic_word_break_characters = " \t\n\r()[]{}\"'`,;";
    rl_completer_word_break_characters = " \t\n\r()[]{}\"'`,;";
    rl_completer_quote_characters = "\"";
    rl_basic_quote_characters = "\"";
    rl_variable_bind("blink-matching-paren", "off"); /* it would hold all threads up while it blinks */
    fflush(stdout);
    setvbuf(stdout, malloc(OUTPUT_MOST), _IOLBF, OUTPUT_MOST); /* stays until the process ends */
    open_history();
}

/* ---- waiting ---- */

static void hold_output(bool hold) {
    if (!isatty(STDOUT_FILENO)) return;
    the_prompt.cp->runtime->output_held = hold;
    setvbuf(stdout, NULL, hold ? _IOFBF : _IOLBF, 0);
}

/* Writes what other threads have printed above the prompt, which is then drawn anew. */
static void show_output(void) {
    if (__fpending(stdout) == 0) return;
    rl_clear_visible_line();
    fflush(rl_outstream);
    hold_output(false); /* first: a flush sets the buffer's end by the kind of buffering */
    fflush(stdout);
    hold_output(true);
    rl_forced_update_display();
    fflush(rl_outstream);
}

static bool others_run(cp_context *cp) { return cp->runtime->thread_count > 1; }

static enum prompt_result interrupted(cp_context *cp) {
    cp_take_error(cp);
    rl_callback_sigcleanup();
    rl_free_line_state();
    fputs("^C\n", rl_outstream);
    fflush(rl_outstream);
    rl_callback_handler_remove();
    return PROMPT_INTERRUPTED;
}

static enum prompt_result wait_for_line(cp_context *cp) {
    for (;;) {
        switch (cp_wait_fd(cp, STDIN_FILENO, CP_READABLE, others_run(cp) ? LOOK_AROUND : -1)) {
        case CP_WAIT_CANCELLED: return interrupted(cp);
        case CP_WAIT_FAILED: rl_callback_handler_remove(); return PROMPT_END;
        case CP_WAIT_TIMEOUT: break;
        case CP_WAIT_READY:
            rl_callback_read_char();
            fflush(rl_outstream);
            if (the_prompt.done) return the_prompt.line ? PROMPT_LINE : PROMPT_END;
            break;
        }
        show_output();
    }
}

enum prompt_result prompt_read(const char *prompt, char **line) {
    the_prompt.line = NULL;
    the_prompt.done = false;
    fflush(stdout);
    hold_output(true);
    rl_callback_handler_install(prompt, take_line);
    fflush(rl_outstream);
    enum prompt_result result = wait_for_line(the_prompt.cp);
    hold_output(false);
    fflush(stdout);
    *line = the_prompt.line;
    return result;
}

void prompt_close(void) {
    clear_history();
    the_prompt = (struct prompt){0};
}
