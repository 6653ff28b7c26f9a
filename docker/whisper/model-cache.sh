#!/bin/sh
# Fetches the models of speech recognition into a volume and verifies them, before the service that hears is started.
#
#   model-cache.sh [MODEL…]           fetch what is missing, then compare all files with their published SHA-256
#   model-cache.sh --check [MODEL…]   compare only: for a volume that was filled by hand, without a network
#
# MODEL is a name of `visavis models list`; without one, Moonshine, Silero and the Whisper of the settings.
# The status is 0 where all models are here as published. Read from the environment:
#
#   VISAVIS_MODELS       the volume, by default /models
#   VISAVIS_STT_MODEL    Whisper's size, by default base, or small where VISAVIS_STT_DEVICE is cuda
#   VISAVIS_STT_ENGINE   whisper-torch: Whisper in the format of transformers
#   VISAVIS_MODEL_HUB    a mirror of the Hugging Face hub
set -eu

VISAVIS_MODELS=${VISAVIS_MODELS:-/models}
export VISAVIS_MODELS

check=false
if [ "${1:-}" = --check ]; then
    check=true
    shift
fi
if [ $# = 0 ]; then
    size=base
    if [ "${VISAVIS_STT_DEVICE:-}" = cuda ]; then
        size=small
    fi
    size=${VISAVIS_STT_MODEL:-$size}
    format=
    if [ "${VISAVIS_STT_ENGINE:-}" = whisper-torch ]; then
        format=-transformers
    fi
    set -- moonshine-tiny-en silero-vad
    case $size in
        */*) echo "— $size is no model of the catalogue: the service loads or fetches it by itself" >&2 ;;
        *) set -- "$@" "whisper-$size$format" ;;
    esac
fi

if [ "$check" = false ]; then
    visavis models fetch --yes "$@"
fi
visavis models verify "$@"
