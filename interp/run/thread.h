/* SPDX-License-Identifier: GPL-3.0-or-later */
/* thread.h: one Carapace Thread: a fiber with its value stack, its frames and its globals. */
#ifndef RUN_THREAD_H
#define RUN_THREAD_H

#include <signal.h>

#include "interp/base/fiber.h"
#include "interp/base/scheduler.h"
#include "interp/code/proto.h"

/* A call in progress. The Function itself is base[-1], which keeps the proto alive. */
struct frame {
    const uint32_t *pc;  /* where it goes on; kept up to date only when something is called */
    cp_value *base;      /* register 0 */
    struct proto *proto; /* NULL in the lowest frame of a thread */
};

struct thread {
    cp_object header; /* so that it can be a value of the class Thread: see thread_class.c */
    cp_context *cp;
    struct thread *next, *previous; /* all live threads */
    task *task;
    fiber *fiber;
    cp_value *values, *value_limit; /* values grow up */
    struct frame *frames, *frame, *frame_limit;
    int32_t budget; /* calls and loop turns until the next look around */
    uint32_t global_count;
    cp_value *globals; /* by index; CP_UNSET = this thread has none */
    bool *exported;    /* which of them new threads get */
    uint64_t id;
    cp_value object;              /* its Thread object, or () for the main thread until someone asks */
    cp_value start_function;      /* what it runs */
    const char *waiting_for;      /* for the report of a deadlock; NULL while it runs */
    const cp_value *waiting_from; /* where the Thread stands that it must come from; NULL = not known */
    bool finished, cancelled, suspended;
    cp_value result, error;
    cp_wait_list resume_list;    /* where it waits while suspended */
    cp_before_wait *before_wait; /* innermost first */
    struct native_call *natives; /* profile.h: native functions at work, innermost first; kept only while profiling */
};

struct global_info {
    cp_symbol *name;
    struct type *type;
    bool declared;
};

/* What a script has made of one signal: see signal.c. */
struct runtime_signal {
    struct signal_watch *watch; /* kept once it was made */
    cp_value event;             /* set when the signal comes; () = not watched */
    bool changed;               /* `before` is to be put back */
    struct sigaction before;
};

enum { RUNTIME_SIGNALS = 10 };

/* What the run room keeps in a context. */
struct runtime {
    cp_value (*run)(struct thread *t, struct proto *proto, cp_value *base); /* vm_run, or one that is watched */
    struct counts *counts;                                                  /* count.h: of --count, else NULL */
    struct thread *threads;                                                 /* list of live ones */
    uint32_t thread_count;
    uint64_t next_thread_id;
    struct global_info *globals;
    uint32_t global_count, global_capacity;
    cp_value shared;           /* HashTable: the region of setShared */
    struct thread *foreground; /* gets the Error of Ctrl-C */
    bool deadlock_reported;
    cp_value leaving; /* the Error of `exit` on its way, or () */
    int exit_status;
    bool output_held;               /* the prompt waits: what is printed is shown by it */
    cp_value end_functions;         /* List of Functions: %atEnd, the last first */
    int (*ends[8])(cp_context *cp); /* cp_at_end */
    unsigned end_count;
    struct runtime_signal signals[RUNTIME_SIGNALS];
    unsigned signals_watched;
};

enum { THREAD_BUDGET = 4000 };

/* Whether values may be used up to `top`, and another frame be made above `frame`. */
static inline bool thread_has_room(const struct thread *t, const struct frame *frame, const cp_value *top) {
    return top <= t->value_limit && frame + 1 < t->frame_limit;
}

/* The end of the values in use: what the collector must look at. */
static inline cp_value *thread_top(const struct thread *t) {
    const struct frame *f = t->frame;
    return f->base + (f->proto ? f->proto->register_count : 0);
}

/* What the last calls left above the values in use would keep dead objects alive in the next frames made there. */
static inline void thread_forget_dead_values(struct thread *t) {
    cp_value *from = thread_top(t), *to = from + 512 < t->value_limit ? from + 512 : t->value_limit;
    memset(from, 0, (size_t)((char *)to - (char *)from));
}

void runtime_init(cp_context *cp);
/* Runs `entry(cp, argument)` in the main thread, with the scheduler beneath, until it returns. */
int runtime_run_main(cp_context *cp, int (*entry)(cp_context *cp, void *argument), void *argument);
/* A thread that will call a function without arguments; NULL with 1.5 thrown when there is no memory for its stack. */
struct thread *thread_start(cp_context *cp, cp_value function, cp_value object);
void thread_cancel(cp_context *cp, struct thread *t);
/* Index of a ::global, made when there is none. */
uint32_t global_index(cp_context *cp, cp_symbol *name);
cp_value global_get(struct thread *t, cp_symbol *name);             /* CP_THROWN: nobody has declared it */
bool global_set(struct thread *t, cp_symbol *name, cp_value value); /* false: wrong class, thrown */
bool global_declare(struct thread *t, cp_symbol *name, struct type *type, cp_value first);
void global_export(struct thread *t, cp_symbol *name);
/* Called when the budget is used up: false with an Error thrown on interrupt, cancellation or want of memory. */
bool thread_poll(struct thread *t);

/* thread_class.c */
cp_value thread_throw_cancelled(cp_context *cp); /* the Error of a stopped thread, or the report of a deadlock */
void thread_note_finished(cp_context *cp, struct thread *t);
void thread_release(struct thread *t);
cp_value thread_object(cp_context *cp, struct thread *t);
extern const cp_class_def thread_class;
extern const cp_function_def thread_functions[];

/* signal.c */
extern const cp_function_def signal_functions[];

#endif
