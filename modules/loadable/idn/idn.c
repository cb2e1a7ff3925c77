/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * idn.c: domains beyond ASCII by libidn2 (IDNA 2008, RFC 5891, with the mapping of UTS 46), loaded when one of its
 * functions is first used (stdlib/idn.cpl).
 */
#include <idn2.h>

#include "interp/carapace.h"

bool carapace_module_open(cp_context *cp);
extern const int carapace_module_abi;
const int carapace_module_abi = CP_MODULE_ABI;

enum { DOMAIN_MOST = 1000 }; /* bytes given; the result is at most 253 by the rules */

typedef int (*convert)(const char *input, char **output, int flags);

static int to_ascii(const char *input, char **output, int flags) {
    return idn2_to_ascii_8z(input, output, flags | IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
}

static int to_unicode(const char *input, char **output, int flags) {
    return idn2_to_unicode_8z8z(input, output, flags | IDN2_NONTRANSITIONAL);
}

static cp_value converted(cp_context *cp, cp_value domain, convert how) {
    char *output = NULL;
    size_t size = cp_string_size(domain);
    if (size == 0 || size > DOMAIN_MOST || memchr(cp_string_text(domain), 0, size))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a domain has 1 to 253 bytes and no NUL");
    int status = how(cp_text_z(cp, domain), &output, 0);
    if (status != IDN2_OK)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s cannot be a domain: %s",
                        cp_text_z(cp, cp_to_source(cp, domain)), idn2_strerror(status));
    cp_value result = cp_string_z(cp, output);
    idn2_free(output);
    return result;
}

static cp_value function_to_ascii(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    return converted(cp, arguments[0], to_ascii);
}

static cp_value function_to_unicode(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    return converted(cp, arguments[0], to_unicode);
}

/* Each under its name and, for what is written in C, under one that no script can take. */
static const cp_function_def functions[][2] = {
    {{"domainToAscii", "String", "((domain String))", function_to_ascii,
      "A domain as the DNS and old servers have it: bücher.example is xn--bcher-kva.example (IDNA 2008). Capitals "
      "become "
      "small. Errors: 1.8 with what is wrong."},
     {0}},
    {{"domainToUnicode", "String", "((domain String))", function_to_unicode,
      "The other way: xn--bcher-kva.example is bücher.example. Errors: 1.8."},
     {0}},
    {{"%domainToAscii", "String", "((domain String))", function_to_ascii, "As domainToAscii."}, {0}},
};

bool carapace_module_open(cp_context *cp) {
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        /* A script that has defined a function of its own under such a name keeps it. */
        if (cp_symbol_of(cp_symbol_z(cp, functions[i][0].name))->function == CP_UNSET)
            cp_define_functions(cp, functions[i]);
    }
    return true;
}
