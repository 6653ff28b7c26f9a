#!/bin/sh
# Fetches the models of the voices into a volume and verifies them, before the service that speaks is started.
#
#   model-download.sh [MODEL…]           fetch what is missing, then compare all files with their published SHA-256
#   model-download.sh --check [MODEL…]   compare only: for a volume that was filled by hand, without a network
#
# MODEL is a name of `visavis models list`; without one, Kokoro and, once its terms are accepted, XTTS.
# The status is 0 where all models are here as published. Read from the environment:
#
#   VISAVIS_MODELS         the volume, by default /models
#   VISAVIS_XTTS_LICENCE   accepted: XTTS too. Its terms allow no commercial use, of the model or of what it makes
#   VISAVIS_MODEL_HUB      a mirror of the Hugging Face hub
set -eu

VISAVIS_MODELS=${VISAVIS_MODELS:-/models}
export VISAVIS_MODELS

check=false
if [ "${1:-}" = --check ]; then
    check=true
    shift
fi
if [ $# = 0 ]; then
    set -- kokoro
    if [ "${VISAVIS_XTTS_LICENCE:-}" = accepted ]; then
        set -- "$@" xtts-v2
    else
        echo "— xtts-v2 is left out: read its terms, and if you agree set VISAVIS_XTTS_LICENCE=accepted" >&2
    fi
fi

if [ "$check" = false ]; then
    visavis models fetch --yes "$@"
fi
visavis models verify "$@"
