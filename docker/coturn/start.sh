#!/bin/sh
# Starts coturn with what differs between machines, in a file that only it can read: arguments are seen by everybody.
#
#   VISAVIS_TURN_SECRET     the secret that it shares with the gateway
#   VISAVIS_MEDIA_ADDRESS   addresses of the gateway, comma separated; the first one is announced for relays, too
#   TURN_PORTS              the range of UDP ports for relays, first-last
set -eu

fail() {
    echo "error: $*" >&2
    exit 78
}

[ "${#VISAVIS_TURN_SECRET}" -ge 16 ] || fail "VISAVIS_TURN_SECRET: expected 16 characters or more, in docker/.env"
case $VISAVIS_MEDIA_ADDRESS in
    '' | 127.*) fail "VISAVIS_MEDIA_ADDRESS: a relay needs the address at which browsers reach this machine" ;;
esac
case $TURN_PORTS in
    *[!0-9-]* | -* | *- | *-*-*) fail "TURN_PORTS=$TURN_PORTS: expected first-last" ;;
    *-*) ;;
    *) fail "TURN_PORTS=$TURN_PORTS: expected first-last" ;;
esac

umask 077
{
    cat /etc/visavis/turnserver.conf
    echo "static-auth-secret=$VISAVIS_TURN_SECRET"
    echo "min-port=${TURN_PORTS%-*}"
    echo "max-port=${TURN_PORTS#*-}"
    echo "external-ip=${VISAVIS_MEDIA_ADDRESS%%,*}"
    echo "$VISAVIS_MEDIA_ADDRESS" | tr ',' '\n' | sed 's/ //g; s/^./allowed-peer-ip=&/'
} > /tmp/turnserver.conf
exec turnserver -c /tmp/turnserver.conf
