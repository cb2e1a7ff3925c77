/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_words: the server's words as Strings, kept for the next time: a stream of messages is answered by the same few,
 * "250 2.1.5 Ok", and Strings do not change. */
#include "modules/smtp/smtp.h"

/* Whether the String ends in `text`, and has `before` octets in front of it. */
static bool ends_in(cp_value string, size_t before, const char *text, size_t size) {
    if (string == CP_NIL) return false;
    return cp_string_size(string) == before + size && memcmp(cp_string_text(string) + before, text, size) == 0;
}

cp_value smtp_words_enhanced(cp_context *cp, struct smtp_words *words, smtp_enhanced_code code) {
    struct smtp_words_code *slot = &words->codes[(code.subject ^ code.detail) % SMTP_WORDS_CODES];
    if (slot->value == CP_NIL || !smtp_enhanced_code_equal(slot->code, code))
        *slot = (struct smtp_words_code){code, smtp_enhanced_value(cp, code)};
    return slot->value;
}

cp_value smtp_words_text(cp_context *cp, struct smtp_words *words, const char *text) {
    size_t size = strlen(text);
    if (!ends_in(words->text, 0, text, size)) words->text = cp_string_n(cp, text, size);
    return words->text;
}

cp_value smtp_words_reply(cp_context *cp, struct smtp_words *words, int code, smtp_enhanced_code enhanced,
                          const char *text) {
    if (words->reply_code != code || !smtp_enhanced_code_equal(words->reply_enhanced, enhanced) ||
        !ends_in(words->reply, words->reply_before, text, strlen(text))) {
        words->reply = smtp_reply_value(cp, code, enhanced, text);
        words->reply_before = cp_string_size(words->reply) - strlen(text);
        words->reply_code = code;
        words->reply_enhanced = enhanced;
    }
    return words->reply;
}

cp_value smtp_words_state(cp_context *cp, struct smtp_words *words, smtp_message_state state) {
    static const char *const states[] = {
        [SMTP_MESSAGE_ACCEPTED] = "accepted",
        [SMTP_MESSAGE_REFUSED] = "refused",
        [SMTP_MESSAGE_IN_DOUBT] = "inDoubt",
        [SMTP_MESSAGE_NOT_SENT] = "notSent",
    };
    if (words->states[state] == CP_NIL) words->states[state] = cp_symbol_z(cp, states[state]);
    return words->states[state];
}
