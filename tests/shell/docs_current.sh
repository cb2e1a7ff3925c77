#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# docs/classes.md is what the program says of itself now, docs/reference.md what the list of promises says.
# needs: plain
# current FILE SCRIPT [ARGUMENT]
current() {
    file=$1
    shift
    "$CARAPACE" "$@" >"$file" || exit 1
    diff -u "$CARAPACE_ROOT/docs/$file" "$file" >difference && return
    head -40 difference
    echo "docs/$file is not up to date: make docs, and look at what has changed"
    exit 1
}
current classes.md "$CARAPACE_ROOT/docs/make-classes.cpl"
current reference.md "$CARAPACE_ROOT/docs/make-reference.cpl" "$CARAPACE_ROOT"
