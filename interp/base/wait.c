/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Waiting for what happens outside: descriptors, and jobs on worker threads. */
#include "scheduler_private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { BOTH = WAIT_FD_READ | WAIT_FD_WRITE };

/* ------------------------------------------------------------------ waiting for descriptors */

static void free_descriptor(uv_handle_t *handle) { free(handle->data); }

static void on_descriptor(uv_poll_t *handle, int status, int events);

/* Starts, changes or stops the handle, which holds no descriptor's events twice. */
static int watch(struct descriptor *d, int events) {
    if (events == d->watched) return 0;
    int wanted = (events & WAIT_FD_READ ? UV_READABLE : 0) | (events & WAIT_FD_WRITE ? UV_WRITABLE : 0);
    int error = wanted ? uv_poll_start(&d->poll, wanted, on_descriptor) : uv_poll_stop(&d->poll);
    d->watched = error ? 0 : events;
    return error;
}

static void on_descriptor(uv_poll_t *handle, int status, int events) {
    struct descriptor *d = handle->data;
    int happened = (events & UV_READABLE ? WAIT_FD_READ : 0) | (events & UV_WRITABLE ? WAIT_FD_WRITE : 0);
    if (status < 0) { /* an error, which the waiters' next system call will tell; libuv has stopped the handle */
        happened = BOTH;
        d->watched = 0;
    }
    int unwanted = happened;
    for (task *t = d->waiters.first, *next; t; t = next) {
        next = t->next;
        if ((t->events & happened) == 0) continue;
        unwanted &= ~t->events;
        task_wake(t, WAIT_READY);
    }
    watch(d, d->watched & ~unwanted);
}

static struct descriptor **descriptor_place(scheduler *s, int fd) {
    size_t index = (size_t)fd;
    if (index >= s->descriptor_room) {
        size_t room = s->descriptor_room ? s->descriptor_room : 32;
        while (room <= index) room *= 2;
        struct descriptor **table = realloc(s->descriptors, room * sizeof *table);
        if (table == NULL) return NULL;
        memset(table + s->descriptor_room, 0, (room - s->descriptor_room) * sizeof *table);
        s->descriptors = table;
        s->descriptor_room = room;
    }
    return &s->descriptors[index];
}

/* Makes fd known to the loop. NULL, with the answer to give in *refused, if that cannot be. */
static struct descriptor *descriptor_of(scheduler *s, int fd, wait_result *refused) {
    *refused = WAIT_FAILED;
    int flags = fcntl(fd, F_GETFL); /* a wild number must not make the table grow */
    if (flags < 0 || !loop_needed(s)) return NULL;
    struct descriptor **place = descriptor_place(s, fd);
    if (place == NULL || *place) return place ? *place : NULL;
    struct descriptor *d = calloc(1, sizeof *d);
    if (d == NULL) return NULL;
    int error = uv_poll_init(&s->loop, &d->poll, fd);
    if (error) {
        if (error == UV_EPERM) *refused = WAIT_READY; /* epoll takes no regular files, which are always ready */
        free(d);
        return NULL;
    }
    /* libuv has made it non-blocking; a terminal shared with other programs must stay as it was. */
    if (!(flags & O_NONBLOCK)) fcntl(fd, F_SETFL, flags);
    d->poll.data = d;
    d->fd = fd;
    *place = d;
    return d;
}

/* The answer without waiting. */
static wait_result descriptor_state(int fd, int events) {
    struct pollfd p = {.fd = fd};
    p.events = (short)((events & WAIT_FD_READ ? POLLIN : 0) | (events & WAIT_FD_WRITE ? POLLOUT : 0));
    int count;
    while ((count = poll(&p, 1, 0)) < 0 && errno == EINTR) {}
    if (count < 0 || (p.revents & POLLNVAL)) return WAIT_FAILED;
    return count > 0 ? WAIT_READY : WAIT_TIMEOUT;
}

wait_result scheduler_wait_fd(scheduler *s, int fd, int events, int64_t timeout_ms) {
    wait_result refused;
    if (!wait_may_begin(s, &refused)) return refused;
    events &= BOTH;
    if (fd < 0 || events == 0) return WAIT_FAILED;
    if (timeout_ms == 0) return descriptor_state(fd, events);
    struct descriptor *d = (size_t)fd < s->descriptor_room ? s->descriptors[fd] : NULL;
    if (d == NULL) d = descriptor_of(s, fd, &refused);
    if (d == NULL) return refused;
    if (watch(d, d->watched | events) != 0) return WAIT_FAILED;
    task *self = s->current;
    if (timeout_ms > 0 && !deadline_set(s, self, timeout_ms)) return WAIT_FAILED;
    self->descriptor = d;
    self->events = events;
    queue_add(&d->waiters, self);
    s->waiting_for_descriptors++;
    self->state = TASK_WAITING;
    return wait_until_woken(s);
}

void scheduler_forget_fd(scheduler *s, int fd) {
    if (fd < 0 || (size_t)fd >= s->descriptor_room || s->descriptors[fd] == NULL) return;
    struct descriptor *d = s->descriptors[fd];
    s->descriptors[fd] = NULL;
    while (d->waiters.first) task_wake(d->waiters.first, WAIT_FAILED);
    uv_close((uv_handle_t *)&d->poll,
             free_descriptor); /* leaves the epoll set at once, the memory with the next look */
}

/* ------------------------------------------------------------------ jobs on worker threads */

static void job_run(uv_work_t *request) {
    struct job *job = request->data;
    job->fn(job->argument);
}

static void job_done(uv_work_t *request, int status) {
    (void)status;
    struct job *job = request->data;
    task *t = job->task;
    free(job);
    t->job = NULL;
    t->owner->working--;
    if (t->doomed) task_free(t);
    else task_wake(t, WAIT_READY);
}

wait_result scheduler_work(scheduler *s, void (*fn)(void *), void *argument) {
    wait_result refused;
    if (!wait_may_begin(s, &refused)) return refused;
    if (!loop_needed(s)) return WAIT_FAILED;
    task *self = s->current;
    struct job *job = malloc(sizeof *job);
    if (job == NULL) return WAIT_FAILED;
    *job = (struct job){.fn = fn, .argument = argument, .task = self};
    job->request.data = job;
    if (uv_queue_work(&s->loop, &job->request, job_run, job_done) != 0) {
        free(job);
        return WAIT_FAILED;
    }
    self->job = job;
    s->working++;
    self->state = TASK_WAITING;
    wait_until_woken(s);
    return self->cancelled || task_interrupted(s, self) ? WAIT_CANCELLED : WAIT_READY;
}
