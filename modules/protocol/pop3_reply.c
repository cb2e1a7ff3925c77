/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop3_reply: the words of the server's answers: +OK, -ERR and its codes, numbers, unique ids, the greeting's time
 * stamp.
 */
#include <string.h>

#include "modules/coding/base64.h"
#include "modules/protocol/pop3_client_internal.h"
#include "modules/protocol/smtp_reply.h"

size_t pop3_show_text(char *out, size_t room, const char *text, size_t size) {
    return smtp_text_sanitise(out, room, text, size, false);
}

static void skip_spaces(const char **at, const char *end) {
    while (*at < end && (**at == ' ' || **at == '\t')) (*at)++;
}

/* Digits up to a space or the end. */
static bool read_number(const char **at, const char *end, uint64_t *number) {
    const char *start = *at;
    for (*number = 0; *at < end && **at >= '0' && **at <= '9'; (*at)++) {
        if (*at - start >= 18) return false;
        *number = *number * 10 + (uint64_t)(**at - '0');
    }
    return *at > start && (*at == end || **at == ' ' || **at == '\t');
}

/* ---- +OK and -ERR ---- */

static pop3_code code_named(const char *name) {
    static const struct {
        const char *name;
        pop3_code code;
    } codes[] = {{"IN-USE", POP3_CODE_IN_USE},
                 {"LOGIN-DELAY", POP3_CODE_LOGIN_DELAY},
                 {"SYS/TEMP", POP3_CODE_SYS_TEMP},
                 {"SYS/PERM", POP3_CODE_SYS_PERM},
                 {"AUTH", POP3_CODE_AUTH}};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(codes[i].name, name) == 0) return codes[i].code;
    return POP3_CODE_OTHER;
}

/* "[IN-USE] words": the code is known whether RESP-CODES was offered or not, for the greeting may have one. Anything
 * that is no code by RFC 2449 8 stays a part of the words. */
static const char *read_code(pop3_client *client, const char *at, const char *end) {
    if (at == end || *at != '[') return at;
    const char *close = memchr(at, ']', (size_t)(end - at));
    size_t size = close != NULL ? (size_t)(close - at) - 1 : 0;
    if (size == 0 || size >= sizeof client->code_text) return at;
    for (size_t i = 0; i < size; i++) {
        char c = at[1 + i];
        if (c >= 'a' && c <= 'z') c = (char)(c - 'a' + 'A'); /* RFC 2449 8: in any case */
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '/' || c == '_')) {
            client->code_text[0] = '\0';
            return at;
        }
        client->code_text[i] = c;
    }
    client->code_text[size] = '\0';
    client->code = code_named(client->code_text);
    at = close + 1;
    skip_spaces(&at, end);
    return at;
}

bool pop3_read_answer(pop3_client *client, const char *line, size_t size) {
    const char *end = line + size, *at;
    bool ok = size >= 3 && memcmp(line, "+OK", 3) == 0, error = size >= 4 && memcmp(line, "-ERR", 4) == 0;
    if (!ok && !error) return false;
    at = line + (ok ? 3 : 4);
    if (at < end && *at != ' ' && *at != '\t') return false;
    skip_spaces(&at, end);
    client->ok = ok;
    client->code = POP3_CODE_NONE;
    client->code_text[0] = '\0';
    client->number = client->octets = 0;
    if (error) at = read_code(client, at, end);
    size_t length = pop3_show_text(client->text, sizeof client->text, at, (size_t)(end - at));
    client->text[length] = '\0';
    return true;
}

bool pop3_read_status(pop3_client *client) {
    const char *at = client->text, *end = at + strlen(at);
    if (!read_number(&at, end, &client->number)) return false;
    skip_spaces(&at, end);
    return read_number(&at, end, &client->octets);
}

/* ---- listings ---- */

bool pop3_read_entry(pop3_client *client, pop3_event *event, const char *line, size_t size) {
    const char *at = line, *end = line + size;
    skip_spaces(&at, end);
    if (!read_number(&at, end, &event->number) || event->number == 0) return false;
    skip_spaces(&at, end);
    if (event->command == POP3_LIST) return read_number(&at, end, &event->octets);
    while (end > at && end[-1] == ' ') end--;
    size = (size_t)(end - at);
    if (size == 0 || size > POP3_UID_MAX) return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)at[i] <= 0x20 || (unsigned char)at[i] >= 0x7f) return false; /* RFC 1939 7 */
    memcpy(client->uid, at, size);
    client->uid[size] = '\0';
    event->uid = client->uid;
    return true;
}

/* ---- log-in ---- */

/* <local@domain>, as RFC 1939 7 demands. Who sits in between and chooses other octets could find out the password by
 * collisions of MD5 (Leurent 2007): those hardly ever look like this. */
static bool is_timestamp(const char *text, size_t size) {
    size_t ats = 0;
    for (size_t i = 1; i + 1 < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c <= 0x20 || c >= 0x7f || c == '<') return false;
        ats += c == '@';
    }
    return ats == 1 && text[1] != '@' && text[size - 2] != '@';
}

void pop3_find_timestamp(pop3_client *client, const char *line, size_t size) {
    const char *open = memchr(line, '<', size);
    const char *close = open != NULL ? memchr(open, '>', (size_t)(line + size - open)) : NULL;
    size_t length = close != NULL ? (size_t)(close - open) + 1 : 0;
    if (length < 5 || length >= sizeof client->timestamp || !is_timestamp(open, length)) return;
    memcpy(client->timestamp, open, length);
    client->timestamp[length] = '\0';
}

bool pop3_decode_base64(char *out, const char *text, size_t size, size_t *length) {
    *length = 0;
    return base64_decode(out, length, text, size);
}
