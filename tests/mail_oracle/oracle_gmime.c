/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tells what GMime reads in messages, so that tests need not trust our own understanding of MIME, or Python's alone.
 *
 *     oracle_gmime < list-of-file-names     prints one line of JSON for each file:
 *     {"headers": [[name, decoded value]...], "addresses": {"from": [[display name, address]...], "to":..., "cc":...,
 *      "reply-to":...}, "text": string or null, "html": string or null,
 *      "attachments": [{"name":..., "type":..., "id":..., "size":..., "sha256":...}...]}
 *     oracle_gmime --tree < list             prints for each [[name, decoded value]...] and the tree of parts:
 *     [type, file name, text of a text part, SHA-256 of any other leaf's bytes, [trees of the parts]]
 *
 * The first text/plain and the first text/html that are no attachments are the text and the html, decoded to UTF-8;
 * every other leaf is an attachment, its hash taken over the decoded bytes. A file that GMime cannot read is null. */
#include <gmime/gmime.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct contents {
    json_t *text, *html, *attachments;
};

/* json_string refuses bytes that are not UTF-8, and null; the test must see such a value, not lose it. */
static json_t *text_value(const char *text) {
    if (!text) return json_null();
    json_t *value = json_string(text);
    if (value) return value;
    char *valid = g_utf8_make_valid(text, -1);
    value = json_sprintf("(not UTF-8) %s", valid);
    g_free(valid);
    return value;
}

static json_t *type_of(GMimeObject *object) {
    GMimeContentType *type = g_mime_object_get_content_type(object);
    char *name = g_mime_content_type_get_mime_type(type);
    json_t *value = text_value(name);
    g_free(name);
    return value;
}

static bool is_attachment(GMimeObject *object) {
    const char *disposition = g_mime_object_get_disposition(object);
    return disposition && g_ascii_strcasecmp(disposition, "attachment") == 0;
}

/* The decoded bytes of a leaf. The caller owns the array; it is empty for a part without content. */
static GByteArray *decoded_bytes(GMimePart *part) {
    GMimeStream *memory = g_mime_stream_mem_new();
    GMimeDataWrapper *content = g_mime_part_get_content(part);
    if (content) g_mime_data_wrapper_write_to_stream(content, memory);
    GByteArray *bytes = g_byte_array_ref(g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(memory)));
    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(memory), FALSE);
    g_object_unref(memory);
    return bytes;
}

static json_t *describe_attachment(GMimeObject *object) {
    json_t *entry = json_object();
    json_object_set_new(entry, "type", type_of(object));
    json_object_set_new(entry, "id", text_value(g_mime_object_get_content_id(object)));
    if (!GMIME_IS_PART(object)) return entry; /* a whole message: its bytes depend on who writes them out */
    json_object_set_new(entry, "name", text_value(g_mime_part_get_filename(GMIME_PART(object))));
    GByteArray *bytes = decoded_bytes(GMIME_PART(object));
    char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes->data, bytes->len);
    json_object_set_new(entry, "size", json_integer(bytes->len));
    json_object_set_new(entry, "sha256", text_value(sum));
    g_free(sum);
    g_byte_array_unref(bytes);
    return entry;
}

static json_t *text_of(GMimeObject *object) {
    char *text = g_mime_text_part_get_text(GMIME_TEXT_PART(object));
    json_t *value = text_value(text ? text : "");
    g_free(text);
    return value;
}

static void visit(GMimeObject *parent, GMimeObject *object, gpointer data) {
    struct contents *contents = data;
    (void)parent;
    if (GMIME_IS_MULTIPART(object)) return; /* g_mime_multipart_foreach comes to its children by itself */
    if (GMIME_IS_TEXT_PART(object) && !is_attachment(object)) {
        GMimeContentType *type = g_mime_object_get_content_type(object);
        bool plain = g_mime_content_type_is_type(type, "text", "plain");
        bool html = g_mime_content_type_is_type(type, "text", "html");
        json_t **place = plain ? &contents->text : html ? &contents->html : NULL;
        if (place && !*place) {
            *place = text_of(object);
            return;
        }
    }
    json_array_append_new(contents->attachments, describe_attachment(object));
}

static json_t *headers_of(GMimeMessage *message) {
    json_t *headers = json_array();
    GMimeHeaderList *list = g_mime_object_get_header_list(GMIME_OBJECT(message));
    for (int i = 0; i < g_mime_header_list_get_count(list); i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(list, i);
        json_array_append_new(
            headers, json_pack("[s, o]", g_mime_header_get_name(header), text_value(g_mime_header_get_value(header))));
    }
    return headers;
}

static void add_addresses(json_t *into, InternetAddressList *list) {
    for (int i = 0; i < internet_address_list_length(list); i++) {
        InternetAddress *address = internet_address_list_get_address(list, i);
        const char *name = internet_address_get_name(address);
        if (INTERNET_ADDRESS_IS_MAILBOX(address)) {
            const char *mailbox = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
            json_array_append_new(into, json_pack("[o, o]", text_value(name ? name : ""), text_value(mailbox)));
        } else {
            add_addresses(into, internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)));
        }
    }
}

static json_t *addresses_of(GMimeMessage *message) {
    static const struct {
        const char *name;
        GMimeAddressType type;
    } fields[] = {{"from", GMIME_ADDRESS_TYPE_FROM},
                  {"reply-to", GMIME_ADDRESS_TYPE_REPLY_TO},
                  {"to", GMIME_ADDRESS_TYPE_TO},
                  {"cc", GMIME_ADDRESS_TYPE_CC}};
    json_t *addresses = json_object();
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        json_t *list = json_array();
        add_addresses(list, g_mime_message_get_addresses(message, fields[i].type));
        json_object_set_new(addresses, fields[i].name, list);
    }
    return addresses;
}

static json_t *describe(GMimeMessage *message) {
    struct contents contents = {NULL, NULL, json_array()};
    GMimeObject *top = g_mime_message_get_mime_part(message);
    if (top && GMIME_IS_MULTIPART(top)) g_mime_multipart_foreach(GMIME_MULTIPART(top), visit, &contents);
    else if (top) visit(NULL, top, &contents);
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "headers", headers_of(message), "addresses", addresses_of(message),
                     "text", contents.text ? contents.text : json_null(), "html",
                     contents.html ? contents.html : json_null(), "attachments", contents.attachments);
}

static json_t *tree_of(GMimeObject *object) {
    json_t *text = json_null(), *sum = json_null(), *name = json_null(), *children = json_array();
    if (GMIME_IS_MULTIPART(object)) {
        GMimeMultipart *multipart = GMIME_MULTIPART(object);
        for (int i = 0; i < g_mime_multipart_get_count(multipart); i++)
            json_array_append_new(children, tree_of(g_mime_multipart_get_part(multipart, i)));
    } else if (GMIME_IS_MESSAGE_PART(object)) {
        GMimeMessage *message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
        GMimeObject *top = message ? g_mime_message_get_mime_part(message) : NULL;
        if (top) json_array_append_new(children, tree_of(top));
    } else if (GMIME_IS_TEXT_PART(object)) {
        text = text_of(object);
        name = text_value(g_mime_part_get_filename(GMIME_PART(object)));
    } else if (GMIME_IS_PART(object)) {
        GByteArray *bytes = decoded_bytes(GMIME_PART(object));
        char *digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes->data, bytes->len);
        sum = text_value(digest);
        name = text_value(g_mime_part_get_filename(GMIME_PART(object)));
        g_free(digest);
        g_byte_array_unref(bytes);
    }
    return json_pack("[o, o, o, o, o]", type_of(object), name, text, sum, children);
}

static json_t *describe_tree(GMimeMessage *message) {
    GMimeObject *top = g_mime_message_get_mime_part(message);
    return json_pack("[o, o]", headers_of(message), top ? tree_of(top) : json_null());
}

static json_t *read_message(const char *path, bool tree) {
    GMimeStream *stream = g_mime_stream_file_open(path, "r", NULL);
    if (!stream) return json_null();
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    json_t *description = !message ? json_null() : tree ? describe_tree(message) : describe(message);
    if (message) g_object_unref(message);
    g_object_unref(parser);
    g_object_unref(stream);
    return description;
}

int main(int count, char **arguments) {
    bool tree = count > 1 && strcmp(arguments[1], "--tree") == 0;
    g_mime_init();
    char path[4096];
    while (fgets(path, sizeof path, stdin)) {
        path[strcspn(path, "\n")] = 0;
        json_t *description = read_message(path, tree);
        json_dumpf(description, stdout, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
        putchar('\n');
        json_decref(description);
    }
    g_mime_shutdown();
    return fflush(stdout) == 0 ? 0 : 1;
}
