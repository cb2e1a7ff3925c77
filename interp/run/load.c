/* SPDX-License-Identifier: GPL-3.0-or-later */
/* load.c: finding, reading and running files; the stdlib that lies in the binary; native modules. */
#include "interp/run/load.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interp/base/vector.h"
#include "interp/data/error.h"
#include "interp/data/symbol.h"
#include "interp/lang/compile.h"
#include "interp/lang/package.h"
#include "interp/lang/reader.h"
#include "interp/run/stdlib_data.h"
#include "interp/run/thread.h"
#include "interp/run/vm.h"

/* ---- running text ---- */

/* All forms of a text with their positions: (form offset) Lists. The file is read whole before any of it is run. */
static cp_value read_all(cp_context *cp, struct source *source, cp_value *offsets) {
    struct reader reader;
    cp_list_builder forms = {0}, places = {0};
    reader_init(&reader, cp, source);
    for (;;) {
        uint32_t offset = 0;
        cp_value form = reader_next(&reader, &offset);
        if (form == CP_DONE) break;
        if (form == CP_THROWN) {
            error_of(cp->error)->source = source;
            error_of(cp->error)->position = (uint32_t)(reader.cursor - reader.start);
            return form;
        }
        cp_list_add(&forms, form);
        cp_list_add(&places, cp_fixnum(offset));
    }
    *offsets = places.list;
    return forms.list;
}

static cp_value run_forms(cp_context *cp, struct source *source, struct file_scope *file) {
    cp_value offsets = CP_NIL, forms = read_all(cp, source, &offsets), value = CP_NIL;
    if (forms == CP_THROWN) return forms;
    compile_foresee(cp, source, file, forms);
    for (; cp_is_cell(forms); forms = cp_tail(forms), offsets = cp_tail(offsets)) {
        uint32_t position = (uint32_t)cp_fixnum_value(cp_head(offsets));
        cp_value function = compile_form(cp, source, file, cp_head(forms), position);
        if (function == CP_THROWN) return function;
        value = cp_call(cp, function, NULL, 0);
        thread_forget_dead_values(cp->current);
        if (value == CP_THROWN) return value;
    }
    source_forget_positions(source);
    return value;
}

cp_value load_source(cp_context *cp, struct source *source, struct file_scope *file) {
    return run_forms(cp, source, file);
}

cp_value load_text(cp_context *cp, cp_value name, cp_value text, struct file_scope *file) {
    return run_forms(cp, source_new(cp, name, text), file);
}

cp_value load_read(cp_context *cp, const char *path) {
    struct bytes bytes = {0};
    bool standard_input = !strcmp(path, "-");
    int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_OPEN, errno, "cannot open %s", path);
    char buffer[65536];
    ssize_t count;
    while ((count = read(fd, buffer, sizeof buffer)) != 0) {
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 || bytes.length > ((size_t)1 << 31)) {
            int number = count < 0 ? errno : EFBIG;
            if (!standard_input) close(fd);
            bytes_free(&bytes);
            return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_READ, number, "cannot read %s", path);
        }
        bytes_append(&bytes, buffer, (size_t)count);
    }
    if (!standard_input) close(fd);
    cp_value text = cp_string_n(cp, bytes.data ? bytes.data : "", bytes.length);
    bytes_free(&bytes);
    return text;
}

/* By which a file is known however its path is spelled. */
static cp_value real_path(cp_context *cp, const char *path) {
    char *real = realpath(path, NULL);
    cp_value key = cp_string_z(cp, real ? real : path);
    free(real);
    return key;
}

/* Told before a file runs: files that load each other come to an end, and know each other's names. */
static void note_loaded(cp_context *cp, cp_value key, struct file_scope *file) {
    cp_table_set(cp, cp->loads->loaded, key, cp_from_object(file));
}

cp_value load_file(cp_context *cp, const char *path) {
    bool standard_input = !strcmp(path, "-");
    struct file_scope *file = file_scope_new(cp, false);
    cp_value text = load_read(cp, path);
    if (text == CP_THROWN) return text;
    if (!standard_input) note_loaded(cp, real_path(cp, path), file);
    return load_text(cp, cp_string_z(cp, standard_input ? "<stdin>" : path), text, file);
}

/* ---- stdlib ---- */

static const struct stdlib_file *stdlib_find(const char *name) {
    for (size_t i = 0; i < stdlib_file_count; i++)
        if (!strcmp(stdlib_files[i].name, name)) return &stdlib_files[i];
    return NULL;
}

/* Calls `each` with the names that stand behind a mark in the first lines of a file. */
static void each_name(cp_context *cp, const struct stdlib_file *file, const char *mark,
                      void (*each)(cp_context *cp, cp_value name, void *argument), void *argument) {
    const char *text = (const char *)file->text, *end = text + file->length;
    const char *at = memmem(text, file->length < 800 ? file->length : 800, mark, strlen(mark));
    if (!at) return;
    for (at += strlen(mark); at < end && *at != '\n';) {
        while (at < end && *at == ' ') at++;
        const char *name = at;
        while (at < end && *at != ' ' && *at != '\n') at++;
        if (at > name) each(cp, cp_symbol_n(cp, name, (size_t)(at - name)), argument);
    }
}

static void note_provided(cp_context *cp, cp_value name, void *scope) {
    struct file_scope *file = scope;
    (void)cp;
    file->is_package = true;
    file->provides = cp_cons(name, file->provides);
}

cp_value load_stdlib(cp_context *cp, const char *name) {
    const struct stdlib_file *file = stdlib_find(name);
    if (!file) return CP_UNSET;
    cp_value key = cp_string_format(cp, "stdlib:%s", name);
    if (cp_table_get(cp, cp->loads->loaded, key) != CP_UNSET) return CP_NIL;
    struct file_scope *scope = file_scope_new(cp, false);
    scope->is_standard = true;
    each_name(cp, file, "# defines:", note_provided, scope);
    each_name(cp, file, "# macros:", note_provided, scope);
    note_loaded(cp, key, scope);
    cp_value value = load_text(cp, key, cp_string_n(cp, (const char *)file->text, file->length), scope);
    if (value != CP_THROWN && package_publish(cp, scope, name)) return value;
    cp_table_remove(cp, cp->loads->loaded, key); /* whoever needs it next hears the Error too */
    return CP_THROWN;
}

/*
 * Which stdlib file defines which names: its first lines say so, `# defines: name name ...` and `# macros: name ...`.
 * They are what the file provides. Only these lines are looked at when a context starts; a file is compiled when one of
 * its names is first used.
 */
static void note_autoload(cp_context *cp, cp_value name, void *file) {
    cp_symbol_of(name)->flags |= CP_SYMBOL_STANDARD;
    cp_table_set(cp, cp->loads->autoloads, name, (cp_value)file);
}

static void note_macro(cp_context *cp, cp_value name, void *file) {
    cp_symbol_of(name)->flags |= CP_SYMBOL_STANDARD_MACRO;
    note_autoload(cp, name, file);
}

static void index_stdlib(cp_context *cp) {
    for (size_t i = 0; i < stdlib_file_count; i++) {
        void *file = cp_object_of(cp_string_z(cp, stdlib_files[i].name));
        each_name(cp, &stdlib_files[i], "# defines:", note_autoload, file);
        each_name(cp, &stdlib_files[i], "# macros:", note_macro, file);
    }
}

/* The stdlib file or module that has a name, be it the name's ordinary Symbol or that of what is built in. */
static cp_value autoload_of(cp_context *cp, cp_symbol *name) {
    if (name->flags & CP_SYMBOL_OWN) name = symbol_find(cp, name->text, name->size);
    return name ? cp_table_get(cp, cp->loads->autoloads, cp_from_object(name)) : CP_UNSET;
}

cp_value load_autoload_function(cp_context *cp, cp_symbol *name) {
    cp_value file = autoload_of(cp, name);
    if (file == CP_UNSET) return CP_NIL;
    if (load_stdlib(cp, cp_text_z(cp, file)) == CP_THROWN) return CP_THROWN;
    if (name->flags & CP_SYMBOL_OWN && name->function == CP_UNSET) { /* a native module defines ordinary names */
        const cp_symbol *ordinary = symbol_find(cp, name->text, name->size);
        if (ordinary->flags & CP_SYMBOL_BUILTIN) name->function = ordinary->function;
    }
    return CP_NIL;
}

static cp_value open_module(cp_context *cp, const char *path);

static cp_value load_autoload_file(cp_context *cp, cp_value file) {
    const char *text = cp_text_z(cp, file);
    size_t size = strlen(text);
    return size > 3 && !strcmp(text + size - 3, ".so") ? open_module(cp, text) : load_stdlib(cp, text);
}

cp_value load_everything(cp_context *cp) {
    cp_value name, file;
    for (size_t position = 0; cp_table_next(cp->loads->autoloads, &position, &name, &file);)
        if (load_autoload_file(cp, file) == CP_THROWN) return CP_THROWN;
    return CP_NIL;
}

/* A class that nobody has defined: perhaps a file of the stdlib or a module has it. */
static bool autoload_class(cp_context *cp, cp_symbol *name) {
    cp_value file = autoload_of(cp, name);
    if (file == CP_UNSET) return false;
    cp_value pending = cp->error;
    cp_value value = load_autoload_file(cp, file);
    if (value != CP_THROWN) {
        /* A native module defines the ordinary name; that of what is built in, by which the stdlib knows it, follows.
         */
        if (name->flags & CP_SYMBOL_OWN) package_keep_class(cp, symbol_find(cp, name->text, name->size));
        return true;
    }
    cp->classes->autoload_error = cp_take_error(cp);
    cp->error = pending;
    return false;
}

/* ---- search path ---- */

static bool is_file(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static void add_path(cp_context *cp, cp_list_builder *list, const char *name, const char *folder) {
    if (folder && *folder) cp_list_add(list, cp_string_format(cp, "%s/%s", folder, name));
}

static void make_path(cp_context *cp) {
    cp_list_builder list = {0};
    cp_list_add(&list, cp_string_z(cp, "."));
    const char *variable = getenv("CARAPACE_PATH");
    while (variable && *variable) {
        const char *colon = strchrnul(variable, ':');
        if (colon > variable) cp_list_add(&list, cp_string_n(cp, variable, (size_t)(colon - variable)));
        variable = *colon ? colon + 1 : colon;
    }
    const char *data = getenv("XDG_DATA_HOME");
    if (data && *data) add_path(cp, &list, "carapace", data);
    else add_path(cp, &list, ".local/share/carapace", getenv("HOME"));
    add_path(cp, &list, "scripts", cp_text_z(cp, cp->loads->install));
    cp->loads->path = list.list;
}

/* The file whose code is running: the nearest that is a file, or NULL. */
static const char *calling_file(cp_context *cp) {
    const struct thread *t = cp->current;
    for (const struct frame *f = t->frame; f > t->frames; f--) {
        if (!f->proto) continue;
        const char *name = cp_text_z(cp, f->proto->source->name);
        if (*name && *name != '<' && strncmp(name, "stdlib:", 7)) return name;
    }
    return NULL;
}

static struct file_scope *calling_scope(cp_context *cp) {
    const struct thread *t = cp->current;
    for (const struct frame *f = t->frame; f > t->frames; f--)
        if (f->proto) return f->proto->file;
    return NULL;
}

/* The folder of the file that loads, then the search path; name, name.cpl. */
static cp_value find_file(cp_context *cp, const char *name) {
    static const char *const endings[] = {"", ".cpl"};
    cp_list_builder folders = {0};
    if (name[0] == '/') cp_list_add(&folders, CP_NIL);
    else {
        const char *loading = calling_file(cp);
        if (loading) {
            const char *slash = strrchr(loading, '/');
            cp_list_add(&folders, slash ? cp_string_n(cp, loading, (size_t)(slash - loading)) : cp_string_z(cp, "."));
        }
        for (cp_value rest = cp->loads->path; cp_is_cell(rest); rest = cp_tail(rest))
            cp_list_add(&folders, cp_head(rest));
    }
    for (cp_value rest = folders.list; cp_is_cell(rest); rest = cp_tail(rest))
        for (size_t i = 0; i < 2; i++) {
            cp_value path = cp_head(rest) == CP_NIL ? cp_string_format(cp, "%s%s", name, endings[i])
                            : !strcmp(cp_text_z(cp, cp_head(rest)), ".")
                                ? cp_string_format(cp, "%s%s", name, endings[i])
                                : cp_string_format(cp, "%s/%s%s", cp_text_z(cp, cp_head(rest)), name, endings[i]);
            if (is_file(cp_text_z(cp, path))) return path;
        }
    return CP_UNSET;
}

/*
 * What failed to load says through which files it was reached: (err.loadedFrom) is a List of (file line), the nearest
 * first.
 */
static cp_value note_chain(cp_context *cp) {
    const struct thread *t = cp->current;
    cp_value trace = unwind_trace(cp->current, 1), error = cp->error;
    if (t->frame == t->frames || !cp_is_cell(trace)) return CP_THROWN;
    cp_value frame = cp_tail(cp_head(trace)), place[] = {cp_head(frame), cp_head(cp_tail(frame))};
    cp_value chain = cp_error_detail(cp, error, "loadedFrom");
    cp_list_builder list = {0};
    for (; chain != CP_UNSET && cp_is_cell(chain); chain = cp_tail(chain)) cp_list_add(&list, cp_head(chain));
    cp_list_add(&list, cp_list_n(place, 2));
    cp_error_set_detail(cp, error, "loadedFrom", list.list);
    return CP_THROWN;
}

/* A file that has been loaded, or is being loaded, becomes known to those who load it now. */
static cp_value use_loaded(cp_context *cp, struct file_scope *file, const char *name, const char *prefix,
                           bool complete) {
    if (!prefix) return !complete || package_publish(cp, file, name) ? cp->known.sym_true : CP_THROWN;
    if (!file->is_package)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "%s is no package: without (provide name ...) in it, all files know its names as they are, and "
                        "as: has nothing to name",
                        name);
    struct file_scope *to = calling_scope(cp);
    if (to) package_lend(cp, file, to, prefix);
    return cp->known.sym_true;
}

cp_value load_named(cp_context *cp, const char *name, const char *prefix) {
    cp_value path = find_file(cp, name), key;
    struct file_scope *file;
    if (path == CP_UNSET) {
        char with_ending[256];
        snprintf(with_ending, sizeof with_ending, "%s%s", name, strstr(name, ".cpl") ? "" : ".cpl");
        cp_value value = load_stdlib(cp, with_ending);
        if (value == CP_UNSET)
            return cp_throw(cp, CP_ERROR_FILE, CP_FILE_OPEN,
                            "cannot find %s to load: it is not in the loading file's folder, in the "
                            "current one, in CARAPACE_PATH or in the scripts folder",
                            name);
        if (value == CP_THROWN || !prefix) return value;
        key = cp_string_format(cp, "stdlib:%s", with_ending);
        file = (struct file_scope *)cp_table_get(cp, cp->loads->loaded, key);
        return use_loaded(cp, file, name, prefix, true);
    }
    key = real_path(cp, cp_text_z(cp, path));
    cp_value loaded = cp_table_get(cp, cp->loads->loaded, key);
    if (loaded != CP_UNSET) {
        file = (struct file_scope *)loaded;
        return use_loaded(cp, file, name, prefix, file->is_complete);
    }
    cp_value text = load_read(cp, cp_text_z(cp, path));
    if (text == CP_THROWN) return text;
    file = file_scope_new(cp, false);
    note_loaded(cp, key, file);
    cp_value value = load_text(cp, path, text, file);
    if (value != CP_THROWN) {
        file->is_complete = true;
        if (use_loaded(cp, file, name, prefix, true) != CP_THROWN) return value;
    }
    cp_table_remove(cp, cp->loads->loaded, key);
    return note_chain(cp);
}

/* ---- native modules ---- */

static cp_value open_module(cp_context *cp, const char *name) {
    cp_value path = name[0] == '/' ? cp_string_z(cp, name) : CP_UNSET;
    if (path == CP_UNSET && strchr(name, '/') == NULL)
        path = cp_string_format(cp, "%s/modules/%s", cp_text_z(cp, cp->loads->install), name);
    if (path == CP_UNSET || !is_file(cp_text_z(cp, path))) {
        path = find_file(cp, name);
        if (path == CP_UNSET)
            return cp_throw(cp, CP_ERROR_FILE, CP_FILE_OPEN, "cannot find the native module %s", name);
    }
    cp_value key = cp_string_format(cp, "module:%s", cp_text_z(cp, path));
    if (cp_table_get(cp, cp->loads->loaded, key) != CP_UNSET) return cp->known.sym_true;
    const char *file = cp_text_z(cp, path);
    /* dlopen searches the system for a name without a slash */
    void *library =
        dlopen(strchr(file, '/') ? file : cp_text_z(cp, cp_string_format(cp, "./%s", file)), RTLD_NOW | RTLD_LOCAL);
    if (!library) return cp_throw(cp, CP_ERROR_FILE, CP_FILE_OPEN, "cannot load the native module: %s", dlerror());
    const int *abi = dlsym(library, CP_MODULE_ABI_SYMBOL);
    void *symbol = dlsym(library, CP_MODULE_OPEN_SYMBOL);
    cp_module_open open;
    memcpy(&open, &symbol, sizeof open);
    if (!abi || !symbol || *abi != CP_MODULE_ABI) {
        int found = abi ? *abi : 0;
        dlclose(library);
        if (!found) return cp_throw(cp, CP_ERROR_CARAPACE, CP_INVALID, "%s is no module of Carapace", file);
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_INVALID,
                        "%s was built for version %d of the module interface, this is %d", file, found, CP_MODULE_ABI);
    }
    if (!open(cp)) return CP_THROWN;
    cp_table_set(cp, cp->loads->loaded, key, cp->known.sym_true);
    return cp->known.sym_true;
}

/* ---- functions ---- */

static cp_value load_function(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    return load_named(cp, cp_text_z(cp, arguments[0]), arguments[1] == CP_NIL ? NULL : cp_text_z(cp, arguments[1]));
}

static cp_value load_library_function(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    return open_module(cp, cp_text_z(cp, arguments[0]));
}

const cp_function_def load_functions[] = {
    {"load", "Object", "((name String|Symbol) (as String|Symbol ()))", load_function,
     "Loads a file of Carapace once: the name with or without .cpl, looked for in the loading file's folder, the "
     "current one, CARAPACE_PATH, the user's data folder and the scripts folder. Gives the value of its last form, "
     "true "
     "when it was loaded before or is being loaded. With as: \"p\", the names that a package provides are known to the "
     "loading file alone, and as p/name. An Error that passes has loadedFrom, a List of (file line), the nearest "
     "first. 5.1 "
     "when there is no such file; 1.2 when a name that it provides is taken; 1.4 when it provides what it does not "
     "define; "
     "1.8 for as: and a file that is no package."},
    {"loadLibrary", "Symbol", "((name String|Symbol))", load_library_function,
     "Loads a native module (a shared object built against carapace.h) once. 5.1 when it cannot be loaded, 1.1 when it "
     "is "
     "none or was built for another version."},
    {0},
};

void load_init(cp_context *cp, const char *executable) {
    struct load_state *loads = cp_alloc(sizeof *loads);
    cp->loads = loads;
    loads->loaded = cp_table(cp);
    loads->autoloads = cp_table(cp);
    loads->executable = cp_string_z(cp, executable);
    const char *slash = strrchr(executable, '/');
    size_t folder = slash ? (size_t)(slash - executable) : 0;
    cp_value bin = slash ? cp_string_n(cp, executable, folder) : cp_string_z(cp, ".");
    const char *above = folder ? memrchr(executable, '/', folder) : NULL; /* of PREFIX/bin/carapace, PREFIX */
    cp_value installed =
        cp_string_format(cp, "%.*s/lib/carapace", above ? (int)(above - executable) : 2, above ? executable : "..");
    /* run in place: modules lie beside the executable; installed: in ../lib/carapace */
    loads->install = access(cp_text_z(cp, installed), F_OK) == 0 ? installed : bin;
    cp->classes->autoload = autoload_class;
    index_stdlib(cp);
    make_path(cp);
    cp_define_functions(cp, load_functions);
}
