/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * comms_sasl: logging in by SASL (RFC 4422) as every client here does it: which mechanism, its dialogue between
 * modules/sasl and the server, and what is said when it does not come off. How the dialogue travels in SMTP (RFC 4954)
 * or POP3 (RFC 5034) is a struct comms_sasl_protocol. OpenSSL, which the mechanisms need, is loaded here, when somebody
 * logs in.
 */
#ifndef COMMS_COMMS_SASL_H
#define COMMS_COMMS_SASL_H

#include "modules/comms/comms_client.h"

/* What a protocol adds. Constant; all but `fits` may wait, during which client->challenged says whether the server
 * waits for a response. */
struct comms_sasl_protocol {
    /* Whether an initial response of so many bytes may stand on the command's own line. */
    bool (*fits)(const char *mechanism, size_t size);
    /* The command, with the initial response or without (NULL), up to the server's challenge or last word. CP_NIL, or
       CP_THROWN when the session has failed. */
    cp_value (*begin)(cp_context *cp, struct comms_client *client, const char *mechanism, const char *initial,
                      size_t size);
    /* Likewise a response to a challenge; NULL gives the exchange up. */
    cp_value (*respond)(cp_context *cp, struct comms_client *client, const char *response, size_t size);
    /* Whether the server's last word was that we are in. */
    bool (*accepted)(const struct comms_client *client);
    /* Throws its last word, which was no, behind `what`. CP_THROWN. */
    cp_value (*refuse)(cp_context *cp, struct comms_client *client, const char *what);
    /* The Error with this text for a server that breaks the rules, or has not proved who it is. */
    cp_value (*broken)(cp_context *cp, cp_value text);
};

/* ---- which ---- */

/* The property authMechanism: a mechanism of SASL, or one of `others` (NULL at the end; NULL for none), which the
 * protocol has besides. The value that is to be kept, a Symbol or (); CP_THROWN (1.8) for any other. */
cp_value comms_sasl_set_mechanism(cp_context *cp, struct comms_client *client, const char *const *others,
                                  cp_value value);
/* The mechanisms that the server offers, `names` with blanks between (NULL: none), as bits; what SCRAM must know of
 * them goes into the credentials. */
uint32_t comms_sasl_offered(const char *names, sasl_credentials *credentials);
/* The mechanism that authMechanism names. SASL_MECHANISMS after a throw (1.12): it is not offered. */
sasl_mechanism comms_sasl_named(cp_context *cp, struct comms_client *client, const char *names, uint32_t offered);

/* ---- the dialogue ---- */

/* Logs in by that mechanism. CP_NIL or CP_THROWN; the exchange is over then, unless the session has failed or
 * client->challenged is set. */
cp_value comms_sasl_log_in(cp_context *cp, struct comms_client *client, const struct comms_sasl_protocol *protocol,
                           const sasl_credentials *credentials, sasl_mechanism mechanism);
/* "bob was not logged in (PLAIN)", with the words behind it when there are some, for a log-in that was refused; what
 * passwordEval has printed is forgotten, for perhaps it knows a newer one by now. */
cp_value comms_sasl_refusal(cp_context *cp, struct comms_client *client, const char *mechanism, const char *words);
/* Keeps a copy of the server's challenge (NULL: it was no base64) until the next one. */
void comms_sasl_challenged(struct comms_client *client, const char *challenge, size_t size);

#endif
