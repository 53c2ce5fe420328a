#!/bin/sh
# SPDX-License-Identifier: MIT
# The twin programs of the family that this file is named after, as TAP.
set -eu
exec "${0%/*}/twin" "$(basename "$0" .sh)"
