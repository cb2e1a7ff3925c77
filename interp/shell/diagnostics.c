/* SPDX-License-Identifier: GPL-3.0-or-later */
/* diagnostics.c: Errors for a person's eyes. */
#include "interp/shell/diagnostics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "interp/data/error.h"
#include "interp/lang/binder.h"

static bool with_colours(void) {
    const char *no = getenv("NO_COLOR");
    return isatty(STDERR_FILENO) && !(no && *no);
}

/* Tabs before the caret stay tabs, so that it stands beneath its character whatever the tab width. */
static void print_caret(const char *line, size_t size, int column, bool colours) {
    fputs("    ", stderr);
    int at = 1;
    for (size_t i = 0; i < size && at < column; i++) {
        if (((unsigned char)line[i] & 0xC0) == 0x80) continue;
        putc(line[i] == '\t' ? '\t' : ' ', stderr);
        at++;
    }
    fputs(colours ? "\033[1;31m^\033[0m\n" : "^\n", stderr);
}

static void print_source_line(const struct source *source, uint32_t position, bool colours) {
    size_t size;
    const char *line = source_line_at(source, position, &size);
    int place_line, column;
    source_place(source, position, &place_line, &column);
    size_t shown = size > 300 ? 300 : size;
    fputs("    ", stderr);
    for (size_t i = 0; i < shown; i++) putc((unsigned char)line[i] < ' ' && line[i] != '\t' ? '?' : line[i], stderr);
    putc('\n', stderr);
    if ((size_t)column <= shown + 1) print_caret(line, shown, column, colours);
}

/* The line of an Error's place, and of the macro call that is to blame when that is another one. */
static void print_source_lines(cp_context *cp, cp_value value, bool colours) {
    const struct error *error = error_of(value);
    int line = 0, column = 0;
    if (error->source) source_place(error->source, error->position, &line, &column);
    bool shown = error->source && line == error->line; /* else the place was set by hand */
    if (shown) print_source_line(error->source, error->position, colours);
    if (!error->expansion_source) return;
    fprintf(stderr, "  in the expansion of the macro %s\n", cp_text_z(cp, cp_error_detail(cp, value, "expansion")));
    if (!shown || error->expansion_source != error->source || error->expansion_position != error->position)
        print_source_line(error->expansion_source, error->expansion_position, colours);
}

/* A recursion's frames are alike: how often is enough. */
static void print_trace(cp_context *cp, cp_value trace) {
    if (cp_list_length(trace) < 2) return;
    while (cp_is_cell(trace)) {
        cp_value frame = cp_head(trace);
        unsigned times = 1;
        while (cp_is_cell(trace = cp_tail(trace)) && cp_equal(cp, frame, cp_head(trace))) times++;
        if (form_item(frame, 2) == cp_fixnum(0)) { /* where calls are left out */
            fprintf(stderr, "  %s\n", cp_text_z(cp, form_item(frame, 0)));
            continue;
        }
        fprintf(stderr, "  in %s at %s:%ld", cp_text_z(cp, form_item(frame, 0)), cp_text_z(cp, form_item(frame, 1)),
                (long)cp_fixnum_value(form_item(frame, 2)));
        if (times > 1) fprintf(stderr, ", %u times", times);
        putc('\n', stderr);
    }
}

/* An Error's text may quote what another machine has sent: no control character of it reaches the terminal. */
static void print_text(const char *text) {
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0) p++, putc('?', stderr); /* U+0080 to U+009F */
        else putc((*p < ' ' && *p != '\n' && *p != '\t') || *p == 0x7F ? '?' : *p, stderr);
    }
}

/* Through which files it was reached. An Error of running code has them in its trace. */
static void print_loads(cp_context *cp, cp_value error) {
    cp_value chain = cp_error_detail(cp, error, "loadedFrom");
    if (chain == CP_UNSET || cp_list_length(error_of(error)->trace) >= 2) return;
    for (; cp_is_cell(chain); chain = cp_tail(chain)) {
        cp_value place = cp_head(chain);
        fprintf(stderr, "  loaded from %s:%ld\n", cp_text_z(cp, form_item(place, 0)),
                (long)cp_fixnum_value(form_item(place, 1)));
    }
}

void diagnostics_print(cp_context *cp, cp_value value) {
    struct error *error = error_of(value);
    error_settle(cp, value);
    bool colours = with_colours();
    fflush(stdout);
    if (error->line > 0) fprintf(stderr, "%s:%d:%d: ", cp_text_z(cp, error->file), error->line, error->column);
    fprintf(stderr, colours ? "\033[1;31merror %d.%d:\033[0m " : "error %d.%d: ", error->error_class, error->code);
    print_text(cp_text_z(cp, error->text));
    putc('\n', stderr);
    print_source_lines(cp, value, colours);
    print_trace(cp, error->trace);
    print_loads(cp, value);
    int depth = 0;
    for (cp_value cause = error->cause; cp_is_error(cause) && depth < 5; cause = error_of(cause)->cause, depth++) {
        fputs("  because of ", stderr);
        print_text(cp_text_z(cp, error_string(cp, cause, true)));
        putc('\n', stderr);
    }
}

static void print_json_string(const char *text) {
    putchar('"');
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\') printf("\\%c", *p);
        else if (*p < 0x20) printf("\\u%04x", *p);
        else putchar(*p);
    }
    putchar('"');
}

void diagnostics_print_json(cp_context *cp, cp_value value) {
    struct error *error = error_of(value);
    error_settle(cp, value);
    fputs("{\"file\":", stdout);
    print_json_string(cp_text_z(cp, error->file));
    printf(",\"line\":%d,\"column\":%d,\"severity\":\"error\",\"class\":%d,\"code\":%d,\"text\":", error->line,
           error->column, error->error_class, error->code);
    print_json_string(cp_text_z(cp, error->text));
    fputs("}\n", stdout);
}

static bool is_temporary(cp_value value) {
    for (cp_value d = error_of(value)->details; cp_is_cell(d); d = cp_tail(d))
        if (cp_is_cell(cp_head(d)) && cp_is_symbol(cp_head(cp_head(d))) &&
            !strcmp(cp_symbol_of(cp_head(cp_head(d)))->text, "temporary"))
            return cp_tail(cp_head(d)) != CP_NIL;
    return false;
}

int diagnostics_status(cp_value value) {
    const struct error *error = error_of(value);
    switch (error->error_class) {
    case CP_ERROR_PARSE: return EX_DATAERR;
    case CP_ERROR_CONFIGURATION: return EX_CONFIG;
    case CP_ERROR_FATAL: return EX_SOFTWARE;
    case CP_ERROR_SYSTEM: return error->code == EINTR ? 130 : 1;
    case CP_ERROR_CARAPACE: return error->code == CP_INTERNAL ? EX_SOFTWARE : 1;
    case CP_ERROR_COMMUNICATIONS:
        return error->code == CP_COMM_CONNECT || error->code == CP_COMM_NOT_RESOLVED ? EX_UNAVAILABLE : EX_TEMPFAIL;
    default: break;
    }
    if (error->error_class >= CP_ERROR_SMTP) {
        if (is_temporary(value)) return EX_TEMPFAIL;
        if (error->error_class == CP_ERROR_SMTP)
            return error->code >= 400 && error->code < 500 ? EX_TEMPFAIL : EX_UNAVAILABLE;
    }
    return 1;
}
