#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# When the file of the stdlib that defines a name cannot be loaded, its own Error is heard, each time; not that the name
# is unknown.
# needs: native
cp "$CARAPACE" ./carapace && mkdir modules || exit 1
cat >try.cpl <<'END'
(for i (range 2) (try (digest "a" "md5") (catch -1 (print err.class err.text))))
END
output=$(./carapace try.cpl 2>&1)
expected='5
cannot find the native module crypto.so
5
cannot find the native module crypto.so'
if [ "$output" = "$expected" ]; then echo "ok 1 - a function"; else echo "not ok 1 - a function"; echo "$output" | sed 's/^/# /'; fi
echo 1..1
