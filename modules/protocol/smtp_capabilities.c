/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_capabilities: what a server offers in its reply to EHLO or LHLO (RFC 5321 4.1.1.1, RFC 1869). */
#include "modules/protocol/smtp_capabilities.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A span of the reply's text. */
typedef struct span {
    const char *bytes;
    size_t length;
} span;

typedef struct name_bit {
    const char *name;
    uint32_t bit;
} name_bit;

static const name_bit capability_names[] = {
    {"PIPELINING", SMTP_CAPABILITY_PIPELINING},
    {"8BITMIME", SMTP_CAPABILITY_8BITMIME},
    {"SIZE", SMTP_CAPABILITY_SIZE},
    {"ENHANCEDSTATUSCODES", SMTP_CAPABILITY_ENHANCEDSTATUSCODES},
    {"STARTTLS", SMTP_CAPABILITY_STARTTLS},
    {"AUTH", SMTP_CAPABILITY_AUTH},
    {"CHUNKING", SMTP_CAPABILITY_CHUNKING},
    {"BINARYMIME", SMTP_CAPABILITY_BINARYMIME},
    {"DSN", SMTP_CAPABILITY_DSN},
    {"SMTPUTF8", SMTP_CAPABILITY_SMTPUTF8},
    {"LIMITS", SMTP_CAPABILITY_LIMITS},
    {"REQUIRETLS", SMTP_CAPABILITY_REQUIRETLS},
    {"DELIVERBY", SMTP_CAPABILITY_DELIVERBY},
    {"FUTURERELEASE", SMTP_CAPABILITY_FUTURERELEASE},
    {"MT-PRIORITY", SMTP_CAPABILITY_MT_PRIORITY},
    {"VRFY", SMTP_CAPABILITY_VRFY},
    {"HELP", SMTP_CAPABILITY_HELP},
    {"ETRN", SMTP_CAPABILITY_ETRN},
    {"EXPN", SMTP_CAPABILITY_EXPN},
    {"BURL", SMTP_CAPABILITY_BURL},
    {"CHECKPOINT", SMTP_CAPABILITY_CHECKPOINT},
    {"PRDR", SMTP_CAPABILITY_PRDR},
    {"XCLIENT", SMTP_CAPABILITY_XCLIENT},
    {"XFORWARD", SMTP_CAPABILITY_XFORWARD},
};

static const name_bit mechanism_names[] = {
    {"PLAIN", SMTP_AUTH_PLAIN},
    {"LOGIN", SMTP_AUTH_LOGIN},
    {"CRAM-MD5", SMTP_AUTH_CRAM_MD5},
    {"SCRAM-SHA-1", SMTP_AUTH_SCRAM_SHA_1},
    {"SCRAM-SHA-1-PLUS", SMTP_AUTH_SCRAM_SHA_1_PLUS},
    {"SCRAM-SHA-256", SMTP_AUTH_SCRAM_SHA_256},
    {"SCRAM-SHA-256-PLUS", SMTP_AUTH_SCRAM_SHA_256_PLUS},
    {"XOAUTH2", SMTP_AUTH_XOAUTH2},
    {"OAUTHBEARER", SMTP_AUTH_OAUTHBEARER},
    {"EXTERNAL", SMTP_AUTH_EXTERNAL},
    {"ANONYMOUS", SMTP_AUTH_ANONYMOUS},
    {"GSSAPI", SMTP_AUTH_GSSAPI},
    {"NTLM", SMTP_AUTH_NTLM},
    {"DIGEST-MD5", SMTP_AUTH_DIGEST_MD5},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static uint32_t find_bit(const name_bit *table, size_t count, span word) {
    for (size_t i = 0; i < count; i++)
        if (strlen(table[i].name) == word.length && strncasecmp(table[i].name, word.bytes, word.length) == 0)
            return table[i].bit;
    return 0;
}

/* Takes the next word, cut at spaces, off the front of `rest`; empty at the end. */
static span next_word(span *rest) {
    while (rest->length > 0 && rest->bytes[0] == ' ') rest->bytes++, rest->length--;
    span word = {rest->bytes, 0};
    while (word.length < rest->length && word.bytes[word.length] != ' ') word.length++;
    rest->bytes += word.length;
    rest->length -= word.length;
    return word;
}

/* A whole word as a decimal number, at most `maximum`. False for anything else. */
static bool parse_number(span word, uint64_t maximum, uint64_t *number) {
    uint64_t value = 0;
    if (word.length == 0) return false;
    for (size_t i = 0; i < word.length; i++) {
        unsigned digit = (unsigned char)word.bytes[i] - (unsigned)'0';
        if (digit > 9 || value > (maximum - digit) / 10) return false;
        value = value * 10 + digit;
    }
    *number = value;
    return true;
}

static void take_number(span word, uint32_t *to) {
    uint64_t number;
    if (parse_number(word, UINT32_MAX, &number)) *to = (uint32_t)number;
}

/* Copies a word into the storage at `*at`; returns the copy. */
static const char *store(char **at, span word) {
    char *copy = *at;
    memcpy(copy, word.bytes, word.length);
    copy[word.length] = '\0';
    *at += word.length + 1;
    return copy;
}

/* True when the space-separated list already has the word (upper case). */
static bool list_has(const char *list, size_t list_length, const char *word, size_t length) {
    for (size_t i = 0; i + length <= list_length; i++)
        if ((i == 0 || list[i - 1] == ' ') && memcmp(list + i, word, length) == 0 &&
            (i + length == list_length || list[i + length] == ' '))
            return true;
    return false;
}

enum { MECHANISM_MAX = 20, MECHANISM_LIST_MAX = 1024 }; /* RFC 4422 3.1 allows a name 20 octets */

static void take_mechanisms(smtp_capabilities *capabilities, span rest, char *list, size_t *list_length) {
    for (span word = next_word(&rest); word.length > 0; word = next_word(&rest)) {
        char upper[MECHANISM_MAX];
        if (word.length > MECHANISM_MAX) continue;
        for (size_t i = 0; i < word.length; i++)
            upper[i] = (char)(word.bytes[i] >= 'a' && word.bytes[i] <= 'z' ? word.bytes[i] - 32 : word.bytes[i]);
        if (list_has(list, *list_length, upper, word.length)) continue;
        if (*list_length + word.length + 2 > MECHANISM_LIST_MAX) return;
        if (*list_length > 0) list[(*list_length)++] = ' ';
        memcpy(list + *list_length, upper, word.length);
        *list_length += word.length;
        list[*list_length] = '\0';
        capabilities->auth |= find_bit(mechanism_names, COUNT(mechanism_names), (span){upper, word.length});
    }
}

static void take_limits(smtp_capabilities *capabilities, span rest) {
    for (span word = next_word(&rest); word.length > 0; word = next_word(&rest)) {
        const char *equals = memchr(word.bytes, '=', word.length);
        if (equals == NULL) continue;
        size_t name = (size_t)(equals - word.bytes);
        span value = {equals + 1, word.length - name - 1};
        if (name == 7 && strncasecmp(word.bytes, "MAILMAX", name) == 0)
            take_number(value, &capabilities->limit_mail_max);
        if (name == 7 && strncasecmp(word.bytes, "RCPTMAX", name) == 0)
            take_number(value, &capabilities->limit_rcpt_max);
        if (name == 13 && strncasecmp(word.bytes, "RCPTDOMAINMAX", name) == 0)
            take_number(value, &capabilities->limit_rcpt_domain_max);
    }
}

/* The parameters of one extension; `at` is where texts are stored. */
static void take_parameters(smtp_capabilities *capabilities, uint32_t bit, span rest, char **at) {
    span word;
    switch (bit) {
    case SMTP_CAPABILITY_SIZE: parse_number(next_word(&rest), UINT64_MAX, &capabilities->size_limit); break;
    case SMTP_CAPABILITY_LIMITS: take_limits(capabilities, rest); break;
    case SMTP_CAPABILITY_DELIVERBY: take_number(next_word(&rest), &capabilities->deliver_by_minimum); break;
    case SMTP_CAPABILITY_FUTURERELEASE:
        take_number(next_word(&rest), &capabilities->future_release_seconds);
        word = next_word(&rest);
        if (word.length > 0) capabilities->future_release_date = store(at, word);
        break;
    case SMTP_CAPABILITY_MT_PRIORITY:
        word = next_word(&rest);
        if (word.length > 0) capabilities->mt_priority_profile = store(at, word);
        break;
    default: break;
    }
}

void smtp_capabilities_init(smtp_capabilities *capabilities) {
    *capabilities =
        (smtp_capabilities){.domain = "", .auth_mechanisms = "", .future_release_date = "", .mt_priority_profile = ""};
}

void smtp_capabilities_free(smtp_capabilities *capabilities) {
    free(capabilities->storage);
    free(capabilities->lines);
    smtp_capabilities_init(capabilities);
}

bool smtp_capabilities_parse(smtp_capabilities *capabilities, const smtp_reply *reply) {
    smtp_capabilities_free(capabilities);
    /* Each octet of the reply is stored at most twice (its line, and a word of it), plus the list of mechanisms. */
    char *at = malloc(2 * reply->length + 2 * (size_t)reply->lines + 2 + MECHANISM_LIST_MAX);
    const char **lines = calloc(reply->lines + 1u, sizeof *lines);
    if (at == NULL || lines == NULL) {
        free(at);
        free(lines);
        return false;
    }
    capabilities->storage = at;
    capabilities->lines = lines;
    char *mechanisms = at;
    size_t mechanisms_length = 0;
    mechanisms[0] = '\0';
    at += MECHANISM_LIST_MAX;
    capabilities->auth_mechanisms = mechanisms;

    const char *line = reply->text, *end = reply->text + reply->length;
    for (bool first = true; line <= end; first = false) {
        const char *line_feed = memchr(line, '\n', (size_t)(end - line));
        span rest = {line, (size_t)((line_feed ? line_feed : end) - line)};
        line += rest.length + 1;
        if (first) { /* the server's name and a greeting */
            capabilities->domain = store(&at, next_word(&rest));
            continue;
        }
        if (capabilities->line_count + 1 >= reply->lines) break; /* a reply not of our parser: keep to the room made */
        capabilities->lines[capabilities->line_count++] = store(&at, rest);
        span keyword = next_word(&rest);
        /* Before RFC 2554 some servers wrote "AUTH=LOGIN". */
        if (keyword.length >= 5 && strncasecmp(keyword.bytes, "AUTH=", 5) == 0) {
            rest = (span){keyword.bytes + 5, (size_t)(rest.bytes + rest.length - (keyword.bytes + 5))};
            keyword.length = 4;
        }
        uint32_t bit = find_bit(capability_names, COUNT(capability_names), keyword);
        capabilities->flags |= bit;
        if (bit == SMTP_CAPABILITY_AUTH) take_mechanisms(capabilities, rest, mechanisms, &mechanisms_length);
        else take_parameters(capabilities, bit, rest, &at);
    }
    return true;
}

const char *smtp_capabilities_line(const smtp_capabilities *capabilities, const char *keyword) {
    size_t length = strlen(keyword);
    for (size_t i = 0; i < capabilities->line_count; i++) {
        const char *line = capabilities->lines[i];
        if (strncasecmp(line, keyword, length) == 0 &&
            (line[length] == '\0' || line[length] == ' ' || line[length] == '='))
            return line;
    }
    return NULL;
}
