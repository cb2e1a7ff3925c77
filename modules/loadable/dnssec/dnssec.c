/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dnssec.c: class DnsValidator: lookups whose signatures are checked, by libunbound. The class Dns asks it; scripts ask
 * Dns.
 *
 * libunbound works in an OS thread of its own and tells by a descriptor that answers are there. Of the Carapace Threads
 * that wait for one, one at a time watches the descriptor and takes the answers of all; the others wait for it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unbound.h>
#include <unistd.h>

#include "interp/carapace.h"

bool carapace_module_open(cp_context *cp);
extern const int carapace_module_abi;
const int carapace_module_abi = CP_MODULE_ABI;

enum { CLASS_IN = 1, RCODE_FAILED = 2, RCODE_NO_NAME = 3, RECORDS_MAX = 256 };

static const char *const root_keys[] = {"/usr/share/dns/root.key", "/var/lib/unbound/root.key", NULL};

struct validator {
    cp_object header;
    cp_resource *context; /* struct ub_ctx; its finalizer ends the OS thread */
    int64_t timeout;
    bool watching; /* a thread waits for the descriptor */
    cp_wait_list waiting;
};

/* Of one question. malloc'd, because libunbound holds it; freed by who asked. */
struct question {
    struct ub_result *result;
    int error;
    bool done;
};

static struct validator *validator_of(cp_value self) { return (struct validator *)cp_object_of(self); }
static struct ub_ctx *context_of(const struct validator *v) { return v->context ? v->context->resource : NULL; }
static void delete_context(void *context) { ub_ctx_delete(context); }

static cp_value fail(cp_context *cp, int code, const char *format, const char *what, const char *why) {
    cp_throw(cp, CP_ERROR_DNS, code, format, what, why);
    cp_value error = cp_take_error(cp);
    cp_error_set_detail(cp, error, "temporary", cp_symbol_z(cp, "true"));
    return cp_throw_value(cp, error);
}

/* ---- making ---- */

static cp_value add_anchors(cp_context *cp, struct ub_ctx *context, cp_value path) {
    const char *file = path == CP_NIL ? NULL : cp_text_z(cp, path);
    for (const char *const *known = root_keys; !file && *known; known++)
        if (access(*known, R_OK) == 0) file = *known;
    if (!file)
        return fail(cp, CP_DNS_TRUST_ANCHOR,
                    "the root's keys are not here%s%s: install the package dns-root-data, or set "
                    "trustAnchors",
                    "", "");
    if (access(file, R_OK) != 0)
        return fail(cp, CP_DNS_TRUST_ANCHOR, "trustAnchors %.200s cannot be read: %s", file, strerror(errno));
    int status = ub_ctx_add_ta_file(context, file);
    return status ? fail(cp, CP_DNS_TRUST_ANCHOR, "trustAnchors %.200s cannot be used: %s", file, ub_strerror(status))
                  : CP_NIL;
}

static cp_value set_up(cp_context *cp, struct ub_ctx *context, cp_value servers, cp_value anchors) {
    ub_ctx_debugout(context, NULL); /* nothing on the script's standard error */
    int status = ub_ctx_async(context, 1);
    if (!status) status = ub_ctx_set_option(context, "do-not-query-localhost:", "no"); /* a resolver of this machine */
    if (!status && servers == CP_NIL) status = ub_ctx_resolvconf(context, NULL) ? UB_READFILE : 0;
    for (; !status && cp_is_cell(servers); servers = cp_tail(servers))
        status = ub_ctx_set_fwd(context, cp_text_z(cp, cp_head(servers)));
    if (status)
        return fail(cp, CP_DNS_NO_SERVER, "libunbound does not take the %s: %s", "name servers", ub_strerror(status));
    return add_anchors(cp, context, anchors);
}

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct validator *v = validator_of(self);
    struct ub_ctx *context = ub_ctx_create();
    if (!context) return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "libunbound cannot start: out of memory");
    v->context = cp_resource_new(cp, context, delete_context);
    cp_to_int64(arguments[2], &v->timeout);
    if (set_up(cp, context, arguments[0], arguments[1]) != CP_THROWN) return CP_NIL;
    cp_resource_release(cp, v->context);
    v->context = NULL;
    return CP_THROWN;
}

/* ---- asking ---- */

static void answered(void *data, int error, struct ub_result *result) {
    struct question *question = data;
    question->error = error;
    question->result = result;
    question->done = true;
}

static cp_value watch(cp_context *cp, struct validator *v, int64_t left) {
    struct ub_ctx *context = context_of(v);
    v->watching = true;
    enum cp_wait result = cp_wait_fd(cp, ub_fd(context), CP_READABLE, left);
    if (result == CP_WAIT_READY) ub_process(context);
    v->watching = false;
    cp_wake_all(cp, &v->waiting);
    return result == CP_WAIT_CANCELLED ? CP_THROWN : CP_NIL;
}

static cp_value wait_for(cp_context *cp, struct validator *v, const struct question *question, const char *name) {
    int64_t end = cp_now(cp) + v->timeout;
    while (!question->done) {
        int64_t left = end - cp_now(cp);
        if (left <= 0) return fail(cp, CP_DNS_TIMEOUT, "no name server has answered for %.255s in time%s", name, "");
        if (v->watching) {
            if (cp_wait_on(cp, &v->waiting, left) == CP_WAIT_CANCELLED) return CP_THROWN;
        } else if (watch(cp, v, left) == CP_THROWN) return CP_THROWN;
    }
    return CP_NIL;
}

static cp_value table_of(cp_context *cp, const struct ub_result *result) {
    cp_value table = cp_table(cp);
    cp_list_builder records = {0};
    for (int i = 0; !result->bogus && result->havedata && result->data[i] && i < RECORDS_MAX; i++)
        cp_list_add(&records, cp_binary_n(cp, result->data[i], (size_t)result->len[i]));
    const char *status = result->bogus ? "bogus" : result->secure ? "secure" : "insecure";
    char name[256];
    snprintf(name, sizeof name, "%.255s", result->canonname ? result->canonname : result->qname);
    size_t size = strlen(name);
    if (size > 1 && name[size - 1] == '.') name[size - 1] = '\0';
    for (char *c = name; *c; c++)
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c + 'a' - 'A');
    const struct {
        const char *key;
        cp_value value;
    } rows[] = {{"status", cp_symbol_z(cp, status)},
                {"records", records.list},
                {"found", result->nxdomain ? CP_NIL : cp_symbol_z(cp, "true")},
                {"name", cp_string_z(cp, name)},
                {"reason", result->why_bogus ? cp_string_z(cp, result->why_bogus) : CP_NIL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cp_table_set(cp, table, cp_string_z(cp, rows[i].key), rows[i].value);
    return table;
}

static cp_value give(cp_context *cp, const struct question *question, const char *name) {
    const struct ub_result *result = question->result;
    if (question->error || !result)
        return fail(cp, CP_DNS_FAILED, "%.255s cannot be looked up: %s", name, ub_strerror(question->error));
    if (result->rcode != 0 && result->rcode != RCODE_NO_NAME && !result->bogus)
        return fail(cp, result->rcode == RCODE_FAILED ? CP_DNS_FAILED : CP_DNS_REFUSED,
                    "the name servers could not find out %.255s%s", name, "");
    return table_of(cp, result);
}

static cp_value method_resolve(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct validator *v = validator_of(self);
    const char *name = cp_text_z(cp, arguments[0]);
    int64_t type = 0;
    int id = 0;
    if (!cp_to_int64(arguments[1], &type) || type < 1 || type > 65535)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a type is 1 to 65535");
    if (!v->context) return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "this DnsValidator could not be made");
    struct question *question = calloc(1, sizeof *question);
    if (!question) return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
    int status = ub_resolve_async(context_of(v), name, (int)type, CLASS_IN, question, answered, &id);
    cp_value result = CP_THROWN;
    if (status == UB_INITFAIL || status == UB_SYNTAX) /* it reads its files only now */
        fail(cp, CP_DNS_TRUST_ANCHOR, "libunbound cannot start: %s; are the records of trustAnchors right?%s",
             ub_strerror(status), "");
    else if (status) fail(cp, CP_DNS_FAILED, "%.255s cannot be looked up: %s", name, ub_strerror(status));
    else {
        result = wait_for(cp, v, question, name);
        if (!question->done) ub_cancel(context_of(v), id); /* it is not called any more */
        if (result != CP_THROWN) result = give(cp, question, name);
    }
    if (question->result) ub_resolve_free(question->result);
    free(question);
    return result;
}

/* ---- table ---- */

static const cp_method_def methods[] = {
    {"DnsValidator", "NIL", "((servers List ()) (trustAnchors String ()) (timeout Integer 14000))", construct,
     "Makes one that asks these servers, each ADDRESS@PORT, () for the system's, and begins with the keys of that "
     "file; "
     "timeout is in ms. Errors: 14.8, 14.11."},
    {"resolve", "HashTable", "((name String) (type Integer))", method_resolve,
     "As Dns.validated, with a type's number, and records as Binaries. Errors: 14.3, 14.4, 14.5."},
    {0},
};

static const cp_class_def validator_class = {
    .name = "DnsValidator",
    .doc = "Lookups in the DNS with signatures checked; what Dns.validated and Dns.tlsa use.",
    .size = sizeof(struct validator),
    .major = 1,
    .methods = methods,
};

bool carapace_module_open(cp_context *cp) { return cp_define_class(cp, &validator_class) != NULL; }
