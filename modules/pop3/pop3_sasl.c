/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop3_sasl: AUTH (RFC 5034): how the dialogue of comms_sasl.c travels. */
#include "modules/pop3/pop3.h"

#include "modules/comms/comms_sasl.h"

static cp_value begin(cp_context *cp, struct comms_client *client, const char *mechanism, const char *initial,
                      size_t size) {
    struct pop3 *pop3 = (struct pop3 *)client;
    if (pop3_settle(cp, pop3) == CP_THROWN) return CP_THROWN;
    return pop3_await(cp, pop3, pop3_client_auth(pop3->client, mechanism, initial, size), NULL, NULL);
}

static cp_value respond(cp_context *cp, struct comms_client *client, const char *response, size_t size) {
    struct pop3 *pop3 = (struct pop3 *)client;
    if (response != NULL && pop3_settle(cp, pop3) == CP_THROWN) return CP_THROWN;
    return pop3_await(cp, pop3, pop3_client_respond(pop3->client, response, size), NULL, NULL);
}

static bool accepted(const struct comms_client *client) { return ((const struct pop3 *)client)->ok; }

static cp_value refuse(cp_context *cp, struct comms_client *client, const char *what) {
    struct pop3 *pop3 = (struct pop3 *)client;
    return pop3_throw_reply(cp, pop3, what);
}

static cp_value broken(cp_context *cp, cp_value text) {
    return pop3_error(cp, CP_ERROR_POP3, POP3_ERROR_PROTOCOL, text, CP_NIL);
}

const struct comms_sasl_protocol pop3_sasl = {.fits = pop3_client_auth_fits,
                                              .begin = begin,
                                              .respond = respond,
                                              .accepted = accepted,
                                              .refuse = refuse,
                                              .broken = broken};
