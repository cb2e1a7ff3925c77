/* SPDX-License-Identifier: GPL-3.0-or-later */
/* comms_login: who a client says it is (comms_client.h): the properties, and what they amount to for modules/sasl. */
#include "modules/comms/comms_client.h"

#include "modules/comms/comms_peer.h"
#include "modules/comms/comms_redaction.h"

/* ---- properties ---- */

static bool has_nul(cp_value text) {
    return text != CP_NIL && memchr(cp_string_text(text), 0, cp_string_size(text)) != NULL;
}

cp_value comms_client_get_user(cp_context *cp, cp_value self) { return comms_client_of(cp, self)->user; }
cp_value comms_client_set_user(cp_context *cp, cp_value self, cp_value value) {
    if (has_nul(value)) return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a user has no NUL character");
    return comms_client_of(cp, self)->user = value;
}

cp_value comms_secret_shown(cp_context *cp, const comms_secret *secret) {
    return secret == NULL ? CP_NIL : cp_string_z(cp, "*****");
}
cp_value comms_client_get_password(cp_context *cp, cp_value self) {
    return comms_secret_shown(cp, comms_client_of(cp, self)->password);
}
cp_value comms_client_get_token(cp_context *cp, cp_value self) {
    return comms_secret_shown(cp, comms_client_of(cp, self)->token);
}
cp_value comms_client_set_password(cp_context *cp, cp_value self, cp_value value) {
    comms_secret **password = &comms_client_of(cp, self)->password;
    return comms_secret_set(cp, password, "password", value) == CP_THROWN ? CP_THROWN : value;
}
cp_value comms_client_set_token(cp_context *cp, cp_value self, cp_value value) {
    comms_secret **token = &comms_client_of(cp, self)->token;
    return comms_secret_set(cp, token, "token", value) == CP_THROWN ? CP_THROWN : value;
}

cp_value comms_client_get_password_eval(cp_context *cp, cp_value self) {
    return comms_client_of(cp, self)->password_eval;
}
cp_value comms_client_set_password_eval(cp_context *cp, cp_value self, cp_value value) {
    struct comms_client *client = comms_client_of(cp, self);
    if (has_nul(value)) return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a command has no NUL character");
    comms_secret_forget(cp, &client->evaluated);
    return client->password_eval = value;
}

cp_value comms_client_get_auth_mechanism(cp_context *cp, cp_value self) {
    return comms_client_of(cp, self)->auth_mechanism;
}

/* ---- what they amount to ---- */

bool comms_client_wants_login(const struct comms_client *client) {
    return client->user != CP_NIL || client->token != NULL || client->auth_mechanism != CP_NIL;
}

const char *comms_client_password(const struct comms_client *client) {
    return comms_secret_text(client->password != NULL ? client->password : client->evaluated);
}

/* Has passwordEval print the password, where nothing else says it. CP_NIL, also when there is none: some mechanisms
 * need none. */
static cp_value find_password(cp_context *cp, struct comms_client *client) {
    if (client->password != NULL || client->evaluated != NULL || client->password_eval == CP_NIL) return CP_NIL;
    return comms_secret_evaluate(cp, &client->evaluated, client->password_eval);
}

static sasl_credentials credentials_of(cp_context *cp, struct comms_client *client,
                                       const struct comms_security *security) {
    cp_value host = comms_property_below(cp, &client->module, "host");
    cp_value port = comms_property_below(cp, &client->module, "port");
    int64_t number = 0;
    cp_to_int64(port, &number);
    return (sasl_credentials){.user = client->user == CP_NIL ? NULL : cp_text_z(cp, client->user),
                              .password = comms_client_password(client),
                              .token = comms_secret_text(client->token),
                              .host = cp_is_string(host) ? cp_text_z(cp, host) : NULL,
                              .port = number > 0 && number < 65536 ? (unsigned)number : 0,
                              .binding_type = security->binding_type,
                              .binding = security->binding,
                              .binding_size = security->binding_size};
}

cp_value comms_login_begin(cp_context *cp, struct comms_client *client, struct comms_login *login) {
    if (client->authenticated) /* RFC 4954 4, RFC 5034 4 */
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL,
                        "logged in already: disconnect before logging in as another");
    if (!comms_client_wants_login(client))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING,
                        "nobody has said who we are: set user and password, or token");
    if (find_password(cp, client) == CP_THROWN) return CP_THROWN;
    bool encrypted = comms_security(cp, &client->module, &login->security);
    login->credentials = credentials_of(cp, client, &login->security);
    /* To whoever it is, when nobody has checked: that is no better than in clear, but what the user wants who has
     * turned the checks of Tls off. */
    login->safe = encrypted && (login->security.verified || client->tls != COMMS_TLS_OPPORTUNISTIC);
    if (comms_redaction_begin(cp, &client->module) == CP_THROWN) return CP_THROWN;
    comms_redaction_add(&client->module, login->credentials.password);
    comms_redaction_add(&client->module, login->credentials.token);
    client->authenticating = true;
    return CP_NIL;
}

cp_value comms_login_end(cp_context *cp, struct comms_client *client, struct comms_login *login, const char *mechanism,
                         cp_value result) {
    explicit_bzero(&login->security, sizeof login->security);
    client->authenticating = false;
    client->authenticated = result != CP_THROWN;
    if (result == CP_THROWN) return CP_THROWN; /* the server may come back to it in its goodbye */
    comms_redaction_end(cp, &client->module);
    comms_log(cp, &client->module, "logged in by %s", mechanism);
    return result;
}
