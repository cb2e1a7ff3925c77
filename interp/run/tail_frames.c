/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tail_frames.c: tail calls that are not made in place (of methods, by keyword, through apply) leave frames behind that
 * have nothing to do but hand on a result. They cost nothing while there is room; when there is none they are taken
 * out. */
#include "interp/code/instructions.h"
#include "interp/run/vm.h"

enum {
    STEPS_MOST = 16, /* instructions followed from a call to a return */
    WORTH_IT = 16    /* one frame in so many must go: else each call would look through all frames again */
};

/* Whether the frame, when the call that it is making is over, only returns the result, which then is in that register.
 */
static bool hands_on(const struct frame *f, uint32_t result) {
    const struct proto *proto = f->proto;
    uint32_t at = (uint32_t)(f->pc - proto->code) - 1; /* a word of the call: see unwind.c */
    for (uint32_t i = 0; i < proto->handler_count; i++)
        if (at >= proto->handlers[i].start && at < proto->handlers[i].end) return false;
    const uint32_t *pc = f->pc;
    for (int step = 0; step < STEPS_MOST; step++, pc++) {
        uint32_t i = *pc;
        switch ((enum opcode)(i & 255)) {
        case OP_RETURN: return OPERAND_A(i) == result;
        case OP_MOVE:
            if (OPERAND_B(i) != result) return false;
            result = OPERAND_A(i);
            break;
        case OP_JUMP: pc += OPERAND_J(i); break;
        default: return false;
        }
    }
    return false;
}

bool tail_frames_drop(struct thread *t, struct frame *stop, cp_value *end) {
    struct frame *out = stop + 1, *top = t->frame;
    if (top <= out) return false;
    cp_value *base = out->base;
    for (struct frame *f = stop + 1; f <= top; f++) {
        cp_value *old = f->base, *next = f < top ? f[1].base : NULL;
        if (next && hands_on(f, (uint32_t)(next - 1 - old))) continue; /* the frame it called takes its place */
        /* what lies above is of the frame that it called, which comes next */
        memmove(base - 1, old - 1, (size_t)((char *)(next ? next - 1 : end) - (char *)(old - 1)));
        *out++ = (struct frame){f->pc, base, f->proto};
        if (next) base += next - old;
    }
    t->frame = out - 1;
    return (size_t)(top - t->frame) * WORTH_IT >= (size_t)(top - stop);
}
