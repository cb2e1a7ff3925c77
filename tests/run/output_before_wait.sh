#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What a script has printed into a file can be seen while it waits.
"$CARAPACE" -e '(print "seen") (sleep 20000)' > out &
tries=0
while [ ! -s out ]; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { kill $!; exit 1; }
    sleep 0.05
done
kill $!
grep -qx seen out
