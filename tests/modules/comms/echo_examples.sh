#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The echo server and client of the examples, three clients at once; Ctrl-C ends the server with status 0.
"$CARAPACE" "$CARAPACE_ROOT/examples/echo-server.cpl" 0 > server.out 2>&1 &
server=$!
port=
while [ -z "$port" ]; do
    kill -0 $server || exit 1
    sleep 0.05
    port=$(sed -n 's/^listening on 127.0.0.1 port //p' server.out)
done
"$CARAPACE" "$CARAPACE_ROOT/examples/echo-client.cpl" "$port" one 'two words' 'für' > 1.out & first=$!
"$CARAPACE" "$CARAPACE_ROOT/examples/echo-client.cpl" "$port" a b c d e f > 2.out & second=$!
"$CARAPACE" "$CARAPACE_ROOT/examples/echo-client.cpl" "$port" '' > 3.out || exit 1
wait $first || exit 1
wait $second || exit 1
printf 'one\ntwo words\nfür\n22 bytes sent, 22 received\n' | diff - 1.out || exit 1
printf 'a\nb\nc\nd\ne\nf\n18 bytes sent, 18 received\n' | diff - 2.out || exit 1
printf '\n2 bytes sent, 2 received\n' | diff - 3.out || exit 1
tries=0
until [ "$(grep -c 'has gone: .*has closed the connection' server.out)" = 3 ]; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { cat server.out; exit 1; }
    sleep 0.05
done
kill -TERM $server
wait $server
exit 0
