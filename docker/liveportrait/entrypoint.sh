#!/bin/sh
# As the entry point of the other images, and says first where the container has no graphics card: then photos are warped.
set -eu

# Linux, Jetson, WSL
if [ "${1:-}" = render ] && ! [ -e /dev/nvidiactl ] && ! [ -e /dev/nvgpu ] && ! [ -e /dev/dxg ]; then
    echo "— no NVIDIA GPU is in this container, so that photos are warped by the processor: \
it needs the NVIDIA Container Toolkit, and \`--gpus all\`" >&2
fi
exec "$(dirname "$0")/../entrypoint.sh" "$@"
