#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# docs/classes.md is what the program says of itself now.
# needs: plain
"$CARAPACE" "$CARAPACE_ROOT/docs/make-classes.cpl" >classes.md || exit 1
if ! diff -u "$CARAPACE_ROOT/docs/classes.md" classes.md >difference; then
    head -40 difference
    echo "docs/classes.md is not up to date: make docs, and look at what has changed"
    exit 1
fi
