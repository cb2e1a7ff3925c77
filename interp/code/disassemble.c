/* SPDX-License-Identifier: GPL-3.0-or-later */
/* disassemble.c: a proto's instructions as text, for the curious, for tests and for who works on the generator. */
#include "interp/base/vector.h"
#include "interp/code/disassemble.h"
#include "interp/code/instructions.h"

static void operand_text(struct bytes *out, uint32_t word, enum instruction_format format) {
    switch (format) {
    case FORMAT_0: break;
    case FORMAT_A:
    case FORMAT_AJ: bytes_printf(out, "R%u", OPERAND_A(word)); break;
    case FORMAT_AB: bytes_printf(out, "R%u R%u", OPERAND_A(word), OPERAND_B(word)); break;
    case FORMAT_ABC:
    case FORMAT_ABCW:
    case FORMAT_ABCJ: bytes_printf(out, "%u %u %u", OPERAND_A(word), OPERAND_B(word), OPERAND_C(word)); break;
    case FORMAT_ABsC: bytes_printf(out, "R%u R%u %d", OPERAND_A(word), OPERAND_B(word), OPERAND_SC(word)); break;
    case FORMAT_ABx:
    case FORMAT_ABxW: bytes_printf(out, "R%u K%u", OPERAND_A(word), OPERAND_BX(word)); break;
    case FORMAT_AsBx: bytes_printf(out, "R%u %d", OPERAND_A(word), OPERAND_SBX(word)); break;
    case FORMAT_J: bytes_printf(out, "%d", OPERAND_J(word)); break;
    case FORMAT_ABW: bytes_printf(out, "R%u %u", OPERAND_A(word), OPERAND_B(word)); break;
    }
}

cp_value disassemble(cp_context *cp, struct proto *proto) {
    struct bytes out = {0};
    for (uint32_t at = 0; at < proto->code_count;) {
        uint32_t word = proto->code[at];
        enum opcode op = word & 255;
        const struct instruction_info *info = &instruction_infos[op];
        int line, column;
        source_place(proto->source, proto_position(proto, at), &line, &column);
        bytes_printf(&out, "%4u  %4d:%-3d %-22s ", at, line, column, info->name);
        operand_text(&out, word, info->format);
        at++;
        if (instruction_words(op) == 2) {
            uint32_t second = proto->code[at++];
            if (info->format == FORMAT_ABCJ || info->format == FORMAT_AJ) bytes_printf(&out, " -> %u", at + second);
            else bytes_printf(&out, " [%u]", second);
            if (op == OP_CLOSURE) at += second;
        } else if (info->format == FORMAT_J) bytes_printf(&out, " -> %u", at + (uint32_t)OPERAND_J(word));
        else if (op == OP_JUMP_NIL || op == OP_JUMP_TRUE || op == OP_GIVEN)
            bytes_printf(&out, " -> %u", at + (uint32_t)OPERAND_SBX(word));
        bytes_append(&out, "\n", 1);
    }
    for (uint32_t i = 0; i < proto->handler_count; i++)
        bytes_printf(&out, "      try %u..%u -> %u R%u\n", proto->handlers[i].start, proto->handlers[i].end,
                     proto->handlers[i].target, proto->handlers[i].reg);
    cp_value text = cp_string_n(cp, out.data ? out.data : "", out.length);
    bytes_free(&out);
    return text;
}
