/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream_file.c: Streams over descriptors: files, the standard streams, child processes.
 *
 * Regular files never block, so they are read and written at once. All others are waited for first, so that other
 * threads run meanwhile; the descriptors stay in their blocking mode, because standard ones are shared with other
 * processes. A blocking pipe that is writable takes PIPE_BUF bytes without blocking, therefore no more at a time.
 */
#include "stream.h"
#include "support.h"
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    INPUT_CAPACITY = 32 * 1024,
    OUTPUT_CAPACITY = 32 * 1024,
    INPUT_KEPT = 1024 * 1024, /* a larger buffer that has been used up is let go */
    DIRTY_LIMIT = 64,         /* so many Streams may hold unwritten bytes: they cannot be collected, only closed */
};

/* ---- who holds unwritten bytes ---- */

/* Streams with unwritten bytes, oldest first. The list keeps them alive, so a Stream that is dropped unclosed loses
   nothing; beyond DIRTY_LIMIT the oldest is written out, so it also keeps few descriptors from being collected. */
struct stream_state {
    struct stream *first, *last;
    int count;
};

static struct stream_state *state_of(cp_context *cp) {
    void **place = cp_module_state(cp, "Stream");
    if (!*place) *place = cp_alloc(sizeof(struct stream_state));
    return *place;
}

static bool pending(const struct stream *s) { return s->output_size || s->sending_done < s->sending_size; }

static void unmark_dirty(cp_context *cp, struct stream *s) {
    if (!s->dirty) return;
    struct stream_state *state = state_of(cp);
    *(s->previous ? &s->previous->next : &state->first) = s->next;
    *(s->next ? &s->next->previous : &state->last) = s->previous;
    s->next = s->previous = NULL;
    s->dirty = false;
    state->count--;
}

static void mark_dirty(cp_context *cp, struct stream *s) {
    if (s->dirty) return;
    struct stream_state *state = state_of(cp);
    s->previous = state->last;
    *(state->last ? &state->last->next : &state->first) = s;
    state->last = s;
    s->dirty = true;
    state->count++;
}

/* ---- writing without waiting ---- */

static int output_fd(const struct stream *s) {
    if (s->kind == STREAM_STDIO) return s->open ? s->standard : -1;
    return s->out ? s->out->fd : -1;
}

static int input_fd(const struct stream *s) {
    if (s->kind == STREAM_STDIO) return s->open ? s->standard : -1;
    return s->in ? s->in->fd : -1;
}

/* Blocks the process as long as it takes. 0 or an errno. */
static int write_blocking(int fd, const unsigned char *bytes, size_t size) {
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written > 0) {
            bytes += written;
            size -= (size_t)written;
        } else if (written < 0 && errno == EAGAIN) {
            struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
            if (poll(&poll_fd, 1, -1) < 0 && errno != EINTR) return errno;
        } else if (written == 0) return EIO;
        else if (errno != EINTR) return errno;
    }
    return 0;
}

static void flush_blocking(cp_context *cp, struct stream *s) {
    int fd = output_fd(s), error = fd < 0 ? EBADF : 0;
    if (!error) error = write_blocking(fd, s->sending + s->sending_done, s->sending_size - s->sending_done);
    if (!error) error = write_blocking(fd, s->output, s->output_size);
    s->sending_done = s->sending_size;
    s->output_size = 0;
    if (error) s->failed = error;
    unmark_dirty(cp, s);
}

int stream_flush_all(cp_context *cp) {
    struct stream_state *state = state_of(cp);
    int error = 0;
    while (state->first) {
        struct stream *s = state->first;
        flush_blocking(cp, s);
        if (!error) error = s->failed;
    }
    return error;
}

static void limit_dirty(cp_context *cp, const struct stream *keep) {
    struct stream_state *state = state_of(cp);
    struct stream *s = state->first;
    while (s && state->count > DIRTY_LIMIT) {
        struct stream *next = s->next;
        if (s != keep && s->regular && !s->flushing) flush_blocking(cp, s);
        s = next;
    }
}

/* ---- opening ---- */

struct open_job {
    int flags, fd, error;
    char path[];
};

static void open_in_worker(void *argument) {
    struct open_job *job = argument;
    job->fd = open(job->path, job->flags, 0666);
    job->error = errno;
}

/* A FIFO opens when its other end does, which may be never: that waits in a worker. Returns -1 with errno set, or -2
   after a throw. */
static int open_path(cp_context *cp, const char *path, int flags) {
    struct stat status;
    if (stat(path, &status) < 0 || !S_ISFIFO(status.st_mode)) return open(path, flags, 0666);
    size_t size = strlen(path) + 1;
    struct open_job *job = malloc(sizeof *job + size);
    if (!job) return -1;
    *job = (struct open_job){.flags = flags, .fd = -1};
    memcpy(job->path, path, size);
    enum cp_wait wait = cp_work(cp, open_in_worker, job);
    int fd = job->fd, error = job->error;
    free(job);
    if (wait == CP_WAIT_CANCELLED) {
        if (fd >= 0) close(fd);
        return -2;
    }
    errno = wait == CP_WAIT_FAILED ? EAGAIN : error;
    return fd;
}

static void learn_type(struct stream *s, int fd) {
    struct stat status;
    s->regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

cp_value stream_open_file(cp_context *cp, struct stream *s) {
    const char *path = system_text(cp, "path of the file", s->file);
    if (!path) return CP_THROWN;
    size_t size;
    const char *mode;
    cp_bytes_of(s->mode, &mode, &size);
    int flags = s->readable && s->writable ? O_RDWR | O_CREAT : s->readable ? O_RDONLY : O_WRONLY | O_CREAT;
    if (mode[0] == 'w') flags |= O_TRUNC;
    if (mode[0] == 'a') flags |= O_APPEND;
    int fd = open_path(cp, path, flags | O_CLOEXEC | O_NOCTTY);
    if (fd == -2) return CP_THROWN;
    struct stat status;
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        close(fd);
        fd = -1;
        errno = EISDIR;
    }
    if (fd < 0) return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_OPEN, errno, "cannot open %s", path);
    s->in = s->out = cp_fd_new(cp, fd);
    learn_type(s, fd);
    s->open = true;
    return CP_NIL;
}

cp_value stream_open_stdio(cp_context *cp, struct stream *s) {
    static const char *const names[] = {"in", "out", "error"};
    for (int i = 0; i < 3; i++) {
        if (!text_is(s->file, names[i])) continue;
        s->standard = i;
        s->readable = i == 0;
        s->writable = i != 0;
        s->open = true;
        learn_type(s, i);
        return CP_NIL;
    }
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a stdio Stream is \"in\", \"out\" or \"error\"");
}

cp_value stream_open_process(cp_context *cp, struct stream *s) {
    const char *command = system_text(cp, "command", s->file);
    if (!command) return CP_THROWN;
    const char *const arguments[] = {"/bin/sh", "-c", command, NULL};
    struct child child;
    int to[2] = {-1, -1}, from[2] = {-1, -1}, error = 0;
    if (s->writable && pipe2(to, O_CLOEXEC) < 0) error = errno;
    if (!error && s->readable && pipe2(from, O_CLOEXEC) < 0) error = errno;
    fflush(stdout);
    stream_flush_all(cp);
    if (!error) error = child_start(arguments, (const int[]){to[0], from[1], -1}, &child);
    if (to[0] >= 0) close(to[0]);
    if (from[1] >= 0) close(from[1]);
    if (error) {
        if (to[1] >= 0) close(to[1]);
        if (from[0] >= 0) close(from[0]);
        return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_OPEN, error, "cannot start %s", command);
    }
    s->process = child.id;
    s->status = cp_fd_new(cp, child.status_fd);
    s->out = to[1] >= 0 ? cp_fd_new(cp, to[1]) : NULL;
    s->in = from[0] >= 0 ? cp_fd_new(cp, from[0]) : NULL;
    s->regular = false;
    s->open = true;
    return CP_NIL;
}

/* ---- reading ---- */

static const char *title(cp_context *cp, const struct stream *s) {
    return cp_is_string(s->file) || cp_is_symbol(s->file) ? cp_text_z(cp, s->file) : "the Stream";
}

static cp_value closed_meanwhile(cp_context *cp, const struct stream *s, int code) {
    return cp_throw(cp, CP_ERROR_FILE, code, "%s was closed by another thread", title(cp, s));
}

bool stream_reserve(cp_context *cp, struct stream *s, size_t more) {
    if (s->borrowed == CP_NIL && s->capacity - s->end >= more) return true;
    size_t used = stream_in_memory(s) ? s->end : stream_unread(s), offset = stream_in_memory(s) ? 0 : s->start;
    size_t minimum = stream_in_memory(s) ? 64 : INPUT_CAPACITY;
    if (s->borrowed == CP_NIL && !stream_in_memory(s) && s->start >= s->capacity / 2 && s->capacity - used >= more) {
        memmove(s->input, s->input + offset, used);
    } else {
        if (more > SIZE_MAX / 4 || used > SIZE_MAX / 4) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "a Stream cannot hold so much");
            return false;
        }
        size_t capacity = used + more > 2 * used ? used + more : 2 * used;
        if (capacity < minimum) capacity = minimum;
        unsigned char *input = cp_try_alloc_atomic(cp, capacity);
        if (!input) return false;
        if (used) memcpy(input, s->input + offset, used);
        s->input = input;
        s->capacity = capacity;
        s->borrowed = CP_NIL;
    }
    if (!stream_in_memory(s)) {
        s->start = 0;
        s->end = used;
    }
    return true;
}

/* Waits until the descriptor of that direction is ready. It, or -1 after a throw. */
static int wait_ready(cp_context *cp, struct stream *s, int events) {
    bool reading = events == CP_READABLE;
    int fd = reading ? input_fd(s) : output_fd(s);
    int code = reading ? CP_FILE_READ : CP_FILE_WRITE;
    if (fd >= 0 && !s->regular) {
        enum cp_wait wait = cp_wait_fd(cp, fd, events, -1);
        if (wait == CP_WAIT_CANCELLED) return -1;
        fd = reading ? input_fd(s) : output_fd(s);
        if (wait == CP_WAIT_FAILED && fd >= 0) {
            cp_throw(cp, CP_ERROR_FILE, code, "cannot wait for %s", title(cp, s));
            return -1;
        }
    }
    if (fd < 0) closed_meanwhile(cp, s, code);
    return fd;
}

int stream_fill(cp_context *cp, struct stream *s) {
    if (s->at_end) return 0;
    if ((pending(s) || s->flushing) && stream_flush(cp, s) == CP_THROWN) return -1;
    if (s->regular && cp_poll(cp) == CP_THROWN) return -1;
    for (;;) {
        int fd = wait_ready(cp, s, CP_READABLE);
        if (fd < 0) return -1;
        if (s->start == s->end) {
            s->start = s->end = 0;
            if (s->capacity > INPUT_KEPT) s->input = NULL, s->capacity = 0;
        }
        if (s->end == s->capacity && !stream_reserve(cp, s, 1)) return -1;
        ssize_t size = read(fd, s->input + s->end, s->capacity - s->end);
        if (size > 0) {
            s->end += (size_t)size;
            return 1;
        }
        if (size == 0) {
            s->at_end = true;
            return 0;
        }
        if (errno == EAGAIN) s->regular = false;
        else if (errno != EINTR) {
            cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_READ, errno, "cannot read %s", title(cp, s));
            return -1;
        }
    }
}

/* ---- writing ---- */

/* Writes all of `sending`. CP_NIL, or CP_THROWN: what could not be written is dropped then, but not what only a
   cancelled wait kept back. */
static cp_value send_all(cp_context *cp, struct stream *s) {
    if (s->kind == STREAM_STDIO) fflush(stdout); /* what `print` holds back came before */
    while (s->sending_done < s->sending_size) {
        int fd = wait_ready(cp, s, CP_WRITABLE);
        if (fd < 0) return CP_THROWN;
        size_t size = s->sending_size - s->sending_done;
        if (!s->regular && size > PIPE_BUF) size = PIPE_BUF;
        ssize_t written = write(fd, s->sending + s->sending_done, size);
        if (written >= 0) s->sending_done += (size_t)written;
        else if (errno == EAGAIN) s->regular = false;
        else if (errno != EINTR) {
            s->sending_done = s->sending_size;
            return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_WRITE, errno, "cannot write to %s", title(cp, s));
        }
    }
    return CP_NIL;
}

cp_value stream_flush(cp_context *cp, struct stream *s) {
    while (s->flushing) {
        enum cp_wait wait = cp_wait_on(cp, &s->flushed, -1);
        if (wait == CP_WAIT_CANCELLED) return CP_THROWN;
        if (wait != CP_WAIT_READY)
            return cp_throw(cp, CP_ERROR_FILE, CP_FILE_WRITE, "cannot wait for %s", title(cp, s));
    }
    cp_value result = CP_NIL;
    s->flushing = true;
    while (result == CP_NIL && pending(s)) {
        if (s->sending_done == s->sending_size) {
            unsigned char *spare = s->sending;
            s->sending = s->output;
            s->sending_size = s->output_size;
            s->sending_done = 0;
            s->output = spare;
            s->output_size = 0;
        }
        result = send_all(cp, s);
    }
    s->flushing = false;
    cp_wake_all(cp, &s->flushed);
    if (!pending(s)) unmark_dirty(cp, s);
    if (result == CP_NIL && s->failed) {
        int number = s->failed;
        s->failed = 0;
        return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_WRITE, number, "cannot write to %s", title(cp, s));
    }
    return result;
}

cp_value stream_put(cp_context *cp, struct stream *s, const void *bytes, size_t size) {
    if (stream_in_memory(s)) return stream_memory_put(cp, s, bytes, size);
    if (output_fd(s) < 0) return closed_meanwhile(cp, s, CP_FILE_WRITE);
    if (s->regular && s->readable && (stream_unread(s) || s->at_end)) {
        /* What was read ahead is given back, so that writing goes on where reading stopped. */
        lseek(output_fd(s), -(off_t)stream_unread(s), SEEK_CUR);
        s->start = s->end = 0;
        s->at_end = false;
    }
    const unsigned char *from = bytes;
    while (size > 0) {
        if (s->output_size == OUTPUT_CAPACITY) {
            if (stream_flush(cp, s) == CP_THROWN) return CP_THROWN;
            if (!s->open) return closed_meanwhile(cp, s, CP_FILE_WRITE);
            continue; /* another thread may have filled it again meanwhile */
        }
        if (!s->output) s->output = cp_alloc_atomic(OUTPUT_CAPACITY);
        size_t room = OUTPUT_CAPACITY - s->output_size, part = size < room ? size : room;
        memcpy(s->output + s->output_size, from, part);
        s->output_size += part;
        from += part;
        size -= part;
        mark_dirty(cp, s);
    }
    limit_dirty(cp, s);
    return CP_NIL;
}

/* ---- closing ---- */

cp_value stream_close(cp_context *cp, struct stream *s) {
    if (!s->open) return CP_NIL;
    cp_value result = s->writable && !stream_in_memory(s) ? stream_flush(cp, s) : CP_NIL;
    if (!s->open) return result; /* closed by another thread while this one was flushing */
    s->output_size = s->sending_size = s->sending_done = 0;
    unmark_dirty(cp, s);
    s->open = false;
    if (s->in) cp_fd_close(cp, s->in);
    if (s->out && s->out != s->in) cp_fd_close(cp, s->out);
    s->in = s->out = NULL;
    s->output = s->sending = NULL;
    if (stream_in_memory(s)) return result; /* `string` still gives the content */
    s->input = NULL;
    s->start = s->end = s->capacity = 0;
    cp_fd *status = s->status;
    s->status = NULL;
    if (!status) return result;
    int exit_status;
    if (result == CP_THROWN) cp_fd_close(cp, status);
    else if (child_wait(cp, s->process, status, &exit_status) == CP_THROWN) result = CP_THROWN;
    else result = cp_fixnum(exit_status);
    return result;
}
