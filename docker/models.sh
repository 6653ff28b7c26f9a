#!/bin/sh
# Fetches the models that are named, or groups of them, and verifies all that are in the volume.
#
#   models.sh [NAME…]   names of `visavis models list`; set-up and background are what services fetch by themselves
#
# The status is 1 where a file has other bytes than were published. Where one cannot be fetched, it is 0: simpler
# engines serve, and services try again.
set -eu

if [ $# -gt 0 ]; then
    visavis models fetch --yes "$@" || echo '— simpler engines serve until the models are there' >&2
fi
exec visavis models verify
