#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the fuzz targets and runs each for a while.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

usage() {
	cat <<'TEXT'
usage: scripts/fuzz.sh [--seconds N] [TARGET...]

Builds preset fuzz and runs the targets (default: all fuzz_* in build/fuzz/tests/fuzz) for N
seconds each (default 60). What they learn stays in build/fuzz/corpus/TARGET and is used the next
time, as is tests/fuzz/corpus/TARGET. An input that fails is written to build/fuzz/failed/.
TEXT
}

seconds=60
targets=()
while (($#)); do
	case $1 in
	-h | --help)
		usage
		exit 0
		;;
	--seconds)
		if [[ ! ${2-} =~ ^[1-9][0-9]*$ ]]; then
			echo "scripts/fuzz.sh: --seconds needs a number" >&2
			exit 2
		fi
		seconds=$2
		shift
		;;
	-*)
		usage >&2
		exit 2
		;;
	*) targets+=("$1") ;;
	esac
	shift
done

cmake --preset fuzz
folder=build/fuzz/tests/fuzz
if ((${#targets[@]} == 0)); then
	cmake --build --preset fuzz
	for file in "$folder"/fuzz_*; do
		[[ ! -f $file || ! -x $file ]] || targets+=("${file##*/}")
	done
else
	cmake --build --preset fuzz --target "${targets[@]}"
fi
if ((${#targets[@]} == 0)); then
	echo "no fuzz targets in $folder: skipped"
	exit 0
fi

mkdir -p build/fuzz/failed
failed=()
for target in "${targets[@]}"; do
	echo "fuzz: $target, $seconds s"
	corpus=(build/fuzz/corpus/"$target")
	mkdir -p "${corpus[0]}"
	[[ ! -d tests/fuzz/corpus/$target ]] || corpus+=(tests/fuzz/corpus/"$target")
	"$folder/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
		-print_final_stats=1 -verbosity=0 \
		-artifact_prefix=build/fuzz/failed/"$target"- "${corpus[@]}" </dev/null ||
		failed+=("$target")
done
if ((${#failed[@]})); then
	echo "fuzz: failed: ${failed[*]}; the inputs are in build/fuzz/failed/" >&2
	exit 1
fi
