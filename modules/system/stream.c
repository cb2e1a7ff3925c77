/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream.c: the class Stream: reading and writing files, memory, the standard streams and processes in one way.
 */
#include "stream.h"
#include "stream_scan.h"
#include "support.h"

static inline struct stream *stream_of(cp_context *cp, cp_value self) {
    (void)cp;
    return (struct stream *)cp_object_of(self);
}

/* ---- helpers ---- */

static const struct {
    const char *name;
    enum stream_kind kind;
    const char *mode; /* what it is without one */
} kinds[] = {
    {"file", STREAM_FILE, "r"},   {"string", STREAM_STRING, "rw"},  {"octet", STREAM_OCTET, "rw"},
    {"stdio", STREAM_STDIO, "r"}, {"process", STREAM_PROCESS, "r"},
};
enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

static cp_value apply_mode(cp_context *cp, struct stream *s) {
    char mode[4] = "";
    const char *bytes;
    size_t size;
    if (!cp_bytes_of(s->mode, &bytes, &size)) return cp_throw_type(cp, "mode", "String", s->mode);
    if (size < sizeof mode) memcpy(mode, bytes, size);
    size_t length = strlen(mode);
    s->binary = s->kind == STREAM_OCTET || (length > 1 && mode[length - 1] == 'b');
    if (length > 1 && mode[length - 1] == 'b') mode[length - 1] = 0;
    s->readable = strcmp(mode, "r") == 0 || strcmp(mode, "rw") == 0;
    s->writable = strcmp(mode, "w") == 0 || strcmp(mode, "rw") == 0 || strcmp(mode, "a") == 0;
    if (s->readable || s->writable) return CP_NIL;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                    "a Stream's mode is \"r\", \"w\", \"a\" or \"rw\", with a \"b\" behind it for Binary");
}

struct stream *stream_in(cp_context *cp, cp_value v) {
    const cp_class *stream = *cp_module_state(cp, "class Stream");
    return stream && cp_has_class(v, cp_class_number(stream)) ? stream_of(cp, v) : NULL;
}

cp_value stream_over_pipe(cp_context *cp, int fd, bool reading, const char *name) {
    cp_fd *handle = cp_fd_new(cp, fd);
    cp_value made = cp_new(cp, *cp_module_state(cp, "class Stream"));
    struct stream *s = stream_of(cp, made);
    s->kind = STREAM_FILE;
    s->file = cp_string_z(cp, name);
    s->mode = cp_string_z(cp, reading ? "r" : "w");
    s->readable = reading;
    s->writable = !reading;
    *(reading ? &s->in : &s->out) = handle;
    s->line = s->column = 1;
    s->open = true;
    return made;
}

cp_value stream_check(cp_context *cp, const struct stream *s, bool reading) {
    int code = reading ? CP_FILE_READ : CP_FILE_WRITE;
    if (!s->open) return cp_throw(cp, CP_ERROR_FILE, code, "the Stream is not open");
    if (reading ? s->readable : s->writable) return CP_NIL;
    return cp_throw(cp, CP_ERROR_FILE, code, "the Stream is open for %s only", reading ? "writing" : "reading");
}

static cp_value bytes_value(cp_context *cp, const struct stream *s, const unsigned char *bytes, size_t size) {
    return s->binary ? cp_binary_n(cp, bytes, size) : cp_string_n(cp, (const char *)bytes, size);
}

/* Consumes unread bytes and moves the place in the text. */
static void consume(struct stream *s, size_t size) {
    scan_advance(s->input + s->start, size, &s->line, &s->column);
    s->start += size;
}

static cp_value take(cp_context *cp, struct stream *s, size_t size) {
    cp_value result = bytes_value(cp, s, s->input + s->start, size);
    consume(s, size);
    return result;
}

/* Everything up to the end comes into the buffer. False after a throw. */
static bool fill_all(cp_context *cp, struct stream *s) {
    int more;
    do more = stream_fill(cp, s);
    while (more > 0);
    return more == 0;
}

static cp_value put(cp_context *cp, struct stream *s, const void *bytes, size_t size) {
    if (!s->readable) scan_advance(bytes, size, &s->line, &s->column);
    return stream_put(cp, s, bytes, size);
}

/* The standard streams show at once what was written, in step with `print`. */
static cp_value written(cp_context *cp, struct stream *s) {
    return s->kind == STREAM_STDIO ? stream_flush(cp, s) : CP_NIL;
}

/* The next line, CP_DONE at the end, CP_THROWN. */
static cp_value next_line(cp_context *cp, struct stream *s) {
    if (stream_check(cp, s, true) == CP_THROWN) return CP_THROWN;
    size_t searched = 0;
    for (;;) {
        size_t unread = stream_unread(s);
        if (searched > unread) searched = unread; /* another thread has read meanwhile */
        const unsigned char *text = s->input + s->start;
        const unsigned char *newline = unread > searched ? memchr(text + searched, '\n', unread - searched) : NULL;
        if (newline) {
            size_t size = (size_t)(newline - text);
            cp_value result = bytes_value(cp, s, text, scan_line_text(text, size));
            s->start += size + 1;
            s->line++;
            s->column = 1;
            return result;
        }
        searched = unread;
        int more = stream_fill(cp, s);
        if (more < 0) return CP_THROWN;
        if (more == 0) return stream_unread(s) ? take(cp, s, stream_unread(s)) : CP_DONE;
    }
}

static cp_value open_stream(cp_context *cp, struct stream *s, cp_value source) {
    if (s->open && stream_close(cp, s) == CP_THROWN) return CP_THROWN;
    s->at_end = false;
    s->failed = 0;
    s->start = s->end = 0;
    s->line = s->column = 1;
    if (apply_mode(cp, s) == CP_THROWN) return CP_THROWN;
    switch (s->kind) {
    case STREAM_FILE: return stream_open_file(cp, s);
    case STREAM_STDIO: return stream_open_stdio(cp, s);
    case STREAM_PROCESS: return stream_open_process(cp, s);
    case STREAM_STRING:
    case STREAM_OCTET: return stream_open_memory(cp, s, source);
    case STREAM_NONE: break;
    }
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_INVALID, "the Stream has no kind: it was not made by create");
}

/* ---- properties ---- */

static cp_value get_mode(cp_context *cp, cp_value self) { return stream_of(cp, self)->mode; }
static cp_value get_file(cp_context *cp, cp_value self) { return stream_of(cp, self)->file; }
static cp_value get_line(cp_context *cp, cp_value self) { return cp_integer(cp, stream_of(cp, self)->line); }
static cp_value get_column(cp_context *cp, cp_value self) { return cp_integer(cp, stream_of(cp, self)->column); }

static cp_value set_closed(cp_context *cp, cp_value self, cp_value *place, cp_value value, const char *name) {
    if (stream_of(cp, self)->open)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "the %s of an open Stream cannot change: close it first",
                        name);
    return *place = value;
}
static cp_value set_mode(cp_context *cp, cp_value self, cp_value value) {
    return set_closed(cp, self, &stream_of(cp, self)->mode, value, "mode");
}
static cp_value set_file(cp_context *cp, cp_value self, cp_value value) {
    return set_closed(cp, self, &stream_of(cp, self)->file, value, "file");
}

static const cp_property_def properties[] = {
    {"mode", "String", CP_READ_WRITE, NULL, get_mode, set_mode,
     "How the Stream is used. \"r\" reads, \"w\" writes a file anew, \"a\" appends, \"rw\" reads and writes what is "
     "there and creates what is not; a \"b\" behind it makes reading give Binary. Can be set while it is closed."},
    {"file", "String", CP_READ_WRITE, NULL, get_file, set_file,
     "Path of the file, command of the process, or \"in\", \"out\", \"error\". () for memory. Can be set while the "
     "Stream is closed."},
    {"line", "Integer", CP_READ_ONLY, NULL, get_line, NULL,
     "Line of the next character to be read, counted from 1; of a Stream that is only written, of the next to come."},
    {"positionInLine", "Integer", CP_READ_ONLY, NULL, get_column, NULL,
     "Place of that character in its line, in characters from 1."},
    {0},
};

/* ---- methods: opening and closing ---- */

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct stream *s = stream_of(cp, self);
    s->file = s->mode = s->borrowed = CP_NIL;
    s->line = s->column = 1;
    const char *mode = NULL;
    for (int i = 0; i < KIND_COUNT; i++) {
        if (!text_is(arguments[0], kinds[i].name)) continue;
        s->kind = kinds[i].kind;
        mode = kinds[i].mode;
    }
    if (!mode)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "there is no Stream \"%s\": the kinds are file, string, octet, stdio and process",
                        cp_text_z(cp, arguments[0]));
    cp_value source = arguments[1];
    if (s->kind == STREAM_STDIO) {
        if (source == CP_NIL) source = cp_string_z(cp, "in");
        if (!text_is(source, "in")) mode = "w";
    }
    s->mode = arguments[2] == CP_NIL ? cp_string_z(cp, mode) : arguments[2];
    if (stream_in_memory(s)) return open_stream(cp, s, source);
    if (source == CP_NIL) return apply_mode(cp, s); /* opened later */
    if (!cp_is_string(source)) return cp_throw_type(cp, "the Stream's source", "String", source);
    s->file = source;
    return open_stream(cp, s, CP_NIL);
}

static cp_value method_open(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct stream *s = stream_of(cp, self);
    if (s->open && stream_close(cp, s) == CP_THROWN) return CP_THROWN;
    if (!stream_in_memory(s) && arguments[0] != CP_NIL) {
        if (!cp_is_string(arguments[0])) return cp_throw_type(cp, "the Stream's source", "String", arguments[0]);
        s->file = arguments[0];
    }
    if (arguments[1] != CP_NIL) s->mode = arguments[1];
    return open_stream(cp, s, arguments[0]) == CP_THROWN ? CP_THROWN : success(cp);
}

static cp_value method_close(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return stream_close(cp, stream_of(cp, self));
}

static cp_value method_type(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct stream *s = stream_of(cp, self);
    for (int i = 0; i < KIND_COUNT; i++)
        if (kinds[i].kind == s->kind) return cp_symbol_z(cp, kinds[i].name);
    return CP_NIL;
}

/* ---- methods: reading ---- */

static cp_value method_read(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct stream *s = stream_of(cp, self);
    if (stream_check(cp, s, true) == CP_THROWN) return CP_THROWN;
    int64_t wanted = INT64_MAX;
    if (arguments[0] != CP_NIL && (!cp_to_int64(arguments[0], &wanted) || wanted < 0))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a count of characters is 0 or more");
    if (arguments[0] == CP_NIL) {
        if (!fill_all(cp, s)) return CP_THROWN;
        return stream_unread(s) ? take(cp, s, stream_unread(s)) : CP_NIL;
    }
    for (;;) {
        /* Counted anew after each fill, for which another thread may have read meanwhile; fills double the buffer, so
           this stays linear. */
        size_t unread = stream_unread(s), size;
        int64_t left = wanted;
        bool enough;
        if (s->binary) {
            enough = (uint64_t)wanted <= unread;
            size = enough ? (size_t)wanted : unread;
        } else {
            size = unread ? scan_characters(s->input + s->start, unread, s->at_end, &left) : 0;
            enough = left == 0;
        }
        if (enough) return take(cp, s, size);
        if (s->at_end) return size ? take(cp, s, size) : CP_NIL;
        if (stream_fill(cp, s) < 0) return CP_THROWN;
    }
}

/* Reads while characters are (`member`) or are not in the set. */
static cp_value read_span(cp_context *cp, struct stream *s, cp_value characters, bool member) {
    if (stream_check(cp, s, true) == CP_THROWN) return CP_THROWN;
    struct scan_set set;
    scan_set_init(&set, cp_string_text(characters), cp_string_size(characters));
    size_t searched = 0;
    for (;;) {
        size_t unread = stream_unread(s);
        bool stopped = false;
        if (searched > unread) searched = 0;
        if (unread > searched)
            searched += scan_span(&set, member, s->input + s->start + searched, unread - searched, s->at_end, &stopped);
        if (stopped) return take(cp, s, searched);
        if (s->at_end) return searched ? take(cp, s, searched) : CP_NIL;
        if (stream_fill(cp, s) < 0) return CP_THROWN;
    }
}

/* Reads up to a whole text. */
static cp_value read_until_text(cp_context *cp, struct stream *s, cp_value text) {
    if (stream_check(cp, s, true) == CP_THROWN) return CP_THROWN;
    const char *wanted = cp_string_text(text);
    size_t size = cp_string_size(text), searched = 0;
    for (;;) {
        size_t unread = stream_unread(s);
        if (searched > unread) searched = 0;
        const unsigned char *from = s->input + s->start;
        const unsigned char *found =
            unread - searched >= size ? memmem(from + searched, unread - searched, wanted, size) : NULL;
        if (found) return take(cp, s, (size_t)(found - from));
        if (s->at_end) return unread ? take(cp, s, unread) : CP_NIL;
        searched = unread >= size ? unread - size + 1 : 0;
        if (stream_fill(cp, s) < 0) return CP_THROWN;
    }
}

static cp_value method_read_until(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    if (cp_string_size(arguments[0]) == 0)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "readUntil needs at least one character");
    struct stream *s = stream_of(cp, self);
    return arguments[1] != CP_NIL ? read_until_text(cp, s, arguments[0]) : read_span(cp, s, arguments[0], false);
}

static cp_value method_read_while(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return read_span(cp, stream_of(cp, self), arguments[0], true);
}

static cp_value method_read_line(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    cp_value line = next_line(cp, stream_of(cp, self));
    return line == CP_DONE ? CP_NIL : line;
}

static cp_value method_next(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    return method_read_line(cp, self, arguments, count); /* () is what ends a loop */
}

static cp_value method_lines(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    cp_list_builder lines = {0};
    for (;;) {
        cp_value line = next_line(cp, stream_of(cp, self));
        if (line == CP_THROWN) return CP_THROWN;
        if (line == CP_DONE) return lines.list;
        cp_list_add(&lines, line);
    }
}

static cp_value method_finished(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct stream *s = stream_of(cp, self);
    if (!s->open || !s->readable) return truth(cp, true);
    while (!stream_unread(s)) {
        int more = stream_fill(cp, s);
        if (more < 0) return CP_THROWN;
        if (more == 0) return truth(cp, !stream_unread(s));
    }
    return CP_NIL;
}

/* What `string` and `binary` give: all of a memory Stream, else the rest, which is read by it. */
static cp_value content(cp_context *cp, struct stream *s, bool binary) {
    const unsigned char *bytes = s->input;
    size_t size = s->end;
    if (!stream_in_memory(s)) {
        if (stream_check(cp, s, true) == CP_THROWN || !fill_all(cp, s)) return CP_THROWN;
        bytes = s->input + s->start;
        size = stream_unread(s);
    } else if (!binary && s->borrowed != CP_NIL) return s->borrowed;
    cp_value result = binary ? cp_binary_n(cp, bytes ? bytes : (const unsigned char *)"", size)
                             : cp_string_n(cp, bytes ? (const char *)bytes : "", size);
    if (!stream_in_memory(s)) consume(s, size);
    return result;
}

static cp_value method_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct stream *s = stream_of(cp, self);
    /* Printing a Stream must neither wait for input nor fail. */
    if (!stream_in_memory(s) && (!s->open || !s->readable))
        return cp_string_format(cp, "<Stream %s>", cp_is_string(s->file) ? cp_text_z(cp, s->file) : "closed");
    return content(cp, s, false);
}

static cp_value method_binary(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return content(cp, stream_of(cp, self), true);
}

/* ---- methods: writing ---- */

static cp_value put_data(cp_context *cp, struct stream *s, cp_value data) {
    const char *bytes;
    size_t size;
    if (cp_bytes_of(data, &bytes, &size)) return put(cp, s, bytes, size);
    if (!cp_is_list(data))
        return cp_throw_type(cp, "what is written", "String, Binary, Buffer or a List of them", data);
    if (cp_check_stack(cp) == CP_THROWN) return CP_THROWN;
    for (; cp_is_cell(data); data = cp_tail(data))
        if (put_data(cp, s, cp_head(data)) == CP_THROWN) return CP_THROWN;
    return CP_NIL;
}

static cp_value method_write(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    struct stream *s = stream_of(cp, self);
    if (stream_check(cp, s, false) == CP_THROWN) return CP_THROWN;
    for (int i = 0; i < count; i++)
        if (put_data(cp, s, arguments[i]) == CP_THROWN) return CP_THROWN;
    return written(cp, s);
}

static cp_value print(cp_context *cp, cp_value self, const cp_value *arguments, int count, bool lines) {
    struct stream *s = stream_of(cp, self);
    if (stream_check(cp, s, false) == CP_THROWN) return CP_THROWN;
    for (int i = 0; i < count; i++) {
        cp_value text = cp_to_string(cp, arguments[i]);
        if (text == CP_THROWN || put(cp, s, cp_string_text(text), cp_string_size(text)) == CP_THROWN) return CP_THROWN;
        if (lines && put(cp, s, "\n", 1) == CP_THROWN) return CP_THROWN;
    }
    return written(cp, s);
}

static cp_value method_print(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    return print(cp, self, arguments, count, true);
}

static cp_value method_print_aux(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    return print(cp, self, arguments, count, false);
}

static cp_value method_flush(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct stream *s = stream_of(cp, self);
    return s->open && s->writable && !stream_in_memory(s) ? stream_flush(cp, s) : CP_NIL;
}

/* ---- table ---- */

static const cp_method_def methods[] = {
    {"Stream", "NIL", "((kind String|Symbol) (source Object ()) (mode String ()))", construct,
     "Makes a Stream and opens it. (create Stream \"file\" path [mode]) is a file; without a path it is opened later "
     "by `open`. (create Stream \"string\" [text]) and (create Stream \"octet\" [data]) read and write memory; what is "
     "read is String or Binary. (create Stream \"stdio\" \"in\") is standard input, \"out\" and \"error\" the outputs. "
     "(create Stream \"process\" command [mode]) runs a shell command: \"r\" reads its output, \"w\" writes its input, "
     "\"rw\" both. Errors: 5.1 cannot open, 1.8 unknown kind or mode."},
    {"type", "Symbol", "()", method_type, "The kind: file, string, octet, stdio or process."},
    {"open", "Symbol", "((source Object ()) (mode String ()))", method_open,
     "Opens the Stream (again), by default what `file` and `mode` say, from the beginning. For memory `source` is the "
     "new content. Gives ok. Errors: 5.1 cannot open."},
    {"read", "Object", "((count Integer ()))", method_read,
     "Reads `count` characters (bytes, if the Stream gives Binary), or all that is left. Fewer when the end comes "
     "first; () at the end. Errors: 5.3 cannot read."},
    {"readLine", "Object", "()", method_read_line,
     "Reads a line and gives it without its end, LF or CR LF. () at the end. Errors: 5.3 cannot read."},
    {"readUntil", "Object", "((characters String) (whole Object ()))", method_read_until,
     "Reads up to the first of these characters, which stays unread; with `whole`, up to the first place where all of "
     "them stand as one text. All that is left when they do not come; () at the end. Errors: 5.3 cannot read."},
    {"readWhile", "Object", "((characters String))", method_read_while,
     "Reads as long as only these characters come: \"\" when the next is another, () at the end. Errors: 5.3."},
    {"lines", "List", "()", method_lines, "Reads all lines that are left. To go through them one by one use `for`."},
    {"next", "Object", "()", method_next, "The next line, for the loop (for line stream ...)."},
    {"finished", "Symbol", "()", method_finished,
     "true when there is nothing more to read or the Stream is closed, else (). May wait for input."},
    {"write", "NIL", "(...)", method_write,
     "Writes the bytes of Strings, Binaries, Buffers and Lists of them. Errors: 5.4 cannot write, 1.11."},
    {"print", "NIL", "(...)", method_print, "Writes each argument as text, on a line of its own. Errors: 5.4."},
    {"printAux", "NIL", "(...)", method_print_aux, "Writes each argument as text and adds nothing. Errors: 5.4."},
    {"flush", "NIL", "()", method_flush,
     "Writes out what is still held back in memory, as closing and the program's end do. Errors: 5.4 cannot write."},
    {"string", "String", "()", method_string,
     "The whole content of a memory Stream; of all others what is left to read, which is read by this."},
    {"binary", "Binary", "()", method_binary, "The same as bytes."},
    {"close", "Object", "()", method_close,
     "Writes out what is left and closes. () when closed before. Gives the exit status of a process, 128 + n when "
     "signal n ended it, else (). A memory Stream keeps its content. Errors: 5.4 cannot write."},
    {0},
};

const cp_class_def stream_class = {
    .name = "Stream",
    .doc = "Reads and writes files, memory, the standard streams and processes. A text Stream counts characters and "
           "gives Strings, a binary one counts bytes and gives Binaries. Waiting for input gives way to other threads. "
           "What is written reaches the file at `flush`, `close` or the program's end.",
    .size = sizeof(struct stream),
    .major = 1,
    .properties = properties,
    .methods = methods,
};
