/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trace.c: class Trace: writes down what goes through it, both ways and with times, and plays such a record again as
 * the bottom of a stack, so that a protocol is tested without a server.
 *
 * Playing, what is sent must be what was sent then, however it is cut into pieces; what was received then comes as soon
 * as all has been sent that was sent before it. So a client that does not wait for replies plays the same record.
 */
#include "modules/comms/comms_redaction.h"
#include "modules/layers/layers.h"
#include "modules/system/support.h"
#include "modules/layers/trace_record.h"

#include <errno.h>
#include <stdlib.h>

enum { FILE_MOST = 64 << 20, LONGEST_PAUSE = 60000, SHOWN = 60 };

/* A record that is being played; its memory is the C library's. */
struct player {
    struct trace_records records;
    size_t start, end;                 /* the session: behind its connect, before the next one or the end */
    size_t send_at, send_offset;       /* the record that is to be sent next, and what of it was */
    size_t receive_at, receive_offset; /* likewise received */
    int64_t last;                      /* ms: the time of what was played last */
};

struct trace {
    struct comms_module module;
    cp_value file;
    bool json, replay, timed;
    bool begun;           /* the file is this Trace's: further sessions are added */
    cp_resource *output;  /* FILE *, while it records */
    cp_resource *playing; /* struct player * */
    int64_t started;
    struct comms_withheld withheld; /* of what is received while somebody logs in */
};

static inline struct trace *trace_of(cp_value self) { return (struct trace *)cp_object_of(self); }

/* ---- recording ---- */

static void close_output(void *resource) { fclose(resource); }

static FILE *output_of(const struct trace *t) { return t->output ? t->output->resource : NULL; }

/* CP_THROWN 5.4: a record with a gap would be worse than none. */
static cp_value record(cp_context *cp, struct trace *t, enum trace_kind kind, const char *bytes, size_t size) {
    FILE *out = output_of(t);
    if (!out) return CP_NIL;
    struct trace_record made = {
        .kind = kind, .milliseconds = cp_now(cp) - t->started, .bytes = (char *)bytes, .size = size};
    if (trace_record_write(cp, out, &made, t->json)) return CP_NIL;
    int number = errno;
    cp_resource_release(cp, t->output);
    t->output = NULL;
    return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_WRITE, number, "cannot write the record %s",
                          cp_text_z(cp, t->file));
}

/* What was received, as far as it may be shown; with 0 bytes, what was withheld and is not to be waited for any more.
 */
static cp_value record_received(cp_context *cp, struct trace *t, const char *bytes, size_t size) {
    const cp_resource *redaction = size > 0 ? comms_redaction_above(&t->module) : NULL;
    const char *shown;
    size_t length = comms_redaction_show(redaction, &t->withheld, bytes, size, &shown);
    return length > 0 ? record(cp, t, TRACE_RECEIVED, shown, length) : CP_NIL;
}

static cp_value start_recording(cp_context *cp, struct trace *t) {
    const char *path = system_text(cp, "file of a Trace", t->file);
    if (!path) return CP_THROWN;
    FILE *out = fopen(path, t->begun ? "ae" : "we");
    if (!out) return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_OPEN, errno, "cannot open %s", path);
    t->output = cp_resource_new(cp, out, close_output);
    t->withheld = (struct comms_withheld){0};
    t->started = cp_now(cp);
    t->begun = true;
    return record(cp, t, TRACE_CONNECT, NULL, 0);
}

/* ---- playing ---- */

static void free_player(void *resource) {
    struct player *p = resource;
    trace_records_free(&p->records);
    free(p);
}

static struct player *player_of(const struct trace *t) { return t->playing ? t->playing->resource : NULL; }

static char *read_file(cp_context *cp, const char *path, size_t *size) {
    FILE *in = fopen(path, "re");
    char *text = NULL;
    if (!in) return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_OPEN, errno, "cannot open %s", path), NULL;
    size_t room = 0;
    *size = 0;
    for (;;) {
        if (*size == room) {
            room = room ? room * 2 : 65536;
            char *more = room > FILE_MOST ? NULL : realloc(text, room);
            if (!more) break;
            text = more;
        }
        size_t count = fread(text + *size, 1, room - *size, in);
        *size += count;
        if (count == 0) break;
    }
    bool failed = ferror(in), whole = feof(in);
    int number = errno;
    fclose(in);
    if (!failed && whole) return text;
    free(text);
    if (failed) cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_READ, number, "cannot read %s", path);
    else
        cp_throw(cp, CP_ERROR_FILE, CP_FILE_READ, "%s is too large for a record: more than %d MB", path,
                 FILE_MOST >> 20);
    return NULL;
}

static cp_value load_records(cp_context *cp, struct trace *t) {
    const char *path = system_text(cp, "file of a Trace", t->file), *reason = "";
    size_t size, line;
    char *text = path ? read_file(cp, path, &size) : NULL;
    if (!text) return CP_THROWN;
    struct player *p = calloc(1, sizeof *p);
    bool fine = p && trace_records_read(cp, text, size, &p->records, &reason, &line);
    free(text);
    if (fine) {
        t->playing = cp_resource_new(cp, p, free_player);
        return CP_NIL;
    }
    free(p);
    if (!p) return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
    return cp_throw(cp, CP_ERROR_FILE, CP_FILE_READ, "%s:%zu is no record: %s", path, line, reason);
}

/* The next session of the file. */
static cp_value start_playing(cp_context *cp, struct trace *t) {
    if (!t->playing && load_records(cp, t) == CP_THROWN) return CP_THROWN;
    struct player *p = player_of(t);
    size_t at = p->end;
    while (at < p->records.count && p->records.items[at].kind != TRACE_CONNECT) at++;
    if (at == p->records.count)
        return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_CONNECT, "%s holds no %ssession", cp_text_z(cp, t->file),
                        p->end > 0 ? "further " : "");
    p->start = p->end = p->send_at = p->receive_at = at + 1;
    while (p->end < p->records.count && p->records.items[p->end].kind != TRACE_CONNECT) p->end++;
    p->send_offset = p->receive_offset = 0;
    p->last = 0;
    return CP_NIL;
}

/* What was received or ended, next; the end of the session when there is no more. */
static size_t next_received(const struct player *p, size_t at) {
    while (at < p->end && (p->records.items[at].kind == TRACE_SENT || p->records.items[at].kind == TRACE_SECRET)) at++;
    return at;
}
static size_t next_sent(const struct player *p, size_t at) {
    while (at < p->end && p->records.items[at].kind != TRACE_SENT && p->records.items[at].kind != TRACE_SECRET) at++;
    return at;
}

static const char *shown(cp_context *cp, const char *bytes, size_t size) {
    return cp_text_z(cp, cp_to_source(cp, cp_string_n(cp, bytes, size < SHOWN ? size : SHOWN)));
}

static cp_value differs(cp_context *cp, const struct trace *t, const char *expected, const char *got) {
    return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_SEND, "the record %s has %s here, not %s",
                    cp_text_z(cp, t->file), expected, got);
}

static cp_value play_send(cp_context *cp, struct trace *t, const struct comms_data *data, bool secret) {
    struct player *p = player_of(t);
    char *bytes = cp_alloc_atomic(data->size + 1);
    comms_flatten(data, bytes);
    for (size_t at = 0; at < data->size;) {
        p->send_at = next_sent(p, p->send_at);
        const char *got = secret ? "a secret" : shown(cp, bytes + at, data->size - at);
        if (p->send_at == p->end) return differs(cp, t, "nothing more that is sent", got);
        const struct trace_record *r = &p->records.items[p->send_at];
        p->last = r->milliseconds;
        if ((r->kind == TRACE_SECRET) != secret)
            return differs(cp, t, r->kind == TRACE_SECRET ? "a secret" : shown(cp, r->bytes, r->size), got);
        if (secret) { /* it may be another one, of another size */
            p->send_at++;
            return CP_NIL;
        }
        size_t left = r->size - p->send_offset, count = data->size - at < left ? data->size - at : left;
        if (memcmp(r->bytes + p->send_offset, bytes + at, count) != 0)
            return differs(cp, t, shown(cp, r->bytes + p->send_offset, left), got);
        at += count;
        p->send_offset += count;
        if (p->send_offset == r->size) p->send_at++, p->send_offset = 0;
    }
    return CP_NIL;
}

static int64_t play_receive(cp_context *cp, struct trace *t, void *into, size_t room) {
    struct player *p = player_of(t);
    size_t at = next_received(p, p->receive_at);
    if (next_sent(p, p->send_at) < at) {
        const struct trace_record *r = &p->records.items[next_sent(p, p->send_at)];
        cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_TIMEOUT, "nothing comes: the record %s has %s sent first",
                 cp_text_z(cp, t->file),
                 r->kind == TRACE_SECRET ? "a secret" : shown(cp, r->bytes + p->send_offset, r->size - p->send_offset));
        return -1;
    }
    if (at == p->end || p->records.items[at].kind != TRACE_RECEIVED) {
        cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_CLOSED, "the record %s ends here", cp_text_z(cp, t->file));
        return -1;
    }
    const struct trace_record *r = &p->records.items[at];
    int64_t pause = r->milliseconds - p->last;
    if (t->timed && pause > 0 && cp_sleep(cp, pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE) == CP_WAIT_CANCELLED)
        return -1;
    if (at != p->receive_at) p->receive_offset = 0;
    size_t left = r->size - p->receive_offset, count = room < left ? room : left;
    memcpy(into, r->bytes + p->receive_offset, count);
    p->last = r->milliseconds;
    p->receive_at = at;
    p->receive_offset += count;
    if (p->receive_offset == r->size) p->receive_at++, p->receive_offset = 0;
    return (int64_t)count;
}

/* ---- what it does in the stack ---- */

static cp_value trace_connect(cp_context *cp, struct comms_module *m) {
    struct trace *t = (struct trace *)m;
    if (t->file == CP_NIL) return cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING, "Trace needs a file");
    if (t->replay && comms_below(m))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "a Trace that replays is the bottom of its stack");
    return t->replay ? start_playing(cp, t) : start_recording(cp, t);
}

static cp_value trace_disconnect(cp_context *cp, struct comms_module *m) {
    struct trace *t = (struct trace *)m;
    cp_value result = record_received(cp, t, "", 0);
    if (result != CP_THROWN) result = record(cp, t, TRACE_DISCONNECT, NULL, 0);
    if (t->output) cp_resource_release(cp, t->output);
    t->output = NULL;
    return result;
}

static cp_value trace_send(cp_context *cp, struct comms_module *m, const struct comms_data *data) {
    struct trace *t = (struct trace *)m;
    bool secret = data->secret || m->passes_secret;
    if (t->replay) return play_send(cp, t, data, secret);
    if (!t->output && start_recording(cp, t) == CP_THROWN) return CP_THROWN; /* put in under a running module */
    const char *bytes = NULL;
    if (!secret && data->count == 1) bytes = data->parts[0].iov_base;
    else if (!secret) {
        char *whole = cp_alloc_atomic(data->size + 1);
        comms_flatten(data, whole);
        bytes = whole;
    }
    /* Before it is on its way, so that no reply stands before it. */
    if (record_received(cp, t, "", 0) == CP_THROWN ||
        record(cp, t, secret ? TRACE_SECRET : TRACE_SENT, bytes, data->size) == CP_THROWN)
        return CP_THROWN;
    return comms_send_data_below(cp, m, data);
}

static int64_t trace_receive(cp_context *cp, struct comms_module *m, void *into, size_t room, int64_t timeout) {
    struct trace *t = (struct trace *)m;
    if (t->replay) return play_receive(cp, t, into, room);
    if (!t->output && start_recording(cp, t) == CP_THROWN) return -1;
    int64_t size = comms_receive_below(cp, m, into, room, timeout);
    if (size > 0) return record_received(cp, t, into, (size_t)size) == CP_THROWN ? -1 : size;
    cp_value error = cp_take_error(cp);
    bool closed = cp_error_class_of(error) == CP_ERROR_COMMUNICATIONS && cp_error_code_of(error) == CP_COMM_CLOSED;
    if (closed && (record_received(cp, t, "", 0) == CP_THROWN || record(cp, t, TRACE_CLOSED, NULL, 0) == CP_THROWN))
        cp_take_error(cp);
    cp_throw_value(cp, error);
    return -1;
}

static bool trace_may_be_bottom(cp_context *cp, struct comms_module *m) {
    return (void)cp, ((struct trace *)m)->replay;
}

/* ---- properties ---- */

static cp_value get_file(cp_context *cp, cp_value self) { return (void)cp, trace_of(self)->file; }
static cp_value set_file(cp_context *cp, cp_value self, cp_value value) {
    struct trace *t = trace_of(self);
    if (value != CP_NIL && !system_text(cp, "file of a Trace", value)) return CP_THROWN;
    t->begun = false;
    t->playing = NULL;
    return t->file = value;
}
static cp_value get_format(cp_context *cp, cp_value self) {
    return cp_symbol_z(cp, trace_of(self)->json ? "json" : "text");
}
static cp_value set_format(cp_context *cp, cp_value self, cp_value value) {
    const char *text = value == CP_NIL ? "text" : cp_text_z(cp, value);
    if (strcmp(text, "text") != 0 && strcmp(text, "json") != 0)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "format is text or json, not %.40s", text);
    trace_of(self)->json = text[0] == 'j';
    return value;
}
static cp_value get_replay(cp_context *cp, cp_value self) { return comms_truth(cp, trace_of(self)->replay); }
static cp_value set_replay(cp_context *cp, cp_value self, cp_value value) {
    struct trace *t = trace_of(self);
    if (t->module.stack != CP_NIL)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "set replay before the Trace is pushed");
    t->replay = cp_is_true(value);
    return value;
}
static cp_value get_timed(cp_context *cp, cp_value self) { return comms_truth(cp, trace_of(self)->timed); }
static cp_value set_timed(cp_context *cp, cp_value self, cp_value value) {
    (void)cp;
    trace_of(self)->timed = cp_is_true(value);
    return value;
}
static cp_value get_finished(cp_context *cp, cp_value self) {
    const struct player *p = player_of(trace_of(self));
    if (!p) return CP_NIL;
    size_t at = next_received(p, p->receive_at);
    return comms_truth(cp, next_sent(p, p->send_at) == p->end &&
                               (at == p->end || p->records.items[at].kind != TRACE_RECEIVED));
}

static const cp_property_def properties[] = {
    COMMS_LOG_PROPERTY,
    {"file", "String", CP_READ_WRITE, NULL, get_file, set_file,
     "Where the record is. It is written anew at the first connect and added to at further ones. Errors: 1.8."},
    {"format", "Symbol|String", CP_READ_WRITE, NULL, get_format, set_format,
     "What is written, a record a line: text (the default: 0.012 received \"220 mx\\r\\n\") or json. Either is read. "
     "Errors: 1.8."},
    {"replay", "Object", CP_READ_WRITE, NULL, get_replay, set_replay,
     "true: the Trace is the bottom of a stack and plays the record, each connect its next session. Errors: 1.2 it is "
     "in "
     "a stack already."},
    {"timed", "Object", CP_READ_WRITE, NULL, get_timed, set_timed,
     "true: what is received comes as late as it came then (at most a minute); () by default: at once."},
    {"finished", "Symbol", CP_READ_ONLY, NULL, get_finished, NULL,
     "true when all of the session that is played has been sent and received."},
    {0},
};

/* ---- methods ---- */

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)self, (void)arguments, (void)count;
    return CP_NIL;
}

static const cp_method_def methods[] = {
    {"Trace", "NIL", "()", construct,
     "Makes a Trace: (create Trace file: \"session.trace\") records, (create Trace file: \"session.trace\" replay: "
     "true) "
     "plays."},
    COMMS_METHODS,
    {0},
};

static const cp_class_def trace_class = {
    .name = "Trace",
    .doc =
        "Writes down what goes through it, both ways, with the seconds since connect; of passwords and what is made of "
        "them only the size, and stars where a server repeats them while somebody logs in. As the bottom of a stack it "
        "plays such a record: what is sent must be the same bytes "
        "(6.4 if not, with what was expected), what was received comes when all before it was sent (6.1 if it was "
        "not), and at the record's end the peer has closed (6.9).",
    .size = sizeof(struct trace),
    .major = 1,
    .properties = properties,
    .methods = methods,
};

/* A server's connections all go to the one file. */
static cp_value trace_copy(cp_context *cp, struct comms_module *m) {
    struct trace *from = (struct trace *)m, *made = trace_of(cp_new(cp, cp_class_of(cp, comms_value(m))));
    made->file = from->file;
    made->json = from->json;
    made->timed = from->timed;
    made->begun = from->begun;
    made->module.log = m->log;
    from->begun = true;
    return comms_value(&made->module);
}

const struct comms_kind trace_kind = {
    .class_def = &trace_class,
    .place = COMMS_MIDDLE,
    .ops = {.connect = trace_connect,
            .disconnect = trace_disconnect,
            .send = trace_send,
            .receive = trace_receive,
            .copy = trace_copy},
    .may_be_bottom = trace_may_be_bottom,
};
