#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# With few descriptors to be had, connections that a script has lost without closing are collected in time.
ulimit -n 64
[ "$("$CARAPACE" -e '
(local (server Tcp (create Tcp host: "127.0.0.1" port: 0)) (client Tcp) (peer CommsStack))
(server.listen)
(dotimes (i 500)
    (set client (create Tcp host: "127.0.0.1" port: server.localPort))
    (client.connect)
    (set peer (server.accept 5000)))
(print "done")')" = done ]
