/* SPDX-License-Identifier: GPL-3.0-or-later */
/* thread_class.c: the class Thread (language.md 8) and the region that all threads share. */
#include "interp/run/thread.h"

#include <stdio.h>

#include "interp/base/memory.h"
#include "interp/base/vector.h"
#include "interp/lang/compile.h"
#include "interp/run/leave.h"
#include "interp/run/vm.h"

/* The object outlives the thread: results are asked for afterwards. */
struct thread_object {
    cp_object header;
    struct thread *thread; /* NULL before the start and after the end */
    cp_value function;     /* what it runs */
    uint64_t id;
    bool started, finished;
    cp_wait_list waiters;
};

enum { THREAD_NAME, THREAD_EXPRESSION, THREAD_RESULT, THREAD_ERROR, THREAD_FINAL, THREAD_EVENT };

static struct thread_object *object_of(cp_value v) { return (struct thread_object *)v; }

/* ---- deadlocks ---- */

enum { REPORT_THREADS = 20 };

static void append_name(struct bytes *text, cp_context *cp, struct thread *t) {
    cp_value name = t->object == CP_NIL ? CP_NIL : cp_slots(cp, t->object)[THREAD_NAME];
    if (name != CP_NIL) bytes_printf(text, "thread %.60s", cp_text_z(cp, name));
    else if (t == cp->runtime->foreground) bytes_append_string(text, "the main thread");
    else bytes_printf(text, "thread %llu", (unsigned long long)t->id);
}

/* Who waits for what, the oldest thread first. */
static cp_value throw_deadlock(cp_context *cp) {
    struct runtime *runtime = cp->runtime;
    struct bytes text = {0};
    struct thread *t = runtime->threads;
    uint32_t told = 0;
    while (t && t->next) t = t->next;
    for (; t && told < REPORT_THREADS; t = t->previous, told++) {
        bytes_append_string(&text, told ? "; " : "");
        append_name(&text, cp, t);
        bytes_printf(&text, " waits for %s", t->waiting_for ? t->waiting_for : "another thread");
        struct thread *from = t->waiting_from && *t->waiting_from ? object_of(*t->waiting_from)->thread : NULL;
        if (from) {
            bytes_append_string(&text, " of ");
            append_name(&text, cp, from);
        }
    }
    if (t) bytes_printf(&text, "; and %u more", runtime->thread_count - told);
    bytes_append(&text, "", 1);
    cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "deadlock: every thread waits for another: %s", text.data);
    bytes_free(&text);
    return CP_THROWN;
}

cp_value thread_throw_cancelled(cp_context *cp) {
    struct runtime *runtime = cp->runtime;
    struct thread *t = cp->current;
    if (runtime->deadlock_reported && t == runtime->foreground) {
        runtime->deadlock_reported = false;
        task_clear_cancel(t->task);
        return throw_deadlock(cp);
    }
    /* told once: what finally and with run on the way out may call and wait */
    t->cancelled = false;
    task_clear_cancel(t->task);
    if (t == runtime->foreground && leave_begun(cp)) return leave_throw(cp);
    return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_CANCELLED, "the thread was stopped");
}

void thread_note_finished(cp_context *cp, struct thread *t) {
    if (!cp_is_object(t->object)) return;
    struct thread_object *object = object_of(t->object);
    cp_value *slots = cp_slots(cp, t->object);
    slots[THREAD_RESULT] = t->result;
    slots[THREAD_ERROR] = t->error;
    object->finished = true;
    object->thread = NULL;
    if (slots[THREAD_FINAL] != CP_NIL) { /* runs in the thread itself, with its object */
        if (cp_call(cp, slots[THREAD_FINAL], &t->object, 1) == CP_THROWN && slots[THREAD_ERROR] == CP_NIL)
            slots[THREAD_ERROR] = cp_take_error(cp);
        else if (cp->error != CP_NIL) cp_take_error(cp);
    }
    if (slots[THREAD_EVENT] != CP_NIL && cp_send_z(cp, slots[THREAD_EVENT], "set", NULL, 0) == CP_THROWN)
        cp_take_error(cp);
    cp_wake_all(cp, &object->waiters);
}

void thread_release(struct thread *t) { mem_free_uncollectable(t); }

cp_value thread_object(cp_context *cp, struct thread *t) {
    if (t->object == CP_NIL) { /* the main thread's, made when somebody asks */
        cp_value object = cp_new(cp, cp_find_class(cp, "Thread"));
        object_of(object)->thread = t;
        object_of(object)->id = t->id;
        object_of(object)->started = true;
        cp_slots(cp, object)[THREAD_NAME] = cp_string_z(cp, "main");
        t->object = object;
    }
    return t->object;
}

/* ---- methods ---- */

/* A quoted expression is compiled at the top level of a scope of its own; a Function is called without arguments. */
static cp_value function_of_expression(cp_context *cp, cp_value expression) {
    if (cp_is_function(expression) || (cp_is_symbol(expression))) return expression;
    struct source *source = source_new(cp, cp_string_z(cp, "<thread>"), cp_to_source(cp, expression));
    if (source->text == CP_THROWN) return CP_THROWN;
    struct thread *t = cp->current;
    struct file_scope *file = NULL;
    for (struct frame *f = t->frame; f > t->frames && !file; f--)
        if (f->proto) file = f->proto->file; /* names of the file that creates the thread are known */
    return compile_form(cp, source, file ? file : file_scope_new(cp, false), expression, 0);
}

static cp_value thread_construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct thread_object *object = object_of(self);
    cp_value *slots = cp_slots(cp, self);
    slots[THREAD_NAME] = arguments[0];
    slots[THREAD_EXPRESSION] = arguments[1];
    if (arguments[1] == CP_NIL) return self;
    object->function = function_of_expression(cp, arguments[1]);
    if (object->function == CP_THROWN) return CP_THROWN;
    return cp_send_z(cp, self, "start", NULL, 0);
}

static cp_value thread_start_method(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct thread_object *object = object_of(self);
    cp_value *slots = cp_slots(cp, self);
    if (object->started && !object->finished)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "the thread is running already");
    if (!object->function) {
        if (slots[THREAD_EXPRESSION] == CP_NIL)
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING, "the thread has no expression to run");
        object->function = function_of_expression(cp, slots[THREAD_EXPRESSION]);
        if (object->function == CP_THROWN) return object->function = CP_NIL, CP_THROWN;
    }
    slots[THREAD_RESULT] = slots[THREAD_ERROR] = CP_NIL;
    object->finished = false;
    struct thread *t = thread_start(cp, object->function, self);
    if (!t) return CP_THROWN;
    object->thread = t;
    object->id = t->id;
    object->started = true;
    return CP_NIL;
}

static cp_value thread_stop(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct thread *t = object_of(self)->thread;
    if (!t) return CP_NIL;
    thread_cancel(cp, t);
    if (t->suspended) {
        t->suspended = false;
        cp_wake_all(cp, &t->resume_list);
    }
    return CP_NIL;
}

static cp_value thread_suspend(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct thread *t = object_of(self)->thread;
    if (!t) return CP_NIL;
    t->suspended = true;
    t->budget = 0; /* it notices at its next call or loop turn */
    while (t == cp->current && t->suspended)
        if (cp_wait_for(cp, &t->resume_list, -1, "its method resume", NULL) == CP_WAIT_CANCELLED) return CP_THROWN;
    return CP_NIL;
}

static cp_value thread_resume(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct thread *t = object_of(self)->thread;
    if (!t) return CP_NIL;
    t->suspended = false;
    cp_wake_all(cp, &t->resume_list);
    return CP_NIL;
}

static cp_value thread_finished(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return object_of(self)->finished ? cp->known.sym_true : CP_NIL;
}

/* The time at which a wait of so many milliseconds, an Integer or (), ends; -1 = never. False after a throw. */
static bool deadline_of(cp_context *cp, cp_value timeout, int64_t *deadline) {
    int64_t milliseconds, now = cp_now(cp);
    *deadline = -1;
    if (timeout == CP_NIL) return true;
    if (!cp_to_int64(timeout, &milliseconds) || milliseconds < 0) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a timeout is 0 or more milliseconds");
        return false;
    }
    if (milliseconds < INT64_MAX - now) *deadline = now + milliseconds;
    return true;
}

/* true, () when the time was over, CP_THROWN. */
static cp_value wait_for_end(cp_context *cp, cp_value self, int64_t deadline) {
    struct thread_object *object = object_of(self);
    if (object->thread == cp->current)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "a thread cannot wait for its own end");
    while (object->started && !object->finished) {
        int64_t left = deadline < 0 ? -1 : deadline - cp_now(cp);
        if (deadline >= 0 && left <= 0) return CP_NIL;
        if (cp_wait_for(cp, &object->waiters, left, "the end", &self) == CP_WAIT_CANCELLED) return CP_THROWN;
    }
    return cp->known.sym_true;
}

static cp_value thread_wait(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int64_t deadline;
    if (!deadline_of(cp, arguments[0], &deadline)) return CP_THROWN;
    return wait_for_end(cp, self, deadline);
}

static cp_value thread_id(cp_context *cp, cp_value self) { return cp_integer(cp, (int64_t)object_of(self)->id); }

static const cp_property_def thread_properties[] = {
    {"name", "String|Symbol", CP_READ_WRITE, NULL, NULL, NULL, "The thread's name."},
    {"expression", "Object", CP_READ_WRITE, NULL, NULL, NULL,
     "What it runs: a quoted expression, or a Function that is called without arguments."},
    {"result", "Object", CP_READ_ONLY, NULL, NULL, NULL,
     "The value of the expression once the thread has finished; () before, and after an Error."},
    {"error", "Error", CP_READ_ONLY, NULL, NULL, NULL, "The Error that ended the thread, or ()."},
    {"final", "Object", CP_READ_WRITE, NULL, NULL, NULL,
     "A function that the thread calls with its Thread object when it has finished."},
    {"event", "Object", CP_READ_WRITE, NULL, NULL, NULL, "An Event that is set when the thread has finished."},
    {"id", "Integer", CP_READ_ONLY, NULL, thread_id, NULL, "A number no other thread of this process has had."},
    {0},
};

static const cp_method_def thread_methods[] = {
    {"Thread", "NIL", "((name String|Symbol ()) (expression Object ()))", thread_construct,
     "Makes a thread and, when an expression is given, starts it at once. The expression is quoted or a Function. "
     "Globals "
     "that were exported are copied."},
    {"start", "NIL", "()", thread_start_method,
     "Starts the thread, or starts it again after its end. 1.2 while it runs."},
    {"stop", "NIL", "()", thread_stop,
     "Cancels the thread: its wait, or its next call or loop turn, throws 6.12, once, so that `finally` and `with` are "
     "run. A "
     "thread that catches it goes on."},
    {"suspend", "NIL", "()", thread_suspend, "Stops the thread for the time being, at its next call or loop turn."},
    {"resume", "NIL", "()", thread_resume, "Lets a suspended thread go on."},
    {"finished", "Symbol", "()", thread_finished, "true when the thread has ended, else ()."},
    {"wait", "Symbol", "((timeout Integer ()))", thread_wait,
     "Waits for the thread's end, at most so many milliseconds, without a number for ever: true, or () when the time "
     "was "
     "over. Errors: 1.2 its own end; 1.8 below 0."},
    {0},
};

const cp_class_def thread_class = {
    .name = "Thread",
    .doc = "A thread of execution. One runs at a time; it gives way when it waits and, in long computations, at loop "
           "turns and calls.",
    .size = sizeof(struct thread_object),
    .major = 1,
    .properties = thread_properties,
    .methods = thread_methods,
};

/* ---- functions ---- */

static cp_value set_shared(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    return cp_table_set(cp, cp->runtime->shared, arguments[0], arguments[1]);
}

static cp_value get_shared(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    cp_value found = cp_table_get(cp, cp->runtime->shared, arguments[0]);
    return found == CP_UNSET ? CP_NIL : found;
}

static cp_value wait_all(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    int64_t deadline;
    if (!deadline_of(cp, arguments[1], &deadline)) return CP_THROWN;
    cp_iterator iterator;
    cp_list_builder threads = {0}; /* first: waiting, the sequence might change */
    if (cp_iterate(cp, &iterator, arguments[0]) == CP_THROWN) return CP_THROWN;
    for (cp_value item; (item = cp_next(cp, &iterator)) != CP_DONE; cp_list_add(&threads, item)) {
        if (item == CP_THROWN) return CP_THROWN;
        if (cp_class_of(cp, item) != cp_find_class(cp, "Thread"))
            return cp_throw_type(cp, "each item of waitAll", "Thread", item);
    }
    for (cp_value rest = threads.list; cp_is_cell(rest); rest = cp_tail(rest)) {
        cp_value ended = wait_for_end(cp, cp_object_behind(cp_head(rest)), deadline);
        if (ended != cp->known.sym_true) return ended;
    }
    return cp->known.sym_true;
}

static cp_value thread_id_function(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)arguments, (void)count;
    return cp_integer(cp, (int64_t)cp->current->id);
}

static cp_value current_thread(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)arguments, (void)count;
    return cp_current_thread(cp);
}

const cp_function_def thread_functions[] = {
    {"setShared", "Object", "(key value)", set_shared,
     "Sets the value of a key in the region that all threads share; gives the value."},
    {"getShared", "Object", "(key)", get_shared,
     "The value of a key in the region that all threads share, () when it has none."},
    {"waitAll", "Symbol", "(threads (timeout Integer ()))", wait_all,
     "Waits until all Threads of a sequence have ended, at most `timeout` milliseconds in all, without one for ever: "
     "true, or () when the time was over. What each came to is in its result and error. Errors: 1.2 the running thread "
     "among them; 1.8 a timeout below 0; 1.11 an item that is no Thread."},
    {"threadId", "Integer", "()", thread_id_function, "The number of the running thread."},
    {"currentThread", "Thread", "()", current_thread, "The Thread object of the running thread."},
    {0},
};
