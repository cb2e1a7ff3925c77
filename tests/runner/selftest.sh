#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Tests the runner with a stand-in for the interpreter: everything in fixtures/pass must pass, and every file of
# fixtures/fail must fail for the reason that its "why:" line gives.
# timeout: 60
cd "$(dirname "$0")" || exit 1
run() { SEED='' LONG='' LEAKED_IN=yes ../run-tests --program fixtures/carapace "$@" 2>&1; }
number=0
report() { # RESULT NAME [DETAILS]
    number=$((number + 1))
    echo "$1 $number - $2"
    [ "$1" = ok ] || echo "$3" | sed 's/^/# /'
}

output=$(run fixtures/pass)
case $output in
*"skipped tests/runner/fixtures/pass/skipped.cpl: only with LONG=yes
skipped tests/runner/fixtures/pass/skipped.sh: the moon is not full
12 passed, 0 failed") report ok "all of fixtures/pass" ;;
*) report "not ok" "all of fixtures/pass" "$output" ;;
esac

for file in fixtures/fail/*; do
    why=$(sed -n 's/^# why: //p' "$file")
    output=$(run "$file") && status=0 || status=$?
    summary=$(echo "$output" | tail -n 1)
    case $status:$summary:$output in
    1:*" passed, 1 failed":*"  "*"$why"*) report ok "$file" ;;
    *) report "not ok" "$file" "$output" ;;
    esac
done

# The same seed gives the same order, another seed another one.
order() { SEED=$1 JOBS=1 ../run-tests -v --program fixtures/carapace fixtures/pass | sed -n 's/.* s  //p'; }
first=$(order 1)
if [ "$first" = "$(order 1)" ] && [ "$first" != "$(order 2)" ]; then report ok "SEED repeats an order"
else report "not ok" "SEED repeats an order" "$first"; fi
echo "1..$number"
