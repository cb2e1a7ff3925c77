/* SPDX-License-Identifier: GPL-3.0-or-later */
/* comms_secret: a password or token: kept outside the collected heap, wiped when it is replaced or its owner is lost.
 */
#include "modules/comms/comms_secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "modules/comms/comms_stack.h"
#include "modules/system/child_process.h"

enum {
    LINE_SIZE = 64 * 1024,    /* of what a command prints: tokens are long */
    COMMAND_TIMEOUT = 120000, /* ms: somebody may have to unlock a key first */
};

/* ---- keeping ---- */

static void wipe(void *text) {
    explicit_bzero(text, strlen(text));
    free(text);
}

void comms_secret_forget(cp_context *cp, comms_secret **secret) {
    if (*secret != NULL) cp_resource_release(cp, *secret);
    *secret = NULL;
}

static cp_value keep(cp_context *cp, comms_secret **secret, const char *bytes, size_t size) {
    char *copy = malloc(size + 1);
    if (copy == NULL) return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
    memcpy(copy, bytes, size);
    copy[size] = '\0';
    comms_secret_forget(cp, secret);
    *secret = cp_resource_new(cp, copy, wipe);
    return CP_NIL;
}

cp_value comms_secret_set(cp_context *cp, comms_secret **secret, const char *name, cp_value value) {
    if (value == CP_NIL) {
        comms_secret_forget(cp, secret);
        return CP_NIL;
    }
    if (memchr(cp_string_text(value), 0, cp_string_size(value)))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a %s has no NUL character", name);
    return keep(cp, secret, cp_string_text(value), cp_string_size(value));
}

const char *comms_secret_text(const comms_secret *secret) {
    return secret != NULL ? (const char *)secret->resource : NULL;
}

/* ---- from a command ---- */

static cp_value failed(cp_context *cp, const char *format, int number) {
    return cp_throw(cp, CP_ERROR_CONFIGURATION, CP_CONFIGURATION_BAD, format, number);
}

/* Reads up to the end of the output; what is behind LINE_SIZE, or behind the first line, is dropped. The size of the
 * first line, or -1 after a throw. */
static ssize_t read_line(cp_context *cp, cp_fd *from, char line[LINE_SIZE]) {
    int64_t deadline = comms_deadline(cp, COMMAND_TIMEOUT);
    size_t used = 0;
    const char *end = NULL;
    for (;;) {
        char rest[512], *to = end || used == LINE_SIZE ? rest : line + used;
        ssize_t size = read(from->fd, to, to == rest ? sizeof rest : LINE_SIZE - used);
        explicit_bzero(rest, sizeof rest);
        if (size == 0) break;
        if (size > 0) {
            if (to == rest) continue;
            end = memchr(line + used, '\n', (size_t)size);
            used += (size_t)size;
            continue;
        }
        if (errno == EINTR) continue;
        enum cp_wait wait =
            errno == EAGAIN ? cp_wait_fd(cp, from->fd, CP_READABLE, comms_left(cp, deadline)) : CP_WAIT_FAILED;
        if (wait == CP_WAIT_READY) continue;
        if (wait != CP_WAIT_CANCELLED)
            failed(cp,
                   wait == CP_WAIT_TIMEOUT ? "the command of passwordEval has not ended within %d ms"
                                           : "the output of passwordEval's command cannot be read (%d)",
                   wait == CP_WAIT_TIMEOUT ? COMMAND_TIMEOUT : errno);
        return -1;
    }
    size_t size = end ? (size_t)(end - line) : used;
    return (ssize_t)(size > 0 && line[size - 1] == '\r' ? size - 1 : size);
}

/* The command's Error is on its way: the command need not go on. */
static void stop_child(cp_context *cp, pid_t id, cp_fd *status) {
    cp_value error = cp_take_error(cp);
    if (child_is_running(status)) kill(id, SIGTERM);
    cp_fd_close(cp, status);
    cp_throw_value(cp, error);
}

static cp_value take_output(cp_context *cp, comms_secret **secret, const struct child *child, cp_fd *from) {
    cp_fd *status = cp_fd_new(cp, child->status_fd);
    char *line = malloc(LINE_SIZE);
    if (line == NULL) return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
    ssize_t size = read_line(cp, from, line);
    int ended = 0;
    cp_value result = CP_THROWN;
    if (size < 0) stop_child(cp, child->id, status);
    else if (child_wait(cp, child->id, status, &ended) == CP_THROWN) result = CP_THROWN;
    else if (ended != 0) result = failed(cp, "the command of passwordEval has ended with status %d", ended);
    else if (size == 0 || memchr(line, 0, (size_t)size))
        result = failed(cp, "the command of passwordEval has printed no password in its first line", 0);
    else result = keep(cp, secret, line, (size_t)size);
    explicit_bzero(line, LINE_SIZE);
    free(line);
    return result;
}

cp_value comms_secret_evaluate(cp_context *cp, comms_secret **secret, cp_value command) {
    const char *text = cp_text_z(cp, command), *const words[] = {"/bin/sh", "-c", text, NULL};
    int ends[2], null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        int number = errno;
        if (null >= 0) close(null);
        return cp_throw_errno(cp, CP_ERROR_SYSTEM, number, number, "cannot run the command of passwordEval");
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    struct child child;
    int error = child_start(words, (const int[3]){null, ends[1], -1}, &child);
    close(null);
    close(ends[1]);
    cp_fd *from = cp_fd_new(cp, ends[0]);
    cp_value result = error
                          ? cp_throw_errno(cp, CP_ERROR_SYSTEM, error, error, "cannot run the command of passwordEval")
                          : take_output(cp, secret, &child, from);
    cp_fd_close(cp, from);
    return result;
}
