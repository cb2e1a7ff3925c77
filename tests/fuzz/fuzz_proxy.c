/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_proxy.c: what a proxy answers. The first octet says which kind it is and how its words are cut. */
#include "proxy_handshake.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct proxy_handshake handshake;
    struct proxy_target target = {.host = "mail.example.org", .port = 25, .user = "ann", .password = "secret"};
    if (size == 0) return 0;
    unsigned most = 1 + (data[0] >> 3);
    if (data[0] & 2) target.user = NULL;
    proxy_handshake_start(&handshake, data[0] & 1 ? PROXY_HTTP : PROXY_SOCKS5, &target);
    for (size_t at = 1; at < size && handshake.state == PROXY_GOING;) {
        size_t wanted = proxy_handshake_wants(&handshake), count = size - at;
        if (count > wanted) count = wanted;
        if (count > most) count = most;
        if (count == 0) abort(); /* it goes on and wants nothing: it would hang */
        proxy_handshake_input(&handshake, data + at, count);
        at += count;
    }
    proxy_handshake_wipe(&handshake);
    return 0;
}
