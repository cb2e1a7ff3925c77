/* SPDX-License-Identifier: GPL-3.0-or-later */
/* comms_session: what a client's session does with the Util beneath, whatever protocol it speaks
 * (comms_client.h). */
#include "modules/comms/comms_client.h"

#include <stdio.h>

cp_value comms_client_need_session(cp_context *cp, const struct comms_client *client, bool begun, bool ready,
                                   cp_value failure) {
    if (!begun)
        return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_NOT_CONNECTED, "not connected: call connect first");
    if (failure != CP_NIL || !ready || !comms_is_connected(&client->module))
        return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_NOT_CONNECTED,
                        "not connected any more%s%s: call connect again", failure != CP_NIL ? ", because " : "",
                        failure != CP_NIL ? cp_text_z(cp, failure) : "");
    return CP_NIL;
}

/* ---- what comes ---- */

int comms_client_receive(cp_context *cp, struct comms_client *client, int64_t wait, struct comms_util **util,
                         const char **bytes, size_t *size) {
    *util = comms_util_below(cp, &client->module);
    if (*util == NULL) return -1;
    *bytes = comms_util_peek(*util, size);
    if (*size > 0) return 1;
    if (comms_util_fill(cp, *util, wait) < 0) {
        cp_value error = cp_take_error(cp);
        if (cp_error_class_of(error) == CP_ERROR_COMMUNICATIONS && cp_error_code_of(error) == CP_COMM_TIMEOUT) return 0;
        cp_throw_value(cp, error);
        return -1;
    }
    *util = comms_util_below(cp, &client->module); /* it may have been changed during the wait */
    if (*util == NULL) return -1;
    *bytes = comms_util_peek(*util, size);
    return 1;
}

/* ---- what ends it ---- */

bool comms_client_lost(cp_context *cp, cp_value error, int *code, const char **words) {
    bool communications = cp_error_class_of(error) == CP_ERROR_COMMUNICATIONS;
    int its_code = cp_error_code_of(error);
    bool connection = communications && its_code != CP_COMM_CANCELLED;
    *code = communications ? its_code : CP_COMM_CLOSED;
    if (connection && its_code == CP_COMM_CLOSED) *words = NULL; /* the engine has words for it */
    else if (*words == NULL) *words = cp_text_z(cp, cp_error_text_of(error));
    return connection;
}

const char *comms_client_silence(char out[COMMS_CLIENT_SILENCE], const char *what, int64_t milliseconds) {
    snprintf(out, COMMS_CLIENT_SILENCE, "%s %lld.%lld s", what, (long long)(milliseconds / 1000),
             (long long)(milliseconds % 1000 / 100));
    return out;
}
