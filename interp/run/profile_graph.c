/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * profile_graph.c: a profile as a flame graph. Each function is a bar as wide as its share of the time, upon the one
 * that called it. A click on a bar makes it as wide as the picture, one on the lowest shows all again; the few lines of
 * script for that are part of the file. Without a script it is still a picture with titles.
 */
#include "interp/run/profile.h"

#include <stdlib.h>

enum {
    WIDTH = 1200, /* pixels */
    MARGIN = 10,
    ROW = 18,
    HEAD = 40,
    CHARACTER = 7,     /* width of one, about */
    PARTS = 1000000,   /* x and width are parts of the whole, in millionths */
    PARTS_LEAST = 250, /* a bar that is less wide (a quarter of a pixel) is left out, with what is upon it */
};

struct bar {
    uint32_t first_child, next; /* nodes */
    uint64_t total;
};

struct graph {
    cp_context *cp;
    const struct profile *profile;
    struct bar *bars; /* by node */
    uint32_t depth;   /* of the whole */
    FILE *out;
};

/* Parents have smaller numbers than children. The widest child comes first. */
static bool prepare(struct graph *graph) {
    const struct profile *profile = graph->profile;
    graph->bars = calloc(profile->node_count, sizeof *graph->bars);
    if (!graph->bars) return false;
    for (uint32_t i = profile->node_count; i-- > 1;) {
        graph->bars[i].total += profile->nodes[i].self;
        graph->bars[profile->nodes[i].parent].total += graph->bars[i].total;
    }
    graph->bars[0].total += profile->nodes[0].self;
    for (uint32_t i = 1; i < profile->node_count; i++) {
        uint32_t *link = &graph->bars[profile->nodes[i].parent].first_child;
        while (*link && graph->bars[*link].total >= graph->bars[i].total) link = &graph->bars[*link].next;
        graph->bars[i].next = *link;
        *link = i;
    }
    return true;
}

static uint32_t parts(const struct graph *graph, uint64_t time) {
    return graph->bars[0].total ? (uint32_t)((double)time / (double)graph->bars[0].total * PARTS) : 0;
}

/* As XML's text. What XML cannot hold, a control or a byte that is no UTF-8, becomes a question mark. */
static void write_escaped(FILE *out, const char *text, size_t characters) {
    const unsigned char *at = (const unsigned char *)text;
    for (; *at && characters > 0; characters--) {
        static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
        unsigned length = *at < 0x80                  ? 1
                          : *at >= 0xC2 && *at < 0xE0 ? 2
                          : *at >= 0xE0 && *at < 0xF0 ? 3
                          : *at >= 0xF0 && *at < 0xF5 ? 4
                                                      : 0;
        unsigned code = length > 1 ? *at & (0x7Fu >> length) : *at;
        for (unsigned i = 1; i < length; i++) {
            if ((at[i] & 0xC0) != 0x80) length = 0;
            code = code << 6 | (at[i] & 0x3F);
        }
        if (length == 0 || code < least[length] || code < ' ' || code == 0x7F || code > 0x10FFFF ||
            (code >= 0xD800 && code < 0xE000) || code == 0xFFFE || code == 0xFFFF) {
            putc('?', out);
            at += length ? length : 1;
            continue;
        }
        if (code == '&') fputs("&amp;", out);
        else if (code == '<') fputs("&lt;", out);
        else if (code == '>') fputs("&gt;", out);
        else if (code == '"') fputs("&quot;", out);
        else fwrite(at, 1, length, out);
        at += length;
    }
}

/* Scripted functions are warm, natives blue, what is no function grey; one name has one shade. */
static void write_colour(const struct graph *graph, uint32_t number, const char *title) {
    unsigned hash = 2166136261u;
    for (const char *c = title; *c; c++) hash = (hash ^ (unsigned char)*c) * 16777619u;
    unsigned a = hash % 60, b = hash / 64 % 40;
    if (number < ROSTER_FIRST) fprintf(graph->out, "rgb(%u,%u,%u)", 180 + b, 180 + b, 180 + b);
    else if (roster_is_scripted(graph->profile->roster, number))
        fprintf(graph->out, "rgb(%u,%u,%u)", 215 + b, 120 + a, 60 + a / 2);
    else fprintf(graph->out, "rgb(%u,%u,%u)", 110 + a, 160 + b, 215 + b);
}

static void write_bar(struct graph *graph, const char *title, const char *place, uint32_t number, uint64_t time,
                      uint32_t x, uint32_t row) {
    const double scale = (WIDTH - 2.0 * MARGIN) / PARTS;
    uint32_t width = parts(graph, time);
    double left = MARGIN + x * scale, pixels = width * scale;
    unsigned y = HEAD + (graph->depth - row) * ROW;
    fprintf(graph->out, "<g data-x=\"%u\" data-w=\"%u\" data-r=\"%u\"><title>", x, width, row);
    write_escaped(graph->out, title, SIZE_MAX);
    if (*place) fputs(" (", graph->out), write_escaped(graph->out, place, SIZE_MAX), putc(')', graph->out);
    fprintf(graph->out, ": %.3f s, %.1f%%</title><rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%d\" fill=\"",
            (double)time / 1e9, width * 100.0 / PARTS, left, y, pixels, ROW - 1);
    write_colour(graph, number, title);
    fprintf(graph->out, "\"/><text x=\"%.2f\" y=\"%u\">", left + 3, y + 13);
    if (pixels > 3 * CHARACTER) write_escaped(graph->out, title, (size_t)((pixels - 6) / CHARACTER));
    fputs("</text></g>\n", graph->out);
}

/* The bars upon a node, from left to right, each with what is upon it. Recursion is as deep as a sample at most. */
static void write_children(struct graph *graph, uint32_t parent, uint32_t x, uint32_t row) {
    for (uint32_t node = graph->bars[parent].first_child; node; node = graph->bars[node].next) {
        uint32_t width = parts(graph, graph->bars[node].total), number = graph->profile->nodes[node].number;
        if (width < PARTS_LEAST) return; /* nor are those after it wider */
        write_bar(graph, roster_title(graph->cp, graph->profile->roster, number),
                  roster_place(graph->cp, graph->profile->roster, number), number, graph->bars[node].total, x, row);
        write_children(graph, node, x, row + 1);
        x += width;
    }
}

static uint32_t depth_above(const struct graph *graph, uint32_t parent) {
    uint32_t most = 0;
    for (uint32_t node = graph->bars[parent].first_child; node; node = graph->bars[node].next) {
        if (parts(graph, graph->bars[node].total) < PARTS_LEAST) break;
        uint32_t depth = 1 + depth_above(graph, node);
        if (depth > most) most = depth;
    }
    return most;
}

static void write_script(const struct graph *graph) {
    fprintf(graph->out,
            "<script><![CDATA[\n"
            "var W = %d, M = %d, C = %d, P = %d;\n"
            "var bars = Array.from(document.querySelectorAll('g[data-x]'));\n"
            "bars.forEach(function (g) {\n"
            "  g.name = g.querySelector('title').textContent.replace(/( \\([^()]*\\))?: [^:]*$/, '');\n"
            "  g.x = +g.dataset.x; g.w = +g.dataset.w; g.r = +g.dataset.r;\n"
            "  g.addEventListener('click', function () { zoom(g); });\n"
            "});\n"
            "function zoom(to) {\n"
            "  bars.forEach(function (g) {\n"
            "    var below = g.r < to.r && g.x <= to.x && g.x + g.w >= to.x + to.w;\n"
            "    var above = g.r >= to.r && g.x >= to.x && g.x + g.w <= to.x + to.w;\n"
            "    g.style.display = below || above ? '' : 'none';\n"
            "    var left = below ? 0 : (g.x - to.x) / to.w, width = below ? 1 : g.w / to.w;\n"
            "    var pixels = width * (W - 2 * M), rect = g.querySelector('rect'), text = g.querySelector('text');\n"
            "    rect.setAttribute('x', M + left * (W - 2 * M));\n"
            "    rect.setAttribute('width', pixels);\n"
            "    text.setAttribute('x', M + left * (W - 2 * M) + 3);\n"
            "    text.textContent = pixels > 3 * C ? g.name.slice(0, Math.floor((pixels - 6) / C)) : '';\n"
            "  });\n"
            "}\n"
            "]]></script>\n",
            WIDTH, MARGIN, CHARACTER, PARTS);
}

void profile_write_graph(cp_context *cp, const struct profile *profile, const char *title, FILE *out) {
    struct graph graph = {.cp = cp, .profile = profile, .out = out};
    if (!prepare(&graph)) return;
    graph.depth = depth_above(&graph, 0);
    unsigned height = HEAD + (graph.depth + 1) * ROW + MARGIN;
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" viewBox=\"0 0 %d %u\">\n"
            "<style>text { font: 12px monospace; pointer-events: none } g[data-x] { cursor: pointer } "
            "g[data-x]:hover rect { stroke: black; stroke-width: 0.5 }</style>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n<text x=\"%d\" y=\"24\">",
            WIDTH, height, WIDTH, height, MARGIN);
    write_escaped(out, title, 100);
    fprintf(out, ": %.2f s of processor time, %llu samples</text>\n", (double)profile->total / 1e9,
            (unsigned long long)profile->samples);
    write_bar(&graph, "all", "", ROSTER_OTHERS, graph.bars[0].total, 0, 0);
    write_children(&graph, 0, 0, 1);
    write_script(&graph);
    fputs("</svg>\n", out);
    free(graph.bars);
}
