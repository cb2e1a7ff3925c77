/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json.c: the class Json and the functions jsonParse and jsonString. */
#include "modules/library/json.h"

#include "modules/library/library_data.h"

struct json {
    cp_object header;
    struct json_options options;
};
static inline struct json *json_of(cp_value v) { return (struct json *)cp_object_of(v); }

/* ---- helpers ---- */

static bool to_indent(cp_context *cp, cp_value value, int64_t *indent) {
    enum { WIDEST = 16 };
    *indent = 0;
    if (value == CP_NIL || (cp_to_int64(value, indent) && *indent >= 0 && *indent <= WIDEST)) return true;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "indent is 0 to %d spaces", WIDEST);
    return false;
}

/* ---- properties ---- */

static cp_value get_lists(cp_context *cp, cp_value self) { return library_truth(cp, json_of(self)->options.lists); }
static cp_value set_lists(cp_context *cp, cp_value self, cp_value value) {
    (void)cp;
    json_of(self)->options.lists = cp_is_true(value);
    return value;
}

static cp_value get_strict(cp_context *cp, cp_value self) { return library_truth(cp, json_of(self)->options.strict); }
static cp_value set_strict(cp_context *cp, cp_value self, cp_value value) {
    (void)cp;
    json_of(self)->options.strict = cp_is_true(value);
    return value;
}

static cp_value get_indent(cp_context *cp, cp_value self) { return cp_integer(cp, json_of(self)->options.indent); }
static cp_value set_indent(cp_context *cp, cp_value self, cp_value value) {
    int64_t indent;
    if (!to_indent(cp, value, &indent)) return CP_THROWN;
    json_of(self)->options.indent = indent;
    return value;
}

static cp_value get_depth(cp_context *cp, cp_value self) { return cp_integer(cp, json_of(self)->options.depth); }
static cp_value set_depth(cp_context *cp, cp_value self, cp_value value) {
    int64_t depth;
    if (!cp_to_int64(value, &depth) || depth < 1)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "depth is an Integer of 1 or more");
    json_of(self)->options.depth = depth;
    return value;
}

static cp_value get_error_class(cp_context *cp, cp_value self) {
    (void)cp, (void)self;
    return cp_fixnum(CP_ERROR_JSON);
}

static const cp_property_def properties[] = {
    {"lists", "Object", CP_READ_WRITE, NULL, get_lists, set_lists,
     "When true, arrays are read as Lists instead of Arrays, and () is written [] instead of false. Then [] and false, "
     "both (), are no longer told apart."},
    {"strict", "Object", CP_READ_WRITE, NULL, get_strict, set_strict,
     "When true, a name that comes twice in an object is error 18.5; otherwise the last one counts."},
    {"indent", "Integer", CP_READ_WRITE, NULL, get_indent, set_indent,
     "Spaces a level when writing, 0 to 16; 0, as at first, writes all on one line. Errors: 1.8."},
    {"depth", "Integer", CP_READ_WRITE, NULL, get_depth, set_depth,
     "How many arrays and objects may be within each other, at first 1000. Errors: 1.8 below 1."},
    {"errorClass", "Integer", CP_READ_ONLY, NULL, get_error_class, NULL,
     "The class of Errors in JSON, 18: 1 unexpected end, 2 unexpected character, 3 bad literal, 4 nested too deep, 5 "
     "name twice, 6 has no form in JSON. Those of reading know the place: err.jsonLine, err.jsonColumn."},
    {0},
};

/* ---- methods ---- */

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct json *json = json_of(self);
    json->options = (struct json_options){
        .lists = cp_is_true(arguments[0]), .strict = cp_is_true(arguments[1]), .depth = JSON_DEPTH_DEFAULT};
    if (!to_indent(cp, arguments[2], &json->options.indent)) return CP_THROWN;
    return arguments[3] == CP_NIL ? CP_NIL : set_depth(cp, self, arguments[3]);
}

static cp_value method_parse(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return json_read(cp, arguments[0], &json_of(self)->options);
}

static cp_value method_parse_file(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_value text = library_read_file(cp, arguments[0]);
    return text == CP_THROWN ? text : json_read(cp, text, &json_of(self)->options);
}

static cp_value method_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    if (count == 0) return cp_string_z(cp, "<Json>"); /* printing the Json itself */
    if (count > 1) return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "Json.string takes one value");
    struct json_options options = json_of(self)->options; /* a method json may change ours */
    return json_write(cp, arguments[0], &options);
}

static const cp_method_def methods[] = {
    {"Json", "NIL", "((lists Object ()) (strict Object ()) (indent Integer ()) (depth Integer ()))", construct,
     "A way to read and write JSON (RFC 8259); the arguments are the properties of these names."},
    {"parse", "Object", "((text String|Binary|Buffer))", method_parse,
     "The value of a JSON text. An object is a HashTable in its order, an array an Array, a string a String; an "
     "integer "
     "is an Integer of any size, a number with point or exponent a Real. true is the Symbol true, false is (), null "
     "the "
     "Symbol null. Errors: class 18, 1.5."},
    {"parseFile", "Object", "((path String))", method_parse_file, "The value of a file's JSON text. Errors: 5, 18."},
    {"string", "String", "(...)", method_string,
     "(json.string value) is the JSON text of a value: what `parse` gives, Lists (as arrays), other Symbols (as "
     "strings), and objects with a method `json`, which gives the value to write instead. () is false, unless `lists`. "
     "Integers as names become text. Infinite Reals, NaN, bytes that are not UTF-8 and all else are error 18.6, what "
     "contains itself 18.4."},
    {0},
};

const cp_class_def json_class = {
    .name = "Json",
    .doc =
        "Reads and writes JSON. Arrays are Arrays, so that [], false and null stay three things: an empty Array, (), "
        "and the Symbol null.",
    .size = sizeof(struct json),
    .major = 1,
    .properties = properties,
    .methods = methods,
};

/* ---- functions ---- */

static cp_value function_parse(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct json_options options = {
        .lists = cp_is_true(arguments[1]), .strict = cp_is_true(arguments[2]), .depth = JSON_DEPTH_DEFAULT};
    return json_read(cp, arguments[0], &options);
}

static cp_value function_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct json_options options = {.lists = cp_is_true(arguments[2]), .depth = JSON_DEPTH_DEFAULT};
    if (!to_indent(cp, arguments[1], &options.indent)) return CP_THROWN;
    return json_write(cp, arguments[0], &options);
}

const cp_function_def json_functions[] = {
    {"jsonParse", "Object", "((text String|Binary|Buffer) (lists Object ()) (strict Object ()))", function_parse,
     "The value of a JSON text, as Json.parse. Errors: class 18."},
    {"jsonString", "String", "(value (indent Integer ()) (lists Object ()))", function_string,
     "The JSON text of a value, as Json.string; with `indent` on several lines. Errors: 18.4, 18.6, 1.8."},
    {0},
};
