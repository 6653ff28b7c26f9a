#!/bin/bash
# The health check of a container: whether what `entrypoint.sh` runs in it takes work, by its /readyz.
# What has no port is healthy as long as it runs. Bash, because it opens a connection by itself in a few milliseconds.
#
#   healthcheck.sh [COMMAND]   COMMAND: file with the command line of the container's first process, for tests
set -eu

mapfile -d '' -t words < "${1:-/proc/1/cmdline}"
service=
for index in "${!words[@]}"; do
    if [[ ${words[$index]} == */entrypoint.sh ]]; then
        service=${words[$index + 1]:-}
    fi
done

host=${VISAVIS_HEALTH_HOST:-127.0.0.1}
case $service in
    gateway | up) host=${VISAVIS_HOST:-127.0.0.1} port=${VISAVIS_PORT:-8080} ;;
    render) port=${VISAVIS_RENDER_PORT:-8081} ;;
    tts) port=${VISAVIS_TTS_PORT:-8082} ;;
    stt) port=${VISAVIS_STT_PORT:-8083} ;;
    dialogue) port=${VISAVIS_DIALOGUE_PORT:-8084} ;;
    channels) port=${VISAVIS_CHANNELS_PORT:-8086} ;;
    *) port=0 ;;
esac
if [ "$port" = 0 ]; then
    exit 0
fi
case $host in
    0.0.0.0) host=127.0.0.1 ;;
    ::) host=::1 ;;
esac

exec 3<> "/dev/tcp/$host/$port"
printf 'GET /readyz HTTP/1.0\r\nHost: %s:%s\r\n\r\n' "$host" "$port" >&3
mapfile -t answer <&3
echo "${answer[-1]}"
[[ ${answer[0]} == *' 200 '* ]]
