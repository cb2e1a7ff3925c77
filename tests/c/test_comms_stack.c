/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests what comms_stack.h and util.h promise to modules in C: places, data that is not copied, secrets, the buffer. */
#include "in_runtime.h"

#include "modules/comms/comms_stack.h"
#include "modules/comms/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static cp_context *cp;

/* ---- a bottom without a network ---- */

struct wire {
    struct comms_module module;
    const char *const *pieces; /* what comes, piece by piece, up to NULL */
    char sent[1000];
    const void *first_part; /* of the last data */
    bool secret;
    int connects, disconnects;
};

static cp_value wire_connect(cp_context *context, struct comms_module *m) {
    (void)context;
    ((struct wire *)m)->connects++;
    return CP_NIL;
}
static cp_value wire_disconnect(cp_context *context, struct comms_module *m) {
    (void)context;
    ((struct wire *)m)->disconnects++;
    return CP_NIL;
}
static cp_value wire_send(cp_context *context, struct comms_module *m, const struct comms_data *data) {
    (void)context;
    struct wire *wire = (struct wire *)m;
    size_t length = strlen(wire->sent);
    assert_true(length + data->size < sizeof wire->sent);
    comms_flatten(data, wire->sent + length);
    wire->sent[length + data->size] = 0;
    wire->first_part = data->parts[0].iov_base;
    wire->secret = data->secret;
    return CP_NIL;
}
static int64_t wire_receive(cp_context *context, struct comms_module *m, void *into, size_t room, int64_t timeout) {
    (void)timeout;
    struct wire *wire = (struct wire *)m;
    if (!wire->pieces || !*wire->pieces)
        return cp_throw(context, CP_ERROR_COMMUNICATIONS, CP_COMM_CLOSED, "the end"), -1;
    size_t size = strlen(*wire->pieces);
    assert_true(size <= room);
    memcpy(into, *wire->pieces++, size);
    return (int64_t)size;
}

static const cp_method_def wire_methods[] = {COMMS_METHODS, {0}};
static const cp_property_def log_property[] = {COMMS_LOG_PROPERTY, {0}};
static const cp_class_def wire_class = {
    .name = "Wire", .size = sizeof(struct wire), .properties = log_property, .methods = wire_methods};
static const struct comms_kind wire_kind = {
    .class_def = &wire_class,
    .place = COMMS_BOTTOM,
    .ops = {.connect = wire_connect, .disconnect = wire_disconnect, .send = wire_send, .receive = wire_receive}};

/* ---- a protocol on a Util ---- */

struct talk {
    struct comms_module module;
    bool refuses;
};
static cp_value talk_connect(cp_context *context, struct comms_module *m) {
    if (((struct talk *)m)->refuses) return cp_throw(context, CP_ERROR_COMMUNICATIONS, CP_COMM_CONNECT, "refused");
    return comms_send_below(context, m, "HELLO\n", 6);
}
static cp_value talk_object(cp_context *context, struct comms_module *m, cp_value object) {
    (void)m;
    return cp_string_format(context, "object %d", (int)cp_fixnum_value(object));
}
static const cp_class_def talk_class = {
    .name = "Talk", .size = sizeof(struct talk), .properties = log_property, .methods = wire_methods};
static const char *const on_util[] = {"Util", NULL};
static const struct comms_kind talk_kind = {.class_def = &talk_class,
                                            .place = COMMS_TOP,
                                            .needs_below = on_util,
                                            .ops = {.connect = talk_connect, .send_object = talk_object}};

/* ---- helpers ---- */

static cp_value stack, wire_value, util_value, talk_value;
static struct wire *wire;
static struct comms_module *talk;

static cp_value create(const char *name) {
    cp_value made = cp_create(cp, name, NULL, 0);
    assert_true(made != CP_THROWN);
    return made;
}

static void push(cp_value module) { assert_true(cp_send_z(cp, stack, "push", &module, 1) != CP_THROWN); }

static int build(void **unused) {
    (void)unused;
    stack = create("CommsStack");
    push(wire_value = create("Wire"));
    push(util_value = create("Util"));
    push(talk_value = create("Talk"));
    wire = (struct wire *)wire_value;
    talk = comms_module_of(cp, talk_value);
    return 0;
}

static void assert_thrown(int error_class, int code, const char *words) {
    cp_value error = cp_take_error(cp);
    assert_int_equal(cp_error_class_of(error), error_class);
    assert_int_equal(cp_error_code_of(error), code);
    if (!strstr(cp_text_z(cp, cp_error_text_of(error)), words))
        fail_msg("\"%s\" lacks \"%s\"", cp_text_z(cp, cp_error_text_of(error)), words);
}

/* ---- tests ---- */

static void places(void **unused) {
    (void)unused;
    cp_value other = create("CommsStack"), module = create("Talk");
    assert_true(cp_send_z(cp, other, "push", &module, 1) == CP_THROWN);
    assert_thrown(1, 2, "Talk stands directly on a Util, not at the bottom");
    cp_value bottom = create("Wire");
    assert_true(cp_send_z(cp, other, "push", &bottom, 1) == CP_NIL);
    assert_true(cp_send_z(cp, other, "push", &module, 1) == CP_THROWN);
    assert_thrown(1, 2, "not on Wire");
    module = create("Util");
    assert_true(cp_send_z(cp, stack, "push", &module, 1) == CP_THROWN);
    assert_thrown(1, 2, "Util cannot stand on Talk");
    assert_ptr_equal(comms_below(talk), (void *)util_value);
    assert_null(comms_util_below(cp, comms_module_of(cp, util_value)));
    assert_thrown(1, 2, "Util");
}

static void connecting(void **unused) {
    (void)unused;
    assert_false(comms_is_connected(talk));
    assert_true(comms_connect(cp, talk) == CP_NIL);
    assert_true(comms_is_connected(talk));
    assert_string_equal(wire->sent, "HELLO\n");
    assert_true(comms_connect(cp, talk) == CP_NIL); /* nothing more happens */
    assert_int_equal(wire->connects, 1);
    assert_true(comms_disconnect(cp, talk) == CP_NIL);
    assert_true(comms_disconnect(cp, talk) == CP_NIL);
    assert_int_equal(wire->disconnects, 1);
    /* what was opened for a module that fails is closed again, but nothing else */
    ((struct talk *)talk)->refuses = true;
    assert_true(comms_connect(cp, talk) == CP_THROWN);
    assert_thrown(6, 2, "refused");
    assert_int_equal(wire->disconnects, 2);
    assert_true(comms_connect(cp, &wire->module) == CP_NIL);
    assert_true(comms_connect(cp, comms_below(talk)) == CP_NIL);
    assert_true(comms_connect(cp, talk) == CP_THROWN);
    assert_thrown(6, 2, "refused");
    assert_int_equal(wire->disconnects, 2);
}

static void data_is_not_copied(void **unused) {
    (void)unused;
    assert_true(comms_connect(cp, talk) == CP_NIL);
    wire->sent[0] = 0;
    const char a[] = "one ", b[] = "two";
    struct iovec parts[] = {{(void *)(uintptr_t)a, 4}, {(void *)(uintptr_t)b, 3}};
    struct comms_data data = {.parts = parts, .count = 2, .size = 7, .value = CP_UNSET};
    assert_true(comms_send_data_below(cp, talk, &data) == CP_NIL);
    assert_string_equal(wire->sent, "one two");
    assert_ptr_equal(wire->first_part, a);
    assert_int_equal(wire->module.counters.bytes_sent, 13);
    assert_int_equal(comms_below(talk)->counters.packets_sent, 2);
    cp_value seven = cp_fixnum(7), answer = cp_send_z(cp, stack, "send", &seven, 1);
    assert_string_equal(cp_text_z(cp, answer), "object 7");
}

static void gathering(void **unused) {
    (void)unused;
    cp_value buffer = cp_create(cp, "Buffer", (cp_value[]){cp_string_z(cp, "c")}, 1), text = cp_string_z(cp, "ab");
    cp_value inner = cp_cons(buffer, cp_cons(cp_binary_n(cp, "d", 1), CP_NIL));
    cp_value list = cp_cons(text, cp_cons(inner, cp_cons(cp_string_z(cp, ""), CP_NIL)));
    struct comms_data data;
    assert_true(comms_gather(cp, list, &data) == CP_NIL);
    assert_int_equal(data.size, 4);
    assert_int_equal(data.count, 3);
    assert_ptr_equal(data.parts[0].iov_base, cp_string_text(text));
    cp_send_z(cp, buffer, "reset", NULL, 0);
    cp_send_z(cp, buffer, "append", (cp_value[]){cp_string_z(cp, "XXXX")}, 1);
    char all[5] = "";
    comms_flatten(&data, all);
    assert_string_equal(all, "abcd");
    cp_list_builder many = {0};
    for (int i = 0; i < 1000; i++) cp_list_add(&many, cp_string_format(cp, "%d,", i));
    assert_true(comms_gather(cp, many.list, &data) == CP_NIL);
    assert_int_equal(data.count, 1000);
    assert_int_equal(data.size, 3890);
    cp_value loop = cp_cons(text, CP_NIL);
    cp_cell_of(loop)->tail = cp_cons(loop, CP_NIL); /* a List that holds itself */
    assert_true(comms_gather(cp, loop, &data) == CP_THROWN);
    cp_take_error(cp);
    assert_true(comms_gather(cp, cp_symbol_z(cp, "x"), &data) == CP_THROWN);
    assert_thrown(1, 11, "data to send");
}

static void lines(void **unused) {
    (void)unused;
    static const char *const pieces[] = {"220 hel", "lo\r", "\n250 x\nab", "cdefghij", "klm\n", "rest", NULL};
    assert_true(comms_connect(cp, talk) == CP_NIL);
    wire->pieces = pieces;
    struct comms_util *util = comms_util_below(cp, talk);
    size_t size;
    const char *line = comms_util_line(cp, util, 1000, 0, &size);
    assert_int_equal(size, 9);
    assert_memory_equal(line, "220 hello", 9);
    line = comms_util_line(cp, util, 1000, 0, &size);
    assert_int_equal(size, 5);
    assert_memory_equal(line, "250 x", 5);
    assert_memory_equal(comms_util_peek(util, &size), "ab", 2);
    assert_int_equal(size, 2);
    assert_null(comms_util_line(cp, util, 1000, 8, &size)); /* longer than 8 */
    assert_thrown(6, 3, "first 8 bytes");
    comms_util_peek(util, &size);
    assert_int_equal(size, 10);
    line = comms_util_line(cp, util, 1000, 14, &size);
    assert_int_equal(size, 13);
    assert_memory_equal(line, "abcdefghijklm", 13);
    assert_int_equal(comms_util_fill(cp, util, 0), 4);
    comms_util_consume(util, 2);
    assert_memory_equal(comms_util_peek(util, &size), "st", 2);
    comms_util_forget(util);
    comms_util_peek(util, &size);
    assert_int_equal(size, 0);
    assert_int_equal(comms_util_fill(cp, util, 0), -1);
    assert_thrown(6, 9, "the end");
    assert_false(comms_is_connected(talk));         /* the peer has gone */
    assert_true(comms_connect(cp, talk) == CP_NIL); /* which closes, then connects anew */
    assert_int_equal(wire->disconnects, 1);
}

/* What is sent as a secret is in no log, also when a script stands between. */
static void secrets(void **unused) {
    (void)unused;
    unlink("test_comms_secret.log");
    cp_value log = cp_create(cp, "Log", (cp_value[]){cp_string_z(cp, "./test_comms_secret.log")}, 1);
    assert_true(cp_send_z(cp, log, "levels", (cp_value[]){cp_string_z(cp, "com trace")}, 1) != CP_THROWN);
    static const char script[] = "(class Passing (properties (stack CommsStack) (log Log))\n"
                                 "  (methods (NIL send (data) (this.stack.send data))))";
    assert_true(load_text(cp, cp_string_z(cp, "test"), cp_string_z(cp, script), file_scope_new(cp, false)) !=
                CP_THROWN);
    cp_value module = cp_create(cp, "ScriptModule", (cp_value[]){cp_string_z(cp, "Passing")}, 1);
    assert_true(comms_insert_below(cp, comms_module_of(cp, util_value), comms_module_of(cp, module)) == CP_NIL);
    for (int i = 0; i < 3; i++)
        assert_true(cp_send_z(cp, ((cp_value[]){wire_value, util_value, module})[i], "log", &log, 1) == log);
    assert_true(comms_connect(cp, talk) == CP_NIL);
    struct comms_data data = {
        .count = 1, .size = 7, .value = CP_UNSET, .secret = true, .single = {(void *)(uintptr_t) "hunter2", 7}};
    data.parts = &data.single;
    assert_true(comms_send_data_below(cp, talk, &data) == CP_NIL);
    assert_true(wire->secret);
    assert_true(comms_send_below(cp, talk, "open", 4) == CP_NIL);
    assert_false(wire->secret);
    assert_string_equal(wire->sent, "HELLO\nhunter2open");
    cp_send_z(cp, log, "close", NULL, 0);
    char text[4000] = "";
    FILE *file = fopen("test_comms_secret.log", "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    unlink("test_comms_secret.log");
    assert_null(strstr(text, "hunter2"));
    assert_non_null(strstr(text, "Wire: sends 7 bytes: (secret)"));
    assert_non_null(strstr(text, "Util: sends 4 bytes: open"));
}

static int all(cp_context *context, void *unused) {
    (void)unused;
    cp = context;
    comms_define_module(cp, &wire_kind);
    comms_define_module(cp, &talk_kind);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(places, build),
        cmocka_unit_test_setup(connecting, build),
        cmocka_unit_test_setup(data_is_not_copied, build),
        cmocka_unit_test_setup(gathering, build),
        cmocka_unit_test_setup(lines, build),
        cmocka_unit_test_setup(secrets, build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void) { return run_in_runtime(all, true); }
