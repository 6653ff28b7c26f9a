#!/bin/sh
# Starts coturn with what differs between machines, in a file that only it can read: arguments are seen by everybody.
#
#   VISAVIS_TURN_SECRET     the secret that it shares with the gateway
#   VISAVIS_MEDIA_ADDRESS   addresses of the gateway, comma separated: the only ones that it relays to
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

umask 077
{
    cat /etc/visavis/turnserver.conf
    echo "static-auth-secret=$VISAVIS_TURN_SECRET"
    echo "listening-port=${TURN_PORT:-3478}"
    echo "$VISAVIS_MEDIA_ADDRESS" | tr ',' '\n' | sed 's/^./allowed-peer-ip=&/'
} > /tmp/turnserver.conf
exec turnserver -c /tmp/turnserver.conf
