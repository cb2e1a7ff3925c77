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
    MIME_SLOT_HEADERS,
    MIME_SLOT_VERSION,
    MIME_SLOT_ENCODING,
    MIME_SLOT_TYPE,
    MIME_SLOT_SUB_TYPE,
    MIME_SLOT_OPTIONS,
    MIME_SLOT_DISPOSITION,
    MIME_SLOT_DISPOSITION_OPTIONS,
    MIME_SLOT_CONTENT_ID
};

enum mime_object_content {
    MIME_OBJECT_EMPTY,
    MIME_OBJECT_TEXT,     /* content: a String, whose line ends may change */
    MIME_OBJECT_BYTES,    /* String or Binary */
    MIME_OBJECT_FILE,     /* path */
    MIME_OBJECT_TEXT_FILE /* path of what is read by people */
};

/* One part. It is a multipart when its type says so; then it has children and no content. */
struct mime_object {
    cp_object header;
    enum mime_object_content kind;
    cp_value content;
    cp_list_builder children; /* Mimes */
    cp_value open;            /* List of the Mimes below this one that were started and not ended, innermost first */
    bool started, ended;      /* as a multipart */
};

static inline struct mime_object *mime_object_of(cp_value self) { return (struct mime_object *)cp_object_of(self); }

bool mime_object_is_multipart(cp_context *cp, cp_value self);
/* The type as it will be written, as two Strings. */
void mime_object_type(cp_context *cp, cp_value self, cp_value *type, cp_value *sub_type);

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
