#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Hashes are seeded anew in each process, so that nobody can make keys that meet; what is printed does not depend on it.
set -e
echo 1..2
hashes() { for i in 1 2 3 4 5 6; do "$CARAPACE" -e "(printAux ($1.hash) \" \")"; echo; done | sort -u | grep -c .; }
if [ "$(hashes '"key"')" -ge 2 ] && [ "$(hashes '(quote key)')" -ge 2 ] && [ "$(hashes '(+ 123456 1)')" -ge 2 ]
then echo 'ok 1 - the hashes of a String, Symbol and Integer differ from run to run'
else echo 'not ok 1 - the hashes of a String, Symbol and Integer differ from run to run'
fi
table='(let ((t {})) (for i (range 100) (t.set $"{i}" i) (t.set i i)) (t.remove "7") (print (t.list)))'
if [ "$("$CARAPACE" -e "$table")" = "$("$CARAPACE" -e "$table")" ]
then echo 'ok 2 - a HashTable prints the same in every run'
else echo 'not ok 2 - a HashTable prints the same in every run'
fi
