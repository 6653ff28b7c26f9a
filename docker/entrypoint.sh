#!/bin/sh
# What a container of Visavis runs, by its first argument:
#
#   gateway, dialogue, channels, stt, tts, render   the service, on the log of VISAVIS_NATS_URL
#   analytics, tracing                              the process that follows that log
#   NAME.sh …                                       a script of the image, such as model-cache.sh
#   anything else                                   a command of `visavis`: up, doctor, models list, …
set -eu

case ${1:-} in
    gateway | dialogue | channels | stt | tts | render) module=services.$1 ;;
    analytics | tracing) module=projections.$1 ;;
    *.sh) exec "$@" ;;
    *) exec visavis "$@" ;;
esac
if [ $# -gt 1 ]; then
    echo "error: $1 takes no arguments, got: $2" >&2
    exit 2
fi
if [ -z "${VISAVIS_NATS_URL:-}" ]; then
    echo "error: VISAVIS_NATS_URL is not set: $1 needs a NATS server, such as nats://nats:4222; \
docker/docker-compose.dgx.yml starts one with all services, and the argument \`up\` runs all in this container" >&2
    exit 78
fi
exec python -m "$module"
