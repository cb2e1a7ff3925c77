/* SPDX-License-Identifier: GPL-3.0-or-later */
/* disassemble.h: compiled code as text. */
#ifndef CODE_DISASSEMBLE_H
#define CODE_DISASSEMBLE_H

#include "interp/code/proto.h"

/* Text of a proto's instructions, for the curious and for tests. */
cp_value disassemble(cp_context *cp, struct proto *proto);

#endif
