/* SPDX-License-Identifier: GPL-3.0-or-later */
/* message_signer.c: the classes that sign messages, of which there is one as yet. */
#include "modules/message/message_signer.h"

struct signer_state {
    uint32_t class_number;
    message_signer_sign sign; /* NULL until the class is loaded */
};

static struct signer_state *state_of(cp_context *cp) {
    void **place = cp_module_state(cp, "message_signer");
    if (!*place) *place = cp_alloc(sizeof(struct signer_state));
    return *place;
}

void message_signer_announce(cp_context *cp, uint32_t class_number, message_signer_sign sign) {
    *state_of(cp) = (struct signer_state){class_number, sign};
}

message_signer_sign message_signer_of(cp_context *cp, cp_value signer) {
    const struct signer_state *state = state_of(cp);
    return state->sign && cp_has_class(signer, state->class_number) ? state->sign : NULL;
}
