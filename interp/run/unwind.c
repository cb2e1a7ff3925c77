/* SPDX-License-Identifier: GPL-3.0-or-later */
/* unwind.c: from a throw to its catch: places, traces, handlers. */
#include "interp/run/vm.h"

#include "interp/data/error.h"

/* The word of the instruction that a frame is executing: pc stands behind it. */
static uint32_t frame_word(const struct frame *f) {
    uint32_t word = (uint32_t)(f->pc - f->proto->code);
    return word ? word - 1 : 0;
}

static cp_value frame_description(cp_context *cp, const struct frame *f) {
    int line, column;
    const struct proto *proto = f->proto;
    source_place(proto->source, proto->positions[frame_word(f)], &line, &column);
    cp_value title = proto->is_top_level ? cp_string_z(cp, "top level") : function_title(cp, function_of(f->base[-1]));
    return cp_list_n((cp_value[]){title, proto->source->name, cp_fixnum(line), cp_fixnum(column)}, 4);
}

cp_value unwind_trace(struct thread *t, unsigned limit) {
    cp_list_builder list = {0};
    for (const struct frame *f = t->frame; f > t->frames && limit > 0; f--, limit--)
        if (f->proto) cp_list_add(&list, frame_description(t->cp, f));
    return list.list;
}

void unwind_locate(struct thread *t) {
    cp_value thrown = t->cp->error;
    if (!cp_is_error(thrown)) return;
    struct error *error = error_of(thrown);
    if (error->located || error->unwinding) return;
    const struct frame *f = t->frame;
    while (f > t->frames && !f->proto) f--;
    if (f == t->frames) return;
    int line, column;
    error->unwinding = true;
    uint32_t position = f->proto->positions[frame_word(f)];
    source_place(f->proto->source, position, &line, &column);
    error_locate(thrown, f->proto->source->name, line, column);
    error->source = f->proto->source;
    error->position = position;
    error->trace = unwind_trace(t, 40);
}

const struct handler *unwind(struct thread *t, struct frame *stop) {
    for (struct frame *f = t->frame; f > stop; f--) {
        uint32_t at = frame_word(f);
        const struct proto *proto = f->proto;
        t->frame = f;
        for (uint32_t i = 0; i < proto->handler_count; i++)
            if (at >= proto->handlers[i].start && at < proto->handlers[i].end) return &proto->handlers[i];
    }
    t->frame = stop;
    return NULL;
}
