/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop3_fetch: messages: parsed while they come, or written to where they shall go as they come; and all of them, with
 * commands ahead where the server takes them. */
#include "modules/pop3/pop3.h"

#include "modules/message/mime_spool.h"

enum {
    BLOCK = 64 * 1024,  /* bytes written at a time */
    AHEAD = 8,          /* messages asked for ahead */
    DELETES_AHEAD = 32, /* marks for deletion on their way; with the others within POP3_COMMANDS_MAX */
};

/* ---- one, as a Mime ---- */

static cp_value add_to_spool(cp_context *cp, void *context, const pop3_event *event) {
    return mime_spool_add(cp, context, event->bytes, event->size) ? CP_NIL : CP_THROWN;
}

/* The Mime of what has come. CP_THROWN. */
static cp_value finish_spool(cp_context *cp, struct mime_spool *spool) {
    struct mime_parsed *parsed = mime_spool_finish(cp, spool);
    cp_value mime = parsed == NULL ? CP_THROWN : cp_create(cp, "Mime", NULL, 0);
    if (mime != CP_THROWN) mime_parsed_bind(cp, mime, parsed, 0);
    return mime;
}

static cp_value not_fetched(cp_context *cp, struct pop3 *pop3, uint64_t number) {
    cp_value what = cp_string_format(cp, "message %llu cannot be fetched", (unsigned long long)number);
    return pop3_throw_reply(cp, pop3, cp_text_z(cp, what));
}

static cp_value fetch(cp_context *cp, cp_value self, pop3_command command, cp_value message, uint64_t lines) {
    struct pop3 *pop3 = pop3_of(cp, self);
    struct mime_spool spool;
    uint64_t number;
    if (!pop3_message_number(cp, message, &number) || pop3_enter_mailbox(cp, pop3) == CP_THROWN) return CP_THROWN;
    mime_spool_init(&spool);
    cp_value result = pop3_run(cp, pop3, command, number, lines, add_to_spool, &spool);
    if (result != CP_THROWN && !pop3->ok) result = not_fetched(cp, pop3, number);
    if (result == CP_THROWN) mime_spool_abandon(&spool);
    else result = finish_spool(cp, &spool);
    return pop3_finish(cp, pop3, result);
}

cp_value pop3_method_fetch(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return fetch(cp, self, POP3_RETR, arguments[0], 0);
}

cp_value pop3_method_top(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int64_t lines;
    if (!cp_to_int64(arguments[1], &lines) || lines < 0)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "top gives 0 or more lines of a message, not %s",
                        cp_text_z(cp, cp_to_source(cp, arguments[1])));
    return fetch(cp, self, POP3_TOP, arguments[0], (uint64_t)lines);
}

/* ---- one, to somewhere ---- */

struct writing {
    cp_value target, name; /* write */
    cp_value block;        /* a Binary used again and again, () for targets that may keep what they get */
    size_t room;           /* of the block */
};

static cp_value write_content(cp_context *cp, void *context, const pop3_event *event) {
    struct writing *writing = context;
    cp_value bytes = writing->block;
    if (bytes == CP_NIL || event->size > writing->room) {
        bytes = cp_binary_n(cp, event->bytes, event->size);
        return cp_send(cp, writing->target, writing->name, &bytes, 1);
    }
    memcpy(cp_binary_of(bytes)->data, event->bytes, event->size);
    cp_binary_of(bytes)->size = event->size;
    cp_value result = cp_send(cp, writing->target, writing->name, &bytes, 1);
    cp_binary_of(bytes)->size = writing->room;
    return result;
}

/* A Stream has done with the bytes when it returns: 25 MB need no 25 MB of Binaries. */
static void reuse_block(cp_context *cp, struct writing *writing) {
    if (strcmp(cp_class_name(cp_class_of(cp, writing->target)), "Stream") != 0) return;
    writing->room = BLOCK;
    writing->block = cp_binary_n(cp, NULL, BLOCK);
}

cp_value pop3_method_fetch_to(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct pop3 *pop3 = pop3_of(cp, self);
    struct writing writing = {.target = arguments[1], .name = cp_symbol_z(cp, "write")};
    uint64_t number;
    bool own = cp_is_string(arguments[1]);
    if (!pop3_message_number(cp, arguments[0], &number) || pop3_enter_mailbox(cp, pop3) == CP_THROWN) return CP_THROWN;
    if (own) {
        cp_value parts[] = {cp_string_z(cp, "file"), arguments[1], cp_string_z(cp, "w")};
        writing.target = cp_create(cp, "Stream", parts, 3);
        if (writing.target == CP_THROWN) return pop3_finish(cp, pop3, CP_THROWN);
    }
    reuse_block(cp, &writing);
    cp_value result = pop3_run(cp, pop3, POP3_RETR, number, 0, write_content, &writing);
    if (result != CP_THROWN && !pop3->ok) result = not_fetched(cp, pop3, number);
    if (own) {
        cp_value error = result == CP_THROWN ? cp_take_error(cp) : CP_NIL;
        result = cp_send_z(cp, writing.target, "close", NULL, 0);
        if (error != CP_NIL) {
            if (result == CP_THROWN) cp_take_error(cp); /* the first tells more */
            result = cp_throw_value(cp, error);
        }
    }
    return pop3_finish(cp, pop3, result == CP_THROWN ? CP_THROWN : CP_NIL);
}

/* ---- all ---- */

struct numbers {
    uint64_t *items; /* in the collected heap, without pointers */
    size_t count, capacity;
};

struct pop3_all {
    struct pop3 *pop3;
    cp_value function;
    struct numbers messages;
    size_t asked, answered;
    struct numbers deletes;
    size_t deletes_given, deletes_answered;
    struct mime_spool spool; /* of the message that comes */
    bool spooling;
    bool calling;   /* the function runs */
    cp_value error; /* the first; nothing more is asked for then */
    int64_t given;  /* messages that the function got */
};

/* False after a throw. */
static bool add_number(cp_context *cp, struct numbers *numbers, uint64_t number) {
    if (numbers->count == numbers->capacity) {
        size_t capacity = numbers->capacity > 0 ? 2 * numbers->capacity : 64;
        uint64_t *items = cp_try_alloc_atomic(cp, capacity * sizeof *items);
        if (items == NULL) return false;
        if (numbers->count > 0) memcpy(items, numbers->items, numbers->count * sizeof *items);
        numbers->items = items;
        numbers->capacity = capacity;
    }
    numbers->items[numbers->count++] = number;
    return true;
}

static cp_value add_entry(cp_context *cp, void *context, const pop3_event *event) {
    return add_number(cp, context, event->number) ? CP_NIL : CP_THROWN;
}

static void keep_error(cp_context *cp, struct pop3_all *all) {
    cp_value error = cp_take_error(cp);
    if (all->error == CP_NIL) all->error = error;
}

static void drop_spool(struct pop3_all *all) {
    if (all->spooling) mime_spool_abandon(&all->spool);
    all->spooling = false;
}

bool pop3_delete_later(cp_context *cp, struct pop3 *pop3, uint64_t number) {
    struct pop3_all *all = pop3->all;
    if (all == NULL || !all->calling || pop3->common.turn.owner != cp_current_thread(cp)) return false;
    if (!add_number(cp, &all->deletes, number)) keep_error(cp, all);
    return true;
}

/* Gives as many commands as may be on their way. */
static void give_commands(cp_context *cp, struct pop3_all *all) {
    pop3_client *client = all->pop3->client;
    while (all->deletes_given < all->deletes.count && all->deletes_given - all->deletes_answered < DELETES_AHEAD &&
           pop3_client_room(client) > AHEAD) {
        pop3_status status = pop3_client_command(client, POP3_DELE, all->deletes.items[all->deletes_given], 0);
        if (status == POP3_OK) all->deletes_given++;
        else {
            pop3_not_given(cp, status);
            keep_error(cp, all);
            all->deletes_given = all->deletes_answered = all->deletes.count = 0;
            return;
        }
    }
    while (all->error == CP_NIL && all->asked < all->messages.count && all->asked - all->answered < AHEAD) {
        pop3_status status = pop3_client_command(client, POP3_RETR, all->messages.items[all->asked], 0);
        if (status == POP3_OK) all->asked++;
        else {
            pop3_not_given(cp, status);
            keep_error(cp, all);
        }
    }
}

static void take_content(cp_context *cp, struct pop3_all *all, const pop3_event *event) {
    if (all->error != CP_NIL) return;
    if (!all->spooling) mime_spool_init(&all->spool);
    all->spooling = true;
    if (mime_spool_add(cp, &all->spool, event->bytes, event->size)) return;
    keep_error(cp, all);
    drop_spool(all);
}

/* A message is there. */
static void give_message(cp_context *cp, struct pop3_all *all, uint64_t number) {
    if (all->error != CP_NIL) {
        drop_spool(all);
        return;
    }
    if (!all->spooling) mime_spool_init(&all->spool); /* one without any octet */
    all->spooling = false;
    cp_value arguments[] = {finish_spool(cp, &all->spool), cp_integer_unsigned(cp, number)};
    all->calling = true;
    if (arguments[0] == CP_THROWN || cp_call(cp, all->function, arguments, 2) == CP_THROWN) keep_error(cp, all);
    else all->given++;
    all->calling = false;
    if (all->pop3->deadline > 0) all->pop3->deadline = 0; /* the time was not the server's */
}

static void take_answer(cp_context *cp, struct pop3_all *all, const pop3_event *event) {
    struct pop3 *pop3 = all->pop3;
    if (event->command == POP3_DELE) {
        uint64_t number = all->deletes.items[all->deletes_answered++];
        if (event->ok) return;
        cp_value what = cp_string_format(cp, "message %llu was not deleted", (unsigned long long)number);
        pop3_throw_reply(cp, pop3, cp_text_z(cp, what));
        keep_error(cp, all);
        return;
    }
    uint64_t number = all->messages.items[all->answered++];
    if (event->ok) {
        give_message(cp, all, number);
        return;
    }
    drop_spool(all);
    not_fetched(cp, pop3, number);
    keep_error(cp, all);
}

/* Until all is answered, also after an Error: what was asked for comes, and marks for deletion that were given count.
 */
static void fetch_messages(cp_context *cp, struct pop3_all *all) {
    struct pop3 *pop3 = all->pop3;
    for (;;) {
        pop3_event event;
        if (pop3->failed) {
            cp_throw_value(cp, pop3_failure_error(cp, pop3));
            keep_error(cp, all);
            return;
        }
        give_commands(cp, all);
        if (pop3_client_waiting(pop3->client) == 0) return;
        if (pop3_next(cp, pop3, &event) == CP_THROWN) {
            keep_error(cp, all);
            return;
        }
        if (event.kind == POP3_CONTENT) take_content(cp, all, &event);
        if (event.kind == POP3_DONE) take_answer(cp, all, &event);
    }
}

static cp_value fetch_all(cp_context *cp, struct pop3 *pop3, struct pop3_all *all) {
    if (pop3_run(cp, pop3, POP3_LIST, 0, 0, add_entry, &all->messages) == CP_THROWN) return CP_THROWN;
    if (!pop3->ok) return pop3_throw_reply(cp, pop3, "the mailbox cannot be listed");
    if (pop3_settle(cp, pop3) == CP_THROWN) return CP_THROWN;
    pop3->all = all;
    fetch_messages(cp, all);
    pop3->all = NULL;
    drop_spool(all);
    if (all->error == CP_NIL) return cp_integer(cp, all->given);
    cp_error_set_detail(cp, all->error, "fetched", cp_integer(cp, all->given));
    return cp_throw_value(cp, all->error);
}

cp_value pop3_method_fetch_all(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct pop3 *pop3 = pop3_of(cp, self);
    struct pop3_all all = {.pop3 = pop3, .function = arguments[0]};
    if (pop3_enter_mailbox(cp, pop3) == CP_THROWN) return CP_THROWN;
    return pop3_finish(cp, pop3, fetch_all(cp, pop3, &all));
}
