#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# carapace test: which files it runs, how it adds up, what becomes of files that misbehave.
# timeout: 40
# needs: native
number=0
check() { # NAME STATUS EXPECTED-OUTPUT ARGUMENT...
    number=$((number + 1)) name=$1 status=$2 expected=$3
    shift 3
    output=$("$CARAPACE" test "$@" 2>errors) && got=0 || got=$?
    if [ "$output" = "$expected" ] && [ $got = "$status" ]; then echo "ok $number - $name"; return; fi
    echo "not ok $number - $name"
    { echo "status $got"; echo "$output"; cat errors; } | sed 's/^/# /'
}

mkdir -p good/deep good/.hidden bad/slow test
cat >good/first.cpl <<'END'
(load "deep/helper")
(test "one" (expect (helped) 3))
(test "two" (printAux "noise without a line end") (expect 1))
END
echo '(defun helped () 3)' >good/deep/helper.cpl
echo '(print "a script that is no test")' >good/script.cpl
cp good/script.cpl good/.hidden/
printf '(set x 1)\n (group "g" (test "three" (expect x 1)) (test "four" (skip "no moon")))\n' >good/deep/second.cpl
check "a folder" 0 "ok      good/first.cpl: 2
ok      good/deep/second.cpl: 2
4 passed, 0 failed" good
check "files and folders, each once" 0 "ok      good/deep/second.cpl: 2
ok      good/first.cpl: 2
4 passed, 0 failed" good/deep good/first.cpl good/deep/second.cpl
check "a name" 0 "ok      good/deep/second.cpl: 1
1 passed, 0 failed" --only "g: three" good
check "a name that no test has" 1 "0 passed, 0 failed" good --only nowhere
check "as TAP" 0 "ok 1 - good/first.cpl: one
ok 2 - good/first.cpl: two
ok 3 - good/deep/second.cpl: g: three
ok 4 - good/deep/second.cpl: g: four # SKIP no moon
1..4
4 passed, 0 failed" --tap good
check "a folder without tests" 1 "no tests in test
0 passed, 0 failed" test
check "a file that is no test" 1 "FAILED  good/script.cpl: 1 of 1
    not ok - it ran no tests
    # a script that is no test
0 passed, 1 failed" good/script.cpl

printf '(test "one" (expect 1 2))\n(test "two")\n' >bad/a_fails.cpl
printf '(test "one")\n(print (+ 1\n' >bad/b_broken.cpl
printf '(test "one")\n(test "two" (exit 3))\n' >bad/c_exits.cpl
printf '(test "one")\n(system "kill -9 $PPID")\n' >bad/d_killed.cpl
printf '(test "one")\n(print "1..7")' >bad/f_counts.cpl
printf '(if () \n(test "never"))\n' >bad/g_none.cpl
check "files that misbehave" 1 "FAILED  bad/a_fails.cpl: 1 of 2
    not ok - one
    # bad/a_fails.cpl:1: 1
    #   expected: 2
    #   actual:   1
FAILED  bad/b_broken.cpl: 1 of 1
    not ok - it ended with status 65 before its tests did
    # bad/b_broken.cpl:2:8: error 8.1: the text ends before the ) that closes this (
FAILED  bad/c_exits.cpl: 1 of 2
    not ok - two
    # the program ended in the midst of it
FAILED  bad/d_killed.cpl: 1 of 2
    not ok - it was ended by signal 9
FAILED  bad/f_counts.cpl: 1 of 2
    not ok - it planned 7 tests and reported 1
    # 1..1
FAILED  bad/g_none.cpl: 1 of 1
    not ok - it ran no tests
4 passed, 6 failed" bad
printf '(system "sleep 1000 &")\n(test "one" (sleep 100000))\n' >bad/slow/slow.cpl
check "one that takes too long, with what it started" 1 "FAILED  bad/slow/slow.cpl: 1 of 1
    not ok - it was not done after 1 s
0 passed, 1 failed" --timeout 1 bad/slow
number=$((number + 1))
if "$CARAPACE" test --jobs 3 bad/*.cpl 2>&1 | tail -n 1 | grep -qx "4 passed, 6 failed"; then echo "ok $number - several at a time"
else echo "not ok $number - several at a time"; fi
printf '(test "one" (while 1 (print "for ever and ever and ever")))\n' >flood.cpl
number=$((number + 1))
if "$CARAPACE" test flood.cpl 2>&1 | head -n 2 | tail -n 1 | grep -qx "    not ok - it printed without end"; then echo "ok $number - a flood"
else echo "not ok $number - a flood"; fi
for wrong in nowhere --what --jobs "--timeout 0" ""; do
    number=$((number + 1))
    if "$CARAPACE" test $wrong >output 2>errors; then echo "not ok $number - refuses '$wrong'"
    else grep -q "error" errors && echo "ok $number - refuses '$wrong'" || echo "not ok $number - refuses '$wrong'"; fi
done
echo "1..$number"
