/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_send_all: many messages over one connection, the next envelope written behind the final dot of the one before,
 * and what to do when a message is refused, a function throws, or the connection is lost. */
#include "modules/smtp/smtp.h"

#include "modules/message/message.h"

/* One sendAll. Lies on the C stack. */
struct run {
    struct smtp *smtp;
    cp_value source; /* a function, or a sequence that `iterator` walks */
    cp_iterator iterator;
    bool slow;     /* the source took its time: what is to be written does not wait for it */
    int64_t taken; /* when it gave the last one, ms; 0: something was written or awaited since */
    cp_value tell; /* function for each result, or () */
    struct smtp_delivery *again, *again_last; /* messages whose connection was lost before they were sent */
    struct smtp_delivery *next;               /* the one that waits for a new connection, because of a limit */
    struct smtp_delivery *spare;              /* told of, to be used again */
    bool exhausted;                           /* no further message is taken from the source */
    cp_value error;                           /* what ends the run once all is settled; () = nothing */
    int64_t accepted;
    bool limit;       /* the connection has had as many messages as the server allows */
    uint64_t settled; /* messages that had the server's answer on this connection; 0: not worth another */
};

static bool has_more(const struct run *run) {
    return run->next != NULL || run->smtp->waiting != NULL || run->again != NULL || !run->exhausted;
}

/* Ends the run after what is under way, with the Error that was thrown. */
static void end_with(cp_context *cp, struct run *run) {
    cp_value error = cp_take_error(cp);
    if (run->error == CP_NIL) run->error = error;
    run->exhausted = true;
}

/* ---- where messages come from ---- */

enum { SLOW = 5 }; /* ms */

static cp_value write_out(cp_context *cp, void *data) { return smtp_flush(cp, data); }

/* The next message of the source; CP_DONE at the end, CP_THROWN. The final dot of the message before waits for it, to
 * leave in one write with its envelope; but not while the source itself waits, nor for a source that computes long. */
static cp_value take_next(cp_context *cp, struct run *run) {
    cp_value message;
    int64_t begun = run->taken != 0 ? run->taken : cp_now_coarse(cp);
    cp_before_wait hook = {.function = write_out, .data = run->smtp};
    cp_before_wait_push(cp, &hook);
    if (cp_is_function(run->source)) {
        message = cp_call(cp, run->source, NULL, 0);
        if (message == CP_NIL) message = CP_DONE;
    } else message = cp_next(cp, &run->iterator);
    cp_before_wait_pop(cp, &hook);
    run->taken = cp_now_coarse(cp);
    run->slow = run->taken - begun >= SLOW;
    if (message == CP_THROWN || message == CP_DONE || message_is(cp, message)) return message;
    return cp_throw_type(cp, "what sendAll sends", "SmtpMessage", message);
}

static struct smtp_delivery *next_delivery(cp_context *cp, struct run *run) {
    struct smtp_delivery *delivery = run->next;
    if (delivery != NULL) {
        run->next = NULL;
        return delivery;
    }
    if ((delivery = smtp_next_waiting(run->smtp)) != NULL) return delivery;
    if ((delivery = run->again) != NULL) {
        run->again = delivery->next;
        if (run->again == NULL) run->again_last = NULL;
        return delivery;
    }
    if (run->exhausted) return NULL;
    cp_value message = cp_poll(cp) == CP_THROWN ? CP_THROWN : take_next(cp, run);
    if (message == CP_THROWN) end_with(cp, run);
    if (message == CP_DONE) run->exhausted = true;
    if (run->exhausted) return NULL;
    if ((delivery = run->spare) != NULL) run->spare = delivery->next;
    else delivery = cp_alloc(sizeof *delivery);
    delivery->next = NULL;
    delivery->message = message;
    delivery->version = message_version(message);
    return delivery;
}

/* ---- results ---- */

/* Tells of a message whose fate is settled; its delivery is no more. */
static void tell(cp_context *cp, struct run *run, struct smtp_delivery *delivery) {
    cp_value error = smtp_delivery_error(cp, run->smtp, delivery);
    cp_value arguments[2] = {delivery->message, error};
    if (error == CP_NIL) run->accepted++;
    smtp_close_content(cp, delivery);
    *delivery = (struct smtp_delivery){.next = run->spare};
    run->spare = delivery;
    if (run->tell == CP_NIL) return;
    if (cp_call(cp, run->tell, arguments, 2) == CP_THROWN) {
        end_with(cp, run);
        run->tell = CP_NIL; /* it has had its say */
    }
}

static void tell_finished(cp_context *cp, struct run *run) {
    for (struct smtp_delivery *delivery; (delivery = smtp_next_finished(run->smtp)) != NULL;) {
        run->settled++;
        tell(cp, run, delivery);
    }
}

/* ---- the connection ---- */

/* Certainly not delivered, for no fault of its own. */
static bool may_go_again(const struct smtp_delivery *delivery, bool by_data) {
    return delivery->unsent && !(by_data ? delivery->by_data : delivery->again) && delivery->error == CP_NIL;
}

/* After the connection was lost: puts back what was not sent, tells of the rest, and connects again if there is more to
 * send and that makes sense: when the old connection has brought at least one message to an end, when it died of our
 * writing ahead, or when it was us who broke it off, for a server that does not know BDAT among other reasons. True
 * when there is a connection again. */
static bool recover(cp_context *cp, struct run *run) {
    struct smtp *smtp = run->smtp;
    bool streaming = smtp->failed_streaming && !smtp->streaming.off, by_data = smtp->failed_chunking, ours = false;
    cp_value failure = smtp_failure_error(cp, smtp);
    smtp_close_failed(cp, smtp);
    struct smtp_delivery *put_back = NULL, *put_back_last = NULL;
    run->settled += smtp->went_on;
    for (struct smtp_delivery *delivery = smtp->waiting; delivery != NULL; delivery = delivery->next) {
        if (delivery->state != SMTP_MESSAGE_IN_DOUBT || delivery->lost_class != 0) continue;
        delivery->lost_class = smtp->failed_class;
        delivery->lost_code = smtp->failed_code;
    }
    for (struct smtp_delivery *delivery; (delivery = smtp_next_finished(smtp)) != NULL;) {
        ours |= delivery->error != CP_NIL;
        bool again = may_go_again(delivery, by_data);
        smtp_delivery_error(cp, smtp, delivery); /* made now, while `smtp` knows of this failure */
        if (again) smtp_append(&put_back, &put_back_last, delivery);
        else {
            run->settled += delivery->state == SMTP_MESSAGE_ACCEPTED || delivery->state == SMTP_MESSAGE_REFUSED;
            tell(cp, run, delivery);
        }
    }
    bool connected = false, progress = run->settled > 0;
    if (put_back != NULL || has_more(run)) {
        bool sensible = !smtp->told_to_close && (run->settled > 0 || streaming || by_data || ours);
        if (streaming) smtp_streaming_lost(smtp);
        run->settled = 0;
        if (run->error == CP_NIL && !sensible) run->error = failure;
        if (run->error == CP_NIL) connected = smtp_reconnect(cp, smtp) != CP_THROWN;
        if (run->error == CP_NIL && !connected) end_with(cp, run);
    }
    for (bool first = true; put_back != NULL;) {
        struct smtp_delivery *delivery = put_back;
        put_back = delivery->next;
        /* It may have been this one's fault; those behind it were not even looked at. Nor is it any message's fault
         * that the server does not know BDAT. */
        if (by_data) delivery->by_data = true;
        else delivery->again |= first || !progress;
        first = false;
        if (connected) smtp_append(&run->again, &run->again_last, delivery);
        else tell(cp, run, delivery);
    }
    return connected;
}

/* ---- the run ---- */

enum {
    WRITE_AT = 48 * 1024, /* octets that wait to be written before no further message is begun: a quarter of a window
                              of messages of 1 kB, so that the server reads some while others are made */
    TELL_AT = 64,         /* messages done of which `tell` has not heard */
};

static void begin_next(cp_context *cp, struct run *run) {
    struct smtp_delivery *delivery = next_delivery(cp, run);
    if (delivery == NULL) return;
    switch (smtp_begin(cp, run->smtp, delivery)) {
    case SMTP_BEGUN: break;
    case SMTP_BEGUN_BAD: {
        cp_value error = cp_take_error(cp);
        if (delivery->split != NULL) smtp_settle(cp, run->smtp, delivery); /* some may have it already */
        delivery->error = error;
        tell(cp, run, delivery);
        break;
    }
    case SMTP_BEGUN_LIMIT: run->limit = true; /* fall through */
    case SMTP_BEGUN_CLOSED: run->next = delivery; break;
    }
}

/* Until all is settled, or the connection is lost for good (then run->error says why, unless nothing was left).
 * CP_THROWN when the thread is stopped. */
static cp_value send_messages(cp_context *cp, struct run *run) {
    struct smtp *smtp = run->smtp;
    for (;;) {
        const char *bytes;
        size_t waiting;
        cp_value result = CP_NIL;
        if (smtp->failed) {
            if (!recover(cp, run)) return CP_NIL;
            continue;
        }
        smtp_client_output(smtp->client, &bytes, &waiting);
        bool ready = has_more(run) && !run->limit && smtp_client_can_begin(smtp->client) &&
                     smtp_streaming_has_room(smtp) && smtp->finished_count < TELL_AT;
        if (smtp_client_wants_content(smtp->client)) result = smtp_feed(cp, smtp);
        else if (ready && (waiting == 0 || (waiting < WRITE_AT && !run->slow))) begin_next(cp, run);
        else if (waiting > 0) {
            run->taken = 0;
            result = smtp_flush(cp, smtp);
            if (result != CP_THROWN && smtp->streaming.under_way > 1) result = smtp_look(cp, smtp);
            smtp_take_events(cp, smtp);
        } else if (smtp->finished_count >= TELL_AT) tell_finished(cp, run);
        else {
            run->taken = 0;
            tell_finished(cp, run); /* while the server is at work */
            if (smtp->first != NULL) result = smtp_step(cp, smtp);
            else if (run->limit) { /* no more on this connection, as the server has said (RFC 9422) */
                run->limit = false;
                run->settled = 0;
                if (smtp_reconnect(cp, smtp) == CP_THROWN) {
                    end_with(cp, run);
                    return CP_NIL;
                }
            } else if (!ready || !has_more(run)) return CP_NIL;
        }
        if (result == CP_THROWN) return CP_THROWN;
    }
}

/* One of those that were taken from the source and have no fate yet; NULL when there is none. */
static struct smtp_delivery *next_left(struct run *run) {
    struct smtp_delivery *delivery = run->next;
    run->next = NULL;
    if (delivery == NULL) delivery = smtp_next_waiting(run->smtp);
    if (delivery == NULL && (delivery = run->again) != NULL) run->again = delivery->next;
    return delivery;
}

/* The run has ended: messages that wait for a connection get none any more. */
static void settle_rest(cp_context *cp, struct run *run) {
    for (struct smtp_delivery *delivery; (delivery = next_left(run)) != NULL;) {
        smtp_settle(cp, run->smtp, delivery);
        if (delivery->split == NULL && delivery->error == CP_NIL && delivery->text == CP_NIL) /* it was not begun */
            delivery->error =
                smtp_error(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_NOT_CONNECTED,
                           cp_string_z(cp, "the message was not sent: sendAll has ended before"), CP_NIL, true, false);
        tell(cp, run, delivery);
    }
}

static cp_value send_all(cp_context *cp, struct smtp *smtp, cp_value source, cp_value told) {
    /* A connection that stood idle may be closed by now, which is no reason not to try another. */
    struct run run = {.smtp = smtp, .source = source, .tell = told, .settled = 1};
    if (!cp_is_function(source) && cp_iterate(cp, &run.iterator, source) == CP_THROWN) return CP_THROWN;
    if (send_messages(cp, &run) == CP_THROWN) { /* what is done has its results; nothing more is called */
        end_with(cp, &run);
        smtp_close_failed(cp, smtp);
        run.tell = CP_NIL;
    }
    settle_rest(cp, &run);
    if (run.error == CP_NIL) return cp_integer(cp, run.accepted);
    cp_error_set_detail(cp, run.error, "accepted", cp_integer(cp, run.accepted));
    return cp_throw_value(cp, run.error);
}

cp_value smtp_method_send_all(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct smtp *smtp = smtp_of(cp, self);
    if (smtp_enter(cp, smtp) == CP_THROWN) return CP_THROWN;
    cp_value result = smtp_need_connection(cp, smtp);
    if (result != CP_THROWN) result = send_all(cp, smtp, arguments[0], arguments[1]);
    smtp_forget_finished(cp, smtp);
    smtp_leave(cp, smtp);
    return result;
}
