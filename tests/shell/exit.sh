#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The function `exit`: status, what runs on the way out, other threads, the prompt's words.
number=0
check() { # NAME EXPECTED-STATUS EXPECTED-OUTPUT EXPRESSION
    number=$((number + 1))
    output=$("$CARAPACE" -e "$4" 2>&1)
    status=$?
    if [ "$status" = "$2" ] && [ "$output" = "$3" ]; then echo "ok $number - $1"
    else printf 'not ok %s - %s\n# status %s\n# %s\n' "$number" "$1" "$status" "$output"; fi
}
check "without a status" 0 "" "(exit)"
check "a status" 7 "" "(exit 7)"
check "no catch takes it" 7 "" "(try (exit 7) (catch -1 (print 1)) (catch 1 (print 2)))"
check "finally runs" 7 "out" "(try (exit 7) (catch -1 (print 1)) (finally (print \"out\")))"
check "finally may throw and catch" 4 "caught" \
    "(try (exit 4) (finally (try (throw (create Error 1 2 \"x\")) (catch -1 (print \"caught\")))))"
check "from within calls and sort" 3 "f" \
    "(do (defun f () (try (sort '(2 1) (lambda (a b) (exit 3))) (finally (print \"f\")))) (try (f) (catch -1 (print 1))))"
check "from another thread" 5 "main" \
    "(do (create Thread \"t\" (lambda () (sleep 10) (exit 5))) (try (sleep 60000) (catch -1 (print 1)) (finally (print \"main\"))))"
check "the first one counts" 1 "" "(try (exit 1) (finally (exit 2)))"
check "what was written is there" 0 "text" "(do (printAux \"text\") (exit))"
number=$((number + 1))
output=$("$CARAPACE" -e '(exit 256)' 2>&1)
case $?:$output in
1:*"error 1.8: exit: a status is 0 to 255, not 256"*) echo "ok $number - out of range" ;;
*) echo "not ok $number - out of range: $output" ;;
esac
echo "1..$number"
