/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests names to addresses and the race of connections (RFC 8305), with addresses that no resolver here would give. */
#include "in_runtime.h"

#include "modules/comms/tcp_address.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static cp_context *cp;
static cp_fd *waiting;

/* ---- helpers ---- */

static struct tcp_address loopback(int port) {
    struct tcp_address address = {.size = sizeof address.ipv4};
    address.ipv4.sin_family = AF_INET;
    address.ipv4.sin_port = htons((uint16_t)port);
    address.ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/* A listening socket; its address in *address. */
static int listener(struct tcp_address *address, int backlog) {
    *address = loopback(0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0 && bind(fd, &address->any, address->size) == 0 && listen(fd, backlog) == 0);
    assert_int_equal(getsockname(fd, &address->any, &address->size), 0);
    return fd;
}

/* One that answers nobody, because its queue is full: SYNs are dropped. */
static int deaf_listener(struct tcp_address *address, int clients[4]) {
    int fd = listener(address, 0);
    for (int i = 0; i < 4; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(clients[i], &address->any, address->size);
    }
    return fd;
}

static void close_all(const int *fds, int count) {
    for (int i = 0; i < count; i++) close(fds[i]);
}

/* An address at which nobody listens. */
static struct tcp_address refusing(void) {
    struct tcp_address address;
    close(listener(&address, 1));
    return address;
}

static int descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 200; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static cp_fd *race(const struct tcp_addresses *addresses, int64_t timeout) {
    return tcp_race(cp, addresses, NULL, "test", timeout < 0 ? -1 : cp_now(cp) + timeout, timeout, &waiting);
}

static const char *thrown(int code) {
    cp_value error = cp_take_error(cp);
    assert_int_equal(cp_error_class_of(error), CP_ERROR_COMMUNICATIONS);
    assert_int_equal(cp_error_code_of(error), code);
    return cp_text_z(cp, cp_error_text_of(error));
}

/* ---- tests ---- */

static void next_when_one_is_refused(void **unused) {
    (void)unused;
    struct tcp_address good;
    int fd = listener(&good, 5);
    struct tcp_addresses addresses = {.count = 3, .list = {refusing(), refusing(), good}};
    int64_t start = cp_now(cp);
    cp_fd *won = race(&addresses, 5000);
    assert_non_null(won);
    assert_true(cp_now(cp) - start < 200); /* it did not wait for 250 ms twice */
    struct tcp_address peer = {.size = sizeof peer.ipv6};
    assert_int_equal(getpeername(won->fd, &peer.any, &peer.size), 0);
    assert_int_equal(tcp_address_port(&peer), tcp_address_port(&good));
    cp_fd_close(cp, won);
    close(fd);
    assert_null(waiting);
}

static void next_when_one_is_silent(void **unused) {
    (void)unused;
    int clients[4], before = descriptors();
    struct tcp_addresses addresses = {.count = 2};
    int deaf = deaf_listener(&addresses.list[0], clients), good = listener(&addresses.list[1], 5);
    int64_t start = cp_now(cp);
    cp_fd *won = race(&addresses, 5000);
    assert_non_null(won);
    int64_t took = cp_now(cp) - start;
    assert_true(took >= 240 && took < 2000);
    cp_fd_close(cp, won);
    close_all((int[]){deaf, good, clients[0], clients[1], clients[2], clients[3]}, 6);
    assert_true(descriptors() <= before + 1); /* the event loop's own may have come */
}

static void all_fail(void **unused) {
    (void)unused;
    struct tcp_addresses addresses = {.count = 2, .list = {refusing(), refusing()}};
    assert_null(race(&addresses, 5000));
    char a[TCP_ADDRESS_TEXT], b[TCP_ADDRESS_TEXT], expected[400];
    tcp_address_text(&addresses.list[0], a);
    tcp_address_text(&addresses.list[1], b);
    snprintf(expected, sizeof expected, "cannot connect to %s: Connection refused; %s: Connection refused", a, b);
    assert_string_equal(thrown(CP_COMM_CONNECT), expected);
}

static void none_in_time(void **unused) {
    (void)unused;
    int clients[4], more[4];
    struct tcp_addresses addresses = {.count = 3};
    int deaf = deaf_listener(&addresses.list[0], clients), other = deaf_listener(&addresses.list[1], more);
    addresses.list[2] = refusing();
    int64_t start = cp_now(cp);
    assert_null(race(&addresses, 700));
    assert_true(cp_now(cp) - start >= 690);
    assert_non_null(strstr(thrown(CP_COMM_TIMEOUT), "within 700 ms; 127.0.0.1:"));
    addresses.count = 1;
    assert_null(race(&addresses, 50));
    assert_non_null(strstr(thrown(CP_COMM_TIMEOUT), "within 50 ms"));
    close_all((int[]){deaf, other}, 2);
    close_all(clients, 4);
    close_all(more, 4);
}

static void resolving(void **unused) {
    (void)unused;
    struct tcp_addresses found;
    char text[TCP_ADDRESS_TEXT];
    assert_true(tcp_resolve(cp, "[::1]", 25, AF_UNSPEC, false, -1, &waiting, &found) == CP_NIL);
    assert_int_equal(found.count, 1);
    tcp_address_text(&found.list[0], text);
    assert_string_equal(text, "[::1]:25");
    assert_true(tcp_resolve(cp, "127.0.0.1", 1, AF_UNSPEC, false, -1, &waiting, &found) == CP_NIL);
    tcp_address_text(&found.list[0], text);
    assert_string_equal(text, "127.0.0.1:1");
    assert_true(tcp_resolve(cp, "127.0.0.1", 1, AF_INET6, false, -1, &waiting, &found) == CP_THROWN);
    thrown(CP_COMM_NOT_RESOLVED);
    assert_true(tcp_resolve(cp, "localhost", 80, AF_INET, false, cp_now(cp) + 10000, &waiting, &found) == CP_NIL);
    assert_true(found.count >= 1 && found.list[0].any.sa_family == AF_INET && tcp_address_port(&found.list[0]) == 80);
    assert_true(tcp_resolve(cp, NULL, 0, AF_UNSPEC, true, -1, &waiting, &found) == CP_NIL);
    assert_true(found.count >= 1);
    char name[300];
    memset(name, 'a', 299);
    name[299] = 0;
    assert_true(tcp_resolve(cp, name, 1, AF_UNSPEC, false, -1, &waiting, &found) == CP_THROWN);
    assert_int_equal(cp_error_code_of(cp_take_error(cp)), CP_BAD_ARGUMENT);
    /* the time is over before the name can be looked up */
    assert_true(tcp_resolve(cp, "no-such-name.invalid", 1, AF_UNSPEC, false, cp_now(cp) - 1, &waiting, &found) ==
                CP_THROWN);
    cp_value error = cp_take_error(cp);
    assert_true(cp_error_code_of(error) == CP_COMM_TIMEOUT || cp_error_code_of(error) == CP_COMM_NOT_RESOLVED);
    assert_null(waiting);
}

static int all(cp_context *context, void *unused) {
    (void)unused;
    cp = context;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_when_one_is_refused),
        cmocka_unit_test(next_when_one_is_silent),
        cmocka_unit_test(all_fail),
        cmocka_unit_test(none_in_time),
        cmocka_unit_test(resolving),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void) { return run_in_runtime(all, true); }
