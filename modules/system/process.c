/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * process.c: the class Process: a program that was started, with a Stream at each of its ends.
 *
 * A Stream of kind process is for a shell command that is read or written; this is for all that needs more: words
 * without a shell, an environment, a folder, each pipe by itself, waiting for a time, signals.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "stream.h"
#include "support.h"
#include "system.h"

struct process {
    cp_object header;
    cp_value command;
    pid_t id;
    cp_fd *status; /* NULL when the end is known */
    int exit_status;
    cp_value ends[3]; /* Streams, or () */
};
static inline struct process *process_of(cp_value v) { return (struct process *)cp_object_of(v); }

/* ---- starting ---- */

/* Ours with the table's changes. NULL after a throw. */
static const char **environment_of(cp_context *cp, cp_value table) {
    size_t count = 0, used = 0, position = 0;
    cp_value key, value;
    while (environ[count]) count++;
    const char **result = cp_alloc((count + cp_table_count(table) + 1) * sizeof *result);
    for (size_t i = 0; i < count; i++) {
        const char *equals = strchrnul(environ[i], '=');
        cp_value name = cp_string_n(cp, environ[i], (size_t)(equals - environ[i]));
        if (cp_table_get(cp, table, name) == CP_UNSET) result[used++] = environ[i];
    }
    while (cp_table_next(table, &position, &key, &value)) {
        const char *name = system_text(cp, "name of the variable", key);
        if (!name) return NULL;
        if (strchr(name, '=')) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "this cannot be a variable's name: %s", name);
            return NULL;
        }
        if (value == CP_NIL) continue; /* removed */
        value = cp_to_string(cp, value);
        if (value == CP_THROWN) return NULL;
        const char *text = cp_string_size(value) ? system_text(cp, "variable's value", value) : "";
        if (!text) return NULL;
        result[used++] = system_text_block(cp, "variable", cp_string_format(cp, "%s=%s", name, text), false);
    }
    return result;
}

/* The two sides of each of the three ends: ours is -1 unless it is a pipe. */
struct plumbing {
    int ours[3], theirs[3];
};

static void close_theirs(struct plumbing *p) {
    for (int i = 0; i < 3; i++)
        if (p->theirs[i] >= 0 && (i < 2 || p->theirs[2] != p->theirs[1])) close(p->theirs[i]);
}

static void close_all(struct plumbing *p) {
    close_theirs(p);
    for (int i = 0; i < 3; i++)
        if (p->ours[i] >= 0) close(p->ours[i]);
}

/* False after a throw. */
static bool lay(cp_context *cp, struct plumbing *p, int i, cp_value how) {
    static const char *const names[] = {"input", "output", "errors"};
    int ends[2];
    if (text_is(how, "inherit")) return true;
    if (i == 2 && text_is(how, "output")) {
        p->theirs[2] = p->theirs[1] >= 0 ? p->theirs[1] : fcntl(1, F_DUPFD_CLOEXEC, 3);
        if (p->theirs[2] >= 0) return true;
    } else if (text_is(how, "null")) {
        p->theirs[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (p->theirs[i] >= 0) return true;
    } else if (text_is(how, "pipe")) {
        if (pipe2(ends, O_CLOEXEC) == 0) {
            p->theirs[i] = ends[i == 0 ? 0 : 1];
            p->ours[i] = ends[i == 0 ? 1 : 0];
            return true;
        }
    } else {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a Process's %s is \"pipe\", \"inherit\"%s or \"null\"",
                 names[i], i == 2 ? ", \"output\"" : "");
        return false;
    }
    cp_throw_errno(cp, CP_ERROR_SYSTEM, errno, errno, "cannot make a pipe");
    return false;
}

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct process *process = process_of(self);
    struct plumbing p = {{-1, -1, -1}, {-1, -1, -1}};
    const char *directory = NULL, **environment = NULL, **words = child_words(cp, arguments[0]);
    if (!words || (arguments[4] != CP_NIL && !(environment = environment_of(cp, arguments[4]))) ||
        (arguments[5] != CP_NIL && !(directory = system_text(cp, "directory", arguments[5]))))
        return CP_THROWN;
    for (int i = 0; i < 3; i++)
        if (!lay(cp, &p, i, arguments[i + 1])) {
            close_all(&p);
            return CP_THROWN;
        }
    fflush(stdout); /* the child may share our outputs: what was written before comes first */
    stream_flush_all(cp);
    struct child child;
    int error = child_start_in(words, p.theirs, environment, directory, &child);
    if (error) {
        close_all(&p);
        return cp_throw_errno(cp, CP_ERROR_SYSTEM, error, error, "cannot start %s", words[0]);
    }
    close_theirs(&p);
    static const char *const names[] = {"the process's input", "the process's output", "the process's errors"};
    process->command = arguments[0];
    process->id = child.id;
    process->status = cp_fd_new(cp, child.status_fd);
    for (int i = 0; i < 3; i++)
        process->ends[i] = p.ours[i] >= 0 ? stream_over_pipe(cp, p.ours[i], i != 0, names[i]) : CP_NIL;
    return CP_NIL;
}

/* ---- its end ---- */

/* Waits at most so long for the end. CP_NIL when it is known or the time is over, or CP_THROWN. */
static cp_value wait_end(cp_context *cp, struct process *process, int64_t timeout) {
    return child_wait_within(cp, process->id, &process->status, timeout, &process->exit_status);
}

static cp_value known_status(struct process *process) {
    return process->status ? CP_NIL : cp_fixnum(process->exit_status);
}

/* ---- properties ---- */

static cp_value get_id(cp_context *cp, cp_value self) { return cp_integer(cp, process_of(self)->id); }
static cp_value get_input(cp_context *cp, cp_value self) { return (void)cp, process_of(self)->ends[0]; }
static cp_value get_output(cp_context *cp, cp_value self) { return (void)cp, process_of(self)->ends[1]; }
static cp_value get_errors(cp_context *cp, cp_value self) { return (void)cp, process_of(self)->ends[2]; }
static cp_value get_running(cp_context *cp, cp_value self) {
    return truth(cp, child_is_running(process_of(self)->status));
}

static const cp_property_def properties[] = {
    {"processId", "Integer", CP_READ_ONLY, NULL, get_id, NULL, "Its number."},
    {"input", "Stream", CP_READ_ONLY, NULL, get_input, NULL,
     "A Stream that writes its standard input, or (). Closing it is the input's end."},
    {"output", "Stream", CP_READ_ONLY, NULL, get_output, NULL, "A Stream that reads its standard output, or ()."},
    {"errors", "Stream", CP_READ_ONLY, NULL, get_errors, NULL,
     "A Stream that reads its standard error, with errors: \"pipe\", or ()."},
    {"isRunning", "Symbol", CP_READ_ONLY, NULL, get_running, NULL, "true until it has ended, then ()."},
    {0},
};

/* ---- methods ---- */

static cp_value method_wait(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int64_t timeout;
    if (!system_timeout(cp, arguments[0], &timeout)) return CP_THROWN;
    return wait_end(cp, process_of(self), timeout) == CP_THROWN ? CP_THROWN : known_status(process_of(self));
}

static cp_value method_kill(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    static const struct {
        const char *name;
        int number;
    } signals[] = {{"TERM", SIGTERM}, {"KILL", SIGKILL}, {"INT", SIGINT},   {"HUP", SIGHUP},  {"QUIT", SIGQUIT},
                   {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"STOP", SIGSTOP}, {"CONT", SIGCONT}};
    int64_t number = -1;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (text_is(arguments[0], signals[i].name)) number = signals[i].number;
    if (number < 0 && (!cp_to_int64(arguments[0], &number) || number < 1 || number > SIGRTMAX))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "a signal is its number, or TERM KILL INT HUP QUIT USR1 USR2 STOP CONT");
    struct process *process = process_of(self);
    if (!child_is_running(process->status)) return CP_NIL;
    if (kill(process->id, (int)number) == 0) return success(cp);
    return cp_throw_errno(cp, CP_ERROR_SYSTEM, errno, errno, "cannot send a signal to process %d", (int)process->id);
}

static cp_value method_close(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct process *process = process_of(self);
    cp_value failed = CP_NIL;
    for (int i = 0; i < 3; i++) {
        if (process->ends[i] == CP_NIL) continue;
        /* A program that has ended takes no input: only its status counts. */
        if (stream_close(cp, stream_in(cp, process->ends[i])) == CP_THROWN) failed = cp_take_error(cp);
    }
    if (failed != CP_NIL && cp_error_class_of(failed) != CP_ERROR_FILE) {
        if (child_is_running(process->status)) kill(process->id, SIGTERM);
        return cp_throw_value(cp, failed);
    }
    if (wait_end(cp, process, -1) != CP_THROWN) return known_status(process);
    if (child_is_running(process->status)) kill(process->id, SIGTERM);
    return CP_THROWN;
}

static cp_value method_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return cp_string_format(cp, "<Process %d>", (int)process_of(self)->id);
}

static const cp_method_def methods[] = {
    {"Process", "NIL",
     "((command String|List) (input String \"pipe\") (output String \"pipe\") (errors String \"inherit\") (environment "
     "HashTable ()) (directory String ()))",
     construct,
     "Starts a program: a List of its name, looked for in PATH, and its arguments, or a String for the shell. input, "
     "output and errors are \"pipe\", \"inherit\" (as ours) or \"null\", errors also \"output\" (the same). "
     "`environment` "
     "has variables that are set, or with () removed, beside ours; `directory` is where it starts. Errors: class 3 "
     "cannot "
     "start, 1.8."},
    {"wait", "Integer", "((timeout Integer ()))", method_wait,
     "Waits for its end, at most so many milliseconds, and gives the exit status, 128 + n when signal n ended it; () "
     "when "
     "the time was over. Other threads run meanwhile. What it writes must be read meanwhile, if it is much. Errors: "
     "1.8."},
    {"kill", "Symbol", "((signal String|Symbol|Integer \"TERM\"))", method_kill,
     "Sends it a signal, TERM KILL INT HUP QUIT USR1 USR2 STOP CONT or a number, and gives ok; () when it has ended. "
     "Errors: 1.8 no such signal."},
    {"close", "Integer", "()", method_close,
     "Closes its Streams, waits for its end and gives the exit status. A thread that is stopped meanwhile ends it "
     "(TERM)."},
    {"string", "String", "()", method_string, "The text <Process 123>."},
    {0},
};

const cp_class_def process_class = {
    .name = "Process",
    .doc = "A program that was started, with Streams to its input and from its output. It is reaped even when nobody "
           "waits for it.",
    .size = sizeof(struct process),
    .major = 1,
    .properties = properties,
    .methods = methods,
};
