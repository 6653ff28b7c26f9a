#!/bin/sh
# Starts coturn with what differs between machines, in a file that only it can read: arguments are seen by everybody.
#
#   VISAVIS_TURN_SECRET     the secret that it shares with the gateway
#   VISAVIS_MEDIA_ADDRESS   addresses and names of the gateway, comma separated: the only ones that it relays to
#   TURN_PORT               where it listens, by default 3478
#
# It does not know the machine's public address: it would take the gateway's media there for its own.
set -eu

fail() {
    echo "error: $*" >&2
    exit 78
}

[ "${#VISAVIS_TURN_SECRET}" -ge 16 ] || fail "VISAVIS_TURN_SECRET: expected 16 characters or more, in docker/.env"
case ,$VISAVIS_MEDIA_ADDRESS in
    , | *,127.* | *,localhost* | *[!0-9A-Za-z.:,_-]*) fail "VISAVIS_MEDIA_ADDRESS=$VISAVIS_MEDIA_ADDRESS: expected the machine's own address, \
which a relay can reach" ;;
esac

# Of names the addresses, which containers get anew whenever they are made.
addresses() {
    for one in $(echo "$VISAVIS_MEDIA_ADDRESS" | tr ',' ' '); do
        case $one in
            *:*) echo "$one" ;;
            *[!0-9.]*) getent hosts "$one" | sed 's/[[:space:]].*//' ;;
            *) echo "$one" ;;
        esac
    done
}

umask 077
allowed=$(addresses)
{
    cat /etc/visavis/turnserver.conf
    echo "static-auth-secret=$VISAVIS_TURN_SECRET"
    echo "listening-port=${TURN_PORT:-3478}"
    echo "$allowed" | sed 's/^./allowed-peer-ip=&/'
} > /tmp/turnserver.conf
turnserver -c /tmp/turnserver.conf &
server=$!
trap 'kill "$server" 2> /dev/null' TERM INT
# Where a name has another address, what was relayed there is over: this ends, and is started again with the new one.
while kill -0 "$server" 2> /dev/null; do
    sleep 5 &
    wait "$!" || true # a signal ends it
    now=$(addresses)
    [ -z "$now" ] || [ "$now" = "$allowed" ] || kill "$server" 2> /dev/null || true
done
wait "$server"
