/* SPDX-License-Identifier: GPL-3.0-or-later */
/* unwind.c: from a throw to its catch: places, traces, handlers. */
#include "interp/run/vm.h"

#include "interp/data/error.h"
#include "interp/run/leave.h"

/* The word of the instruction that a frame is executing: pc stands behind it. */
static uint32_t frame_word(const struct frame *f) {
    uint32_t word = (uint32_t)(f->pc - f->proto->code);
    return word ? word - 1 : 0;
}

/* ---- places and traces ---- */

enum { TRACE_INNER = 24, TRACE_OUTER = 8 };

/* Where an Error was thrown: functions and instructions; lines are worked out when somebody asks for them. */
struct error_origin {
    uint32_t count, skipped; /* frames kept; frames left out between the inner and the outer ones */
    struct {
        cp_value function;
        uint32_t word;
    } frames[];
};

static cp_value frame_description(cp_context *cp, cp_value function, uint32_t word) {
    int line, column;
    const struct proto *proto = function_of(function)->proto;
    source_place(proto->source, proto_position(proto, word), &line, &column);
    cp_value title = proto->is_top_level ? cp_string_z(cp, "top level") : function_title(cp, function_of(function));
    return cp_list_n((cp_value[]){title, proto->source->name, cp_fixnum(line), cp_fixnum(column)}, 4);
}

cp_value unwind_trace(struct thread *t, unsigned limit) {
    cp_list_builder list = {0};
    for (const struct frame *f = t->frame; f > t->frames && limit > 0; f--, limit--)
        if (f->proto) cp_list_add(&list, frame_description(t->cp, f->base[-1], frame_word(f)));
    return list.list;
}

void unwind_settle(cp_context *cp, cp_value value) {
    struct error *error = error_of(value);
    const struct error_origin *origin = error->origin;
    cp_list_builder trace = {0};
    error->origin = NULL;
    for (uint32_t i = 0; i < origin->count; i++) {
        if (i == TRACE_INNER && origin->skipped) {
            cp_value text = cp_string_format(cp, "... %u more calls ...", origin->skipped);
            cp_list_add(&trace, cp_list_n((cp_value[]){text, cp->known.empty_string, cp_fixnum(0), cp_fixnum(0)}, 4));
        }
        cp_list_add(&trace, frame_description(cp, origin->frames[i].function, origin->frames[i].word));
    }
    error->trace = trace.list;
    int line, column;
    const struct proto *proto = function_of(origin->frames[0].function)->proto;
    error->source = proto->source;
    error->position = proto_position(proto, origin->frames[0].word);
    source_place(proto->source, error->position, &line, &column);
    error_locate(value, proto->source->name, line, column);
    source_tell_expansion_at(cp, proto->source, value, error->position);
}

void unwind_locate(struct thread *t) {
    cp_value thrown = t->cp->error;
    if (!cp_is_error(thrown)) return;
    struct error *error = error_of(thrown);
    if (error->located || error->origin) return;
    const struct frame *innermost = t->frame;
    if (innermost == t->frames) return;
    /* an argument of a wrong class: the function has not begun, its caller is to be looked at */
    if (innermost->proto->positions[frame_word(innermost)] == POSITION_OF_CALL && innermost[-1].proto) innermost--;
    uint32_t depth = (uint32_t)(innermost - t->frames), count = depth;
    if (count > TRACE_INNER + TRACE_OUTER) count = TRACE_INNER + TRACE_OUTER;
    struct error_origin *origin = cp_alloc(sizeof *origin + count * sizeof origin->frames[0]);
    origin->skipped = depth - count;
    for (uint32_t i = 0; i < count; i++) {
        const struct frame *f = i < TRACE_INNER || !origin->skipped ? innermost - i : t->frames + (count - i);
        origin->frames[i].function = f->base[-1];
        origin->frames[i].word = frame_word(f);
    }
    origin->count = count;
    error->origin = origin;
}

/* ---- handlers ---- */

const struct handler *unwind(struct thread *t, struct frame *stop) {
    bool leaving = leave_is_meant(t->cp, t->cp->error, NULL);
    for (struct frame *f = t->frame; f > stop; f--) {
        uint32_t at = frame_word(f);
        const struct proto *proto = f->proto;
        t->frame = f;
        for (uint32_t i = 0; i < proto->handler_count; i++)
            if (at >= proto->handlers[i].start && at < proto->handlers[i].end &&
                !(leaving && proto->handlers[i].is_catch))
                return &proto->handlers[i];
    }
    t->frame = stop;
    return NULL;
}
