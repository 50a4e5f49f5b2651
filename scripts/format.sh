#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Formats all C files in place, or checks them.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

usage() {
	cat <<'TEXT'
usage: scripts/format.sh [--check]

Formats the C files under src, tests and bench as .clang-format says.

  --check  change nothing; status 1 if a file is not formatted
TEXT
}

options=(-i)
case ${1-} in
'') ;;
--check) options=(--dry-run -Werror) ;;
-h | --help)
	usage
	exit 0
	;;
*)
	usage >&2
	exit 2
	;;
esac

# Another version may lay out the same code in another way.
format=clang-format
if command -v clang-format-14 >/dev/null; then
	format=clang-format-14
elif [[ $(clang-format --version) != *'version 14.'* ]]; then
	echo "scripts/format.sh: the format is that of clang-format 14; this is" \
		"$(clang-format --version)" >&2
fi

find src tests bench examples -name '*.[ch]' -print0 | xargs -0 -r "$format" "${options[@]}"
