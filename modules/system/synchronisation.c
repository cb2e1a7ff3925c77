/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * synchronisation.c: Event, Queue, Lock, CriticalSection and LifetimeLock: how Carapace Threads wait for each other.
 *
 * Only one thread runs at a time and it is never interrupted inside a native method, so the structs need no protection;
 * only what happens during a wait must be looked at anew after it.
 */
#include "support.h"

/* ---- deadlines ---- */

/* The time at which a wait of so many milliseconds ends; -1 = never. */
static int64_t deadline_after(cp_context *cp, int64_t milliseconds) {
    if (milliseconds < 0) return -1;
    int64_t now = cp_now(cp);
    return milliseconds > INT64_MAX - now ? -1 : now + milliseconds;
}

/* Waits once for `what`, which comes from a thread, NULL when that is not known; CP_WAIT_TIMEOUT only when the deadline
   is over. */
static enum cp_wait wait_until(cp_context *cp, cp_wait_list *list, int64_t deadline, const char *what,
                               const cp_value *from) {
    int64_t left = deadline < 0 ? -1 : deadline - cp_now(cp);
    return deadline >= 0 && left <= 0 ? CP_WAIT_TIMEOUT : cp_wait_for(cp, list, left, what, from);
}

/* CP_THROWN after a wait that cannot go on. */
static cp_value wait_broken(cp_context *cp, enum cp_wait wait) {
    return wait == CP_WAIT_CANCELLED ? CP_THROWN
                                     : cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "waiting is not possible here");
}

/* ---- Event ---- */

struct event {
    cp_object header;
    bool set;
    uint64_t pulses;
    cp_wait_list waiting;
};

static void event_set(cp_context *cp, struct event *event) {
    event->set = true;
    cp_wake_all(cp, &event->waiting);
}

static cp_value event_method_set(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    event_set(cp, (struct event *)cp_object_of(self));
    return CP_NIL;
}

static cp_value event_method_unset(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    ((struct event *)cp_object_of(self))->set = false;
    return CP_NIL;
}

static cp_value event_method_pulse(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct event *event = (struct event *)cp_object_of(self);
    event->pulses++;
    event->set = false;
    cp_wake_all(cp, &event->waiting);
    return CP_NIL;
}

static cp_value event_method_is_set(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return truth(cp, ((struct event *)cp_object_of(self))->set);
}

static cp_value event_method_wait(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct event *event = (struct event *)cp_object_of(self);
    int64_t timeout;
    if (!system_timeout(cp, arguments[0], &timeout)) return CP_THROWN;
    int64_t deadline = deadline_after(cp, timeout);
    uint64_t pulses = event->pulses;
    while (!event->set && event->pulses == pulses) {
        enum cp_wait wait = wait_until(cp, &event->waiting, deadline, "an Event to be set", NULL);
        if (wait == CP_WAIT_TIMEOUT) return truth(cp, event->set || event->pulses != pulses);
        if (wait != CP_WAIT_READY) return wait_broken(cp, wait);
    }
    return truth(cp, true);
}

static const cp_method_def event_methods[] = {
    {"set", "NIL", "()", event_method_set, "Sets the Event: all who wait go on, and nobody waits until `unset`."},
    {"unset", "NIL", "()", event_method_unset, "Unsets the Event: from now on `wait` waits."},
    {"pulse", "NIL", "()", event_method_pulse, "Lets all go on who wait at this moment, and leaves the Event unset."},
    {"isSet", "Symbol", "()", event_method_is_set, "true when the Event is set, else ()."},
    {"wait", "Symbol", "((timeout Integer ()))", event_method_wait,
     "Waits until the Event is set or pulsed, at most `timeout` milliseconds, without one for ever. true, or () when "
     "the time was over."},
    {0},
};

const cp_class_def event_class = {
    .name = "Event",
    .doc = "Something that threads can wait for: one thread sets it, others wait until it is set.",
    .size = sizeof(struct event),
    .major = 1,
    .methods = event_methods,
};

/* ---- Queue ---- */

struct queue {
    cp_object header;
    cp_value *items; /* a ring of `room` places, a power of two */
    size_t first, length, room;
    int64_t capacity; /* 0 = none */
    bool closed;
    cp_value event; /* set while there is something to get, or ever since the end; made when first asked for */
    cp_wait_list getters, putters, watchers;
};

static inline struct queue *queue_of(cp_value self) { return (struct queue *)cp_object_of(self); }

static bool queue_ready(const struct queue *queue) { return queue->length || queue->closed; }

static void queue_show(cp_context *cp, struct queue *queue) {
    if (queue->event == CP_NIL) return;
    struct event *event = (struct event *)cp_object_of(queue->event);
    if (queue_ready(queue) && !event->set) event_set(cp, event);
    else event->set = queue_ready(queue);
}

static cp_value queue_grow(cp_context *cp, struct queue *queue) {
    size_t room = queue->room ? queue->room * 2 : 16;
    cp_value *items = cp_try_alloc(cp, room * sizeof *items);
    if (!items) return CP_THROWN;
    for (size_t i = 0; i < queue->length; i++) items[i] = queue->items[(queue->first + i) & (queue->room - 1)];
    queue->items = items;
    queue->first = 0;
    queue->room = room;
    return CP_NIL;
}

static cp_value queue_construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct queue *queue = queue_of(self);
    if (arguments[0] != CP_NIL && (!cp_to_int64(arguments[0], &queue->capacity) || queue->capacity < 1))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a Queue's capacity is 1 or more");
    return CP_NIL;
}

static cp_value queue_closed_error(cp_context *cp) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "the Queue is closed: nothing can be put into it");
}

static bool queue_full(const struct queue *queue) {
    return queue->capacity && queue->length >= (uint64_t)queue->capacity;
}

static cp_value queue_method_put(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct queue *queue = queue_of(self);
    while (!queue->closed && queue_full(queue)) {
        enum cp_wait wait = cp_wait_for(cp, &queue->putters, -1, "room in a Queue", NULL);
        if (wait == CP_WAIT_READY) continue;
        if (!queue_full(queue)) cp_wake_one(cp, &queue->putters); /* the place was meant for us: pass it on */
        return wait_broken(cp, wait);
    }
    if (queue->closed) return queue_closed_error(cp);
    if (queue->length == queue->room && queue_grow(cp, queue) == CP_THROWN) return CP_THROWN;
    queue->items[(queue->first + queue->length++) & (queue->room - 1)] = arguments[0];
    cp_wake_one(cp, &queue->getters);
    cp_wake_all(cp, &queue->watchers);
    queue_show(cp, queue);
    return CP_NIL;
}

static cp_value queue_method_get(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct queue *queue = queue_of(self);
    int64_t timeout;
    if (!system_timeout(cp, arguments[0], &timeout)) return CP_THROWN;
    int64_t deadline = deadline_after(cp, timeout);
    while (!queue_ready(queue)) {
        enum cp_wait wait = wait_until(cp, &queue->getters, deadline, "an item in a Queue", NULL);
        if (wait == CP_WAIT_READY) continue;
        if (wait == CP_WAIT_TIMEOUT) {
            if (queue_ready(queue)) break;
            return CP_NIL;
        }
        if (queue->length) cp_wake_one(cp, &queue->getters); /* the item was meant for us: pass it on */
        return wait_broken(cp, wait);
    }
    if (!queue->length) return CP_NIL;
    cp_value item = queue->items[queue->first];
    queue->items[queue->first] = CP_NIL;
    queue->first = (queue->first + 1) & (queue->room - 1);
    queue->length--;
    cp_wake_one(cp, &queue->putters);
    queue_show(cp, queue);
    return item;
}

static cp_value queue_method_wait(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct queue *queue = queue_of(self);
    int64_t timeout;
    if (!system_timeout(cp, arguments[0], &timeout)) return CP_THROWN;
    int64_t deadline = deadline_after(cp, timeout);
    while (!queue_ready(queue)) {
        enum cp_wait wait = wait_until(cp, &queue->watchers, deadline, "an item in a Queue", NULL);
        if (wait == CP_WAIT_TIMEOUT) break;
        if (wait != CP_WAIT_READY) return wait_broken(cp, wait);
    }
    return truth(cp, queue->length > 0);
}

static cp_value queue_method_close(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct queue *queue = queue_of(self);
    queue->closed = true;
    cp_wake_all(cp, &queue->getters);
    cp_wake_all(cp, &queue->putters);
    cp_wake_all(cp, &queue->watchers);
    queue_show(cp, queue);
    return CP_NIL;
}

static cp_value queue_get_length(cp_context *cp, cp_value self) {
    return cp_integer(cp, (int64_t)queue_of(self)->length);
}

static cp_value queue_get_event(cp_context *cp, cp_value self) {
    struct queue *queue = queue_of(self);
    if (queue->event == CP_NIL) {
        queue->event = cp_new(cp, cp_find_class(cp, "Event"));
        queue_show(cp, queue);
    }
    return queue->event;
}

static const cp_property_def queue_properties[] = {
    {"length", "Integer", CP_READ_ONLY, NULL, queue_get_length, NULL, "How many items wait to be got."},
    {"event", "Event", CP_READ_ONLY, NULL, queue_get_event, NULL,
     "An Event that is set while `get` would not wait. For a thread that waits for it among other things."},
    {0},
};

static const cp_method_def queue_methods[] = {
    {"Queue", "NIL", "((capacity Integer ()))", queue_construct,
     "Makes a Queue that holds at most `capacity` items; without one it grows as needed. Errors: 1.8 below 1."},
    {"put", "NIL", "(item)", queue_method_put,
     "Adds an item at the end; waits while the Queue is full. Errors: 1.2 the Queue is closed."},
    {"get", "Object", "((timeout Integer ()))", queue_method_get,
     "Takes the first item; waits until there is one, at most `timeout` milliseconds, without one for ever. () when "
     "the time is over, or when the Queue is closed and empty."},
    {"wait", "Symbol", "((timeout Integer ()))", queue_method_wait,
     "Waits until there is an item, at most `timeout` milliseconds, without one for ever. true when there is one; () "
     "when the time is over, or when the Queue is closed and empty."},
    {"close", "NIL", "()", queue_method_close,
     "Ends the Queue: nothing more can be put; what is in it can still be got, and then `get` gives () at once."},
    {0},
};

const cp_class_def queue_class = {
    .name = "Queue",
    .doc = "Hands objects from threads to threads, first in, first out.",
    .size = sizeof(struct queue),
    .major = 1,
    .properties = queue_properties,
    .methods = queue_methods,
};

/* ---- Lock, CriticalSection ---- */

/* One thread that waits for a Lock. Each has a list of its own, so that `unlock` can hand the Lock to exactly the first
   one: a thread that locks again and again cannot starve the others. */
struct waiter {
    struct waiter *next;
    cp_value thread;
    bool granted;
    cp_wait_list list;
};

struct lock {
    cp_object header;
    cp_value owner; /* the thread that holds it */
    int64_t depth;  /* how often; 0 = free */
    struct waiter *first, *last;
};

static inline struct lock *lock_of(cp_value self) { return (struct lock *)cp_object_of(self); }

static void lock_release(cp_context *cp, struct lock *lock) {
    if (--lock->depth > 0) return;
    lock->owner = CP_NIL;
    struct waiter *next = lock->first;
    if (!next) return;
    lock->first = next->next;
    if (!lock->first) lock->last = NULL;
    next->granted = true;
    lock->owner = next->thread;
    lock->depth = 1;
    cp_wake_one(cp, &next->list);
}

static void lock_leave(struct lock *lock, struct waiter *waiter) {
    struct waiter *before = NULL;
    for (struct waiter *w = lock->first; w && w != waiter; w = w->next) before = w;
    *(before ? &before->next : &lock->first) = waiter->next;
    if (lock->last == waiter) lock->last = before;
}

/* The Symbol ok, () when the time was over, CP_THROWN. */
static cp_value lock_acquire(cp_context *cp, struct lock *lock, int64_t timeout) {
    cp_value thread = cp_current_thread(cp);
    if (lock->depth == 0 || lock->owner == thread) {
        lock->owner = thread;
        lock->depth++;
        return success(cp);
    }
    int64_t deadline = deadline_after(cp, timeout);
    struct waiter *waiter = cp_alloc(sizeof *waiter);
    waiter->thread = thread;
    *(lock->last ? &lock->last->next : &lock->first) = waiter;
    lock->last = waiter;
    while (!waiter->granted) {
        enum cp_wait wait = wait_until(cp, &waiter->list, deadline, "a Lock", &lock->owner);
        if (wait == CP_WAIT_READY || (wait == CP_WAIT_TIMEOUT && waiter->granted)) continue;
        if (waiter->granted) lock_release(cp, lock);
        else lock_leave(lock, waiter);
        return wait == CP_WAIT_TIMEOUT ? CP_NIL : wait_broken(cp, wait);
    }
    return success(cp);
}

static cp_value lock_unlock(cp_context *cp, struct lock *lock) {
    if (lock->depth == 0)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "unlock of a %s that is not locked",
                        cp_class_name(cp_class_of(cp, cp_from_object(lock))));
    if (lock->owner != cp_current_thread(cp))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "unlock of a %s that another thread holds",
                        cp_class_name(cp_class_of(cp, cp_from_object(lock))));
    lock_release(cp, lock);
    return CP_NIL;
}

static cp_value lock_method_lock(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int64_t timeout;
    if (!system_timeout(cp, arguments[0], &timeout)) return CP_THROWN;
    return lock_acquire(cp, lock_of(self), timeout);
}

static cp_value lock_method_unlock(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return lock_unlock(cp, lock_of(self));
}

static cp_value lock_method_is_locked(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return truth(cp, lock_of(self)->depth > 0);
}

static const cp_method_def lock_methods[] = {
    {"lock", "Symbol", "((timeout Integer ()))", lock_method_lock,
     "Takes the lock; waits while another thread holds it, at most `timeout` milliseconds, without one for ever. Who "
     "waits longest gets it first. The thread that holds it may lock again and unlocks as often. ok, or () when the "
     "time was over."},
    {"unlock", "NIL", "()", lock_method_unlock,
     "Gives the lock back. Errors: 1.2 it is not locked, or another thread holds it."},
    {"isLocked", "Symbol", "()", lock_method_is_locked, "true when some thread holds it, else ()."},
    {0},
};

const cp_class_def lock_class = {
    .name = "Lock",
    .doc = "At most one thread at a time holds it: for what must not change in the middle of several calls.",
    .size = sizeof(struct lock),
    .major = 1,
    .methods = lock_methods,
};

const cp_class_def critical_section_class = {
    .name = "CriticalSection",
    .doc = "The same as a Lock, under its other name.",
    .size = sizeof(struct lock),
    .major = 1,
    .methods = lock_methods,
};

/* ---- LifetimeLock ---- */

struct lifetime_lock {
    cp_object header;
    cp_value lock; /* () once it is released */
};

static cp_value lifetime_construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int64_t timeout;
    if (!system_timeout(cp, arguments[1], &timeout)) return CP_THROWN;
    cp_value result = lock_acquire(cp, lock_of(arguments[0]), timeout);
    if (result == CP_THROWN) return CP_THROWN;
    if (result == CP_NIL)
        return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_TIMEOUT, "the lock was not free within %lld ms",
                        (long long)timeout);
    ((struct lifetime_lock *)cp_object_of(self))->lock = arguments[0];
    return CP_NIL;
}

static cp_value lifetime_close(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct lifetime_lock *holder = (struct lifetime_lock *)cp_object_of(self);
    cp_value lock = holder->lock;
    if (lock == CP_NIL) return CP_NIL;
    cp_value result = lock_unlock(cp, lock_of(lock));
    if (result != CP_THROWN) holder->lock = CP_NIL;
    return result;
}

static cp_value lifetime_is_locked(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return truth(cp, ((struct lifetime_lock *)cp_object_of(self))->lock != CP_NIL);
}

static const cp_method_def lifetime_methods[] = {
    {"LifetimeLock", "NIL", "((lock Lock|CriticalSection) (timeout Integer ()))", lifetime_construct,
     "Takes the lock, as its method `lock` does. Errors: 6.1 the time was over."},
    {"close", "NIL", "()", lifetime_close,
     "Gives the lock back; a second time does nothing. Errors: 1.2 this thread does not hold it."},
    {"unlock", "NIL", "()", lifetime_close, "The same as `close`."},
    {"isLocked", "Symbol", "()", lifetime_is_locked, "true until it is closed, then ()."},
    {0},
};

const cp_class_def lifetime_lock_class = {
    .name = "LifetimeLock",
    .doc = "Holds a lock from its creation until `close`: (with (held (create LifetimeLock lock)) ...) gives it back "
           "however the body ends.",
    .size = sizeof(struct lifetime_lock),
    .major = 1,
    .methods = lifetime_methods,
};
