/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mime_object.h: the object behind the class Mime, for the file of its table and the file that builds from it.
 */
#ifndef MESSAGE_MIME_OBJECT_H
#define MESSAGE_MIME_OBJECT_H

#include "modules/message/message_support.h"

/* The properties that live in slots, in the order of the table. */
enum mime_slot {
    MIME_SLOT_SEPARATOR,
    MIME_SLOT_VERSION,
    MIME_SLOT_ENCODING,
    MIME_SLOT_TYPE,
    MIME_SLOT_SUB_TYPE,
    MIME_SLOT_OPTIONS,
    MIME_SLOT_DISPOSITION,
    MIME_SLOT_DISPOSITION_OPTIONS,
    MIME_SLOT_CONTENT_ID,
    MIME_SLOT_SEED
};

enum mime_object_content {
    MIME_OBJECT_EMPTY,
    MIME_OBJECT_TEXT,      /* content: a String, whose line ends may change */
    MIME_OBJECT_BYTES,     /* String or Binary */
    MIME_OBJECT_FILE,      /* path */
    MIME_OBJECT_TEXT_FILE, /* path of what is read by people */
    MIME_OBJECT_PARSED     /* an entity of a message that was read */
};

struct mime_parsed;

/* One part. It is a multipart when its type says so; then it has children and no content. */
struct mime_object {
    cp_object header;
    enum mime_object_content kind;
    cp_value content;
    cp_list_builder children; /* Mimes */
    cp_value open;            /* List of the Mimes below this one that were started and not ended, innermost first */
    bool started, ended;      /* as a multipart */
    uint64_t boundaries;      /* made by newBoundary and startMultipart */
    cp_value headers;         /* the property; of what was parsed it is made when it is first asked for */

    struct mime_parsed *parsed; /* what it was read from, NULL of what is built */
    uint32_t entity;            /* of that */
    bool headers_made;
    bool children_made; /* `children` holds its parts */
    bool touched;       /* changed since: it is written anew, not as it came */
};

static inline struct mime_object *mime_object_of(cp_value self) { return (struct mime_object *)cp_object_of(self); }

bool mime_object_is_multipart(cp_context *cp, cp_value self);
/* The type as it will be written, as two Strings. */
void mime_object_type(cp_context *cp, cp_value self, cp_value *type, cp_value *sub_type);

/* The property `headers`. CP_THROWN. */
cp_value mime_object_headers(cp_context *cp, cp_value self);
/* The Mimes below this one, for reading. False after a throw. */
bool mime_object_children(cp_context *cp, cp_value self, cp_value *children);
/* To be called before anything of a Mime is changed: one that was parsed is from now on written anew. False after a
   throw. */
bool mime_object_touch(cp_context *cp, cp_value self);
/* Whether it, and all below it, is as it was parsed. */
bool mime_object_is_whole(cp_value self);

/* ---- what was read: mime_read.c and mime_parsed.h ---- */

cp_value mime_method_parse(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value mime_method_parts(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value mime_method_walk(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value mime_method_text(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value mime_method_html(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value mime_method_attachments(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value mime_method_save_to(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value mime_method_header(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value mime_method_all_headers(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value mime_method_content(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value mime_method_data(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value mime_method_write_content_to(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value mime_method_report(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value mime_get_file_name(cp_context *cp, cp_value self);
cp_value mime_get_raw_headers(cp_context *cp, cp_value self);
cp_value mime_get_defects(cp_context *cp, cp_value self);

/* ---- values of headers with options ---- */

/* False after a throw (1.8) unless it is a List of Lists (name value), the names tokens, the values on one line. */
bool mime_check_options(cp_context *cp, const char *field, cp_value options);
/* `; name=value` for each option, as text. CP_THROWN. */
cp_value mime_options_text(cp_context *cp, cp_value start, cp_value options);
/* Takes apart `start; name=value; ...`. False after a throw (1.8). */
bool mime_split_options(cp_context *cp, const char *field, cp_value text, cp_value *start, cp_value *options);
/* The value of the option of that name, without regard to case; CP_UNSET. */
cp_value mime_option(cp_value options, const char *name);

#endif
