#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What the test kit prints of tests that fail: place, expression, both sides as they read back; its totals and status.
number=0
check() { # NAME STATUS EXPECTED-OUTPUT COMMAND...
    number=$((number + 1)) name=$1 status=$2 expected=$3
    shift 3
    output=$("$@" 2>errors) && got=0 || got=$?
    if [ "$output" = "$expected" ] && [ $got = "$status" ]; then echo "ok $number - $name"; return; fi
    echo "not ok $number - $name"
    { echo "status $got"; echo "$output"; cat errors; } | sed 's/^/# /'
}

cat >fails.cpl <<'END'
(defun Integer cube ((n Integer)) (* n n n))
(test "right" (expect (cube 2) 8))
(test "two values"
    (expect (cube -3)
            27))
(group "group"
    (test "comparison"
        (expect (> (cube 1) 5)))
    (group "within # it"
        (test "condition" (expect (isEmpty '("a" b)))))
    (test "Error" (expect (cube 1) 1) (+ 1 (headOf ()))))
(test "no Error" (expectError 1 9 (cube 3)))
(test "another Error"
    (expectError 1 9 "text"
        (headOf ())))
(test "skipped" (skip "no moon"))
(test "hidden by a catch" (try (expect 1 2) (catch -1)))
(test "nothing")
END
check "each kind of failure" 1 'ok 1 - right
not ok 2 - two values
# fails.cpl:4: (cube -3)
#   expected: 27
#   actual:   -27
not ok 3 - group: comparison
# fails.cpl:8: (> (cube 1) 5)
#   left:     1
#   right:    5
not ok 4 - group: within \# it: condition
# fails.cpl:10: (isEmpty (quote ("a" b)))
#   expected: something true
#   actual:   ()
not ok 5 - group: Error
# fails.cpl:11: error 1.7: headOf of (): the List is empty
#   in lambda at fails.cpl:11
#   in lambda at fails.cpl:11
#   in top level at fails.cpl:6
not ok 6 - no Error
# fails.cpl:12: (cube 3)
#   expected: error 1.9
#   actual:   the value 27
not ok 7 - another Error
# fails.cpl:14: (headOf ())
#   expected: error 1.9 with the text "text"
#   actual:   error 1.7: headOf of (): the List is empty
#   in lambda at fails.cpl:15
#   in lambda at fails.cpl:14
#   in top level at fails.cpl:13
ok 8 - skipped # SKIP no moon
not ok 9 - hidden by a catch
# fails.cpl:17: 1
#   expected: 2
#   actual:   1
ok 10 - nothing
1..10
3 passed, 7 failed' "$CARAPACE" fails.cpl

cat >stack.cpl <<'END'
(set log ())
(defun NIL say (word) (set log (cons word log)))
(setUp (say 'outer-up))
(tearDown (say 'outer-down))
(group "inner"
    (setUp (say 'inner-up))
    (tearDown (say 'inner-down))
    (test "fails" (say 'test) (expect ())))
(test "after" (expect log ()))
(group "set-up fails"
    (setUp (headOf ()))
    (test "is not begun" (say 'never)))
(group "tear-down fails"
    (tearDown (headOf ()))
    (test "fails too"))
(group "a group that fails" (test "one") (headOf ()) (test "two"))
(test "outer" (test "within" 1))
END
check "set-up and tear-down" 1 'not ok 1 - inner: fails
# stack.cpl:8: ()
#   expected: something true
#   actual:   ()
not ok 2 - after
# stack.cpl:9: log
#   expected: ()
#   actual:   (outer-up outer-down inner-down test inner-up outer-up)
not ok 3 - set-up fails: is not begun
# stack.cpl:11: error 1.7: headOf of (): the List is empty
#   in lambda at stack.cpl:11
#   in lambda at stack.cpl:12
#   in top level at stack.cpl:10
not ok 4 - tear-down fails: fails too
# stack.cpl:14: error 1.7: headOf of (): the List is empty
#   in lambda at stack.cpl:14
#   in lambda at stack.cpl:15
#   in top level at stack.cpl:13
ok 5 - a group that fails: one
not ok 6 - a group that fails
# stack.cpl:16: error 1.7: headOf of (): the List is empty
#   in lambda at stack.cpl:16
#   in top level at stack.cpl:16
not ok 7 - outer
# stack.cpl:17: error 1.2: the test within stands within the test outer
#   in lambda at stack.cpl:17
#   in top level at stack.cpl:17
1..7
1 passed, 6 failed' "$CARAPACE" stack.cpl

echo '(test "one" (expect 1)) (headOf ()) (test "two" (expect 1))' >cut.cpl
check "a file that ends by an Error" 1 'ok 1 - one
not ok 2 - the file runs to its end
# cut.cpl:1: error 1.7: headOf of (): the List is empty
1..2
1 passed, 1 failed' "$CARAPACE" cut.cpl

echo '(test "one" (expect 1)) (test "two" (exit)) (test "three")' >left.cpl
check "a test that ends the program" 1 'ok 1 - one
not ok 2 - two
# the program ended in the midst of it
1..2
1 passed, 1 failed' "$CARAPACE" left.cpl

check "only tests with a text in their name" 1 'not ok 1 - group: within \# it: condition
# fails.cpl:10: (isEmpty (quote ("a" b)))
#   expected: something true
#   actual:   ()
1..1
0 passed, 1 failed' env CARAPACE_TEST_ONLY=within "$CARAPACE" fails.cpl
check "no test at all is no success" 1 '1..0
0 passed, 0 failed' env CARAPACE_TEST_ONLY=elsewhere "$CARAPACE" fails.cpl
echo '(expect 1 2)' >outside.cpl
check "an expectation outside of any test" 1 "" "$CARAPACE" outside.cpl
grep -q 'error 1.5: an expectation is not met at outside.cpl:1: 1; expected: 2; actual:   1' errors || echo "not ok - what it says"
echo "1..$number"
