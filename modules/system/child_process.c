/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * child_process.c: starting programs and learning of their end.
 *
 * Each child has an OS thread with a small stack that does nothing but waitpid and then writes the status into a pipe.
 * So nobody has to handle SIGCHLD, which belongs to the event loop; the end can be waited for like any descriptor; and
 * a child nobody waits for is reaped all the same. These threads touch no collected memory.
 */
#include "child_process.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct reaper {
    pid_t id;
    int fd;
};

static void *reap(void *argument) {
    struct reaper reaper = *(struct reaper *)argument;
    free(argument);
    int status = 0;
    while (waitpid(reaper.id, &status, 0) < 0 && errno == EINTR) {}
    /* Fails when nobody is interested any more, and then it does not matter; SIGPIPE is blocked here. */
    ssize_t written = write(reaper.fd, &status, sizeof status);
    (void)written;
    close(reaper.fd);
    return NULL;
}

/* Takes over `fd` when it succeeds. */
static int start_reaper(pid_t id, int fd) {
    struct reaper *reaper = malloc(sizeof *reaper);
    if (!reaper) return ENOMEM;
    *reaper = (struct reaper){id, fd};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, reap, reaper);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (error) free(reaper);
    return error;
}

static int spawn(const char *const arguments[], const int descriptors[3], const char *const environment[],
                 const char *directory, pid_t *id) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return error;
    error = posix_spawnattr_init(&attributes);
    if (error) {
        posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    sigaddset(&signals, SIGPIPE);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    for (int i = 0; i < 3 && !error; i++)
        if (descriptors[i] >= 0) error = posix_spawn_file_actions_adddup2(&actions, descriptors[i], i);
    if (!error && directory) error = posix_spawn_file_actions_addchdir_np(&actions, directory);
    if (!environment) environment = (const char *const *)environ;
    if (!error)
        error =
            posix_spawnp(id, arguments[0], &actions, &attributes, (char *const *)arguments, (char *const *)environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

int child_start(const char *const arguments[], const int descriptors[3], struct child *child) {
    return child_start_in(arguments, descriptors, NULL, NULL, child);
}

int child_start_in(const char *const arguments[], const int descriptors[3], const char *const environment[],
                   const char *directory, struct child *child) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return errno;
    int error = spawn(arguments, descriptors, environment, directory, &child->id);
    if (!error) {
        error = start_reaper(child->id, ends[1]);
        if (error) { /* a child nobody could reap is not left running */
            kill(child->id, SIGKILL);
            while (waitpid(child->id, NULL, 0) < 0 && errno == EINTR) {}
        }
    }
    if (error) {
        close(ends[0]);
        close(ends[1]);
        return error;
    }
    child->status_fd = ends[0];
    return 0;
}

bool child_is_running(const cp_fd *status) {
    struct pollfd poll_fd = {.fd = status ? status->fd : -1, .events = POLLIN};
    return status && poll(&poll_fd, 1, 0) == 0; /* readable means reaped */
}

cp_value child_wait_within(cp_context *cp, pid_t id, cp_fd **status, int64_t timeout, int *result) {
    int64_t now = cp_now(cp), deadline = timeout < 0 || timeout > INT64_MAX - now ? -1 : now + timeout;
    while (*status) {
        cp_fd *waited = *status;
        int64_t left = deadline < 0 ? -1 : deadline - cp_now(cp);
        enum cp_wait wait = cp_wait_fd(cp, waited->fd, CP_READABLE, deadline >= 0 && left < 0 ? 0 : left);
        if (wait == CP_WAIT_CANCELLED) return CP_THROWN;
        if (*status != waited) continue; /* another thread has learnt of it */
        if (wait == CP_WAIT_TIMEOUT) return CP_NIL;
        int ended;
        ssize_t size = read(waited->fd, &ended, sizeof ended);
        if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        *status = NULL;
        cp_fd_close(cp, waited);
        if (size != sizeof ended) {
            *result = -1;
            return cp_throw_errno(cp, CP_ERROR_SYSTEM, EIO, EIO, "cannot learn of the end of process %d", (int)id);
        }
        *result = WIFSIGNALED(ended) ? 128 + WTERMSIG(ended) : WEXITSTATUS(ended);
    }
    return CP_NIL;
}

cp_value child_wait(cp_context *cp, pid_t id, cp_fd *status, int *result) {
    if (child_wait_within(cp, id, &status, -1, result) != CP_THROWN) return CP_NIL;
    if (child_is_running(status)) kill(id, SIGTERM);
    if (status) cp_fd_close(cp, status);
    return CP_THROWN;
}

const char **child_words(cp_context *cp, cp_value command) {
    if (cp_is_string(command)) {
        const char **words = cp_alloc(4 * sizeof *words);
        words[0] = "/bin/sh";
        words[1] = "-c";
        words[2] = system_text_block(cp, "command", command, false);
        return words[2] ? words : NULL;
    }
    size_t count = cp_list_length(command), i = 0;
    const char **words = cp_alloc((count + 1) * sizeof *words);
    for (; cp_is_cell(command) && i < count; command = cp_tail(command), i++) {
        cp_value text = cp_to_string(cp, cp_head(command));
        if (text == CP_THROWN) return NULL;
        words[i] = system_text_block(cp, i ? "argument" : "command", text, i > 0);
        if (!words[i]) return NULL;
    }
    if (i > 0) return words;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the command is empty");
    return NULL;
}
