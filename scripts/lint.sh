#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The checks that need no run of the program. .ci/run calls this.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

usage() {
	cat <<'TEXT'
usage: scripts/lint.sh [CHECK...]

  format    C files are formatted (scripts/format.sh mends that)
  shell     shellcheck on all shell scripts
  floors    includes under src point downwards (scripts/check-floors.py)
  tidy      clang-tidy on src, with the commands of preset ci-clang
  cppcheck  cppcheck on src, likewise

Without arguments: all of them. Each is run; the status is 1 if one of them failed.
TEXT
}

all=(format shell floors tidy cppcheck)
build=build/ci-clang

compile_commands() {
	# A build folder that is there may be from before a file was added.
	cmake --preset ci-clang >/dev/null
}

check_format() {
	scripts/format.sh --check
}

shell_scripts() {
	local file first

	while IFS= read -r -d '' file; do
		case $file in
		*.sh | *.bash)
			printf '%s\0' "$file"
			continue
			;;
		esac
		IFS= read -r first <"$file" 2>/dev/null || true
		[[ ! ${first//$'\0'/} =~ ^'#!'.*[/\ ](ba)?sh( |$) ]] || printf '%s\0' "$file"
	done < <(find . -path ./.git -prune -o -path ./build -prune -o -type f -size -256k -print0)
}

check_shell() {
	# Files without a first line that names the shell are bash completions.
	shell_scripts | xargs -0 -r shellcheck --shell=bash
}

check_floors() {
	scripts/check-floors.py --self-test && scripts/check-floors.py
}

# The files under src that the compile commands name, each once.
sources() {
	python3 - "$build/compile_commands.json" "$PWD/src/" <<'PYTHON'
import json, os, sys
commands, root = sys.argv[1:]
files = {os.path.join(one["directory"], one["file"]) for one in json.load(open(commands))}
print("\n".join(sorted(file for file in files if file.startswith(root))))
PYTHON
}

check_tidy() {
	compile_commands || return
	# The last command keeps clang-tidy's status and drops its counts of what it did not show.
	# shellcheck disable=SC2016
	sources | xargs -r -d '\n' -n 1 -P "$(nproc)" bash -c '
		out=$(clang-tidy --quiet -p "$1" "$2" 2>&1) && status=0 || status=1
		printf "%s" "$out" | grep -vE "^[0-9]+ (warning|error)s? .*generated\.$" || true
		exit $status' tidy "$build"
}

check_cppcheck() {
	compile_commands || return
	mkdir -p "$build/cppcheck"
	# variableScope: declarations stand at the top of a block, as in the kernel.
	# readdirCalled: readdir is safe on a stream of one's own; readdir_r is obsolete.
	# uninitvar: does not see that memory_read writes through the pointers in its ranges; the
	# compilers and the static analyzer of clang look for the same.
	# knownConditionTrueFalse: miscounts loops over a chunk of an array.
	# The macro is the compiler's own: without it the wrong architecture is checked.
	cppcheck -D"__$(uname -m)__=1" --project="$build/compile_commands.json" --file-filter="src/*" \
		--cppcheck-build-dir="$build/cppcheck" -j "$(nproc)" --quiet \
		--enable=warning,style,performance,portability --inline-suppr \
		--library=posix --library=gnu \
		--suppress=variableScope --suppress=readdirCalled --suppress=uninitvar \
		--suppress=knownConditionTrueFalse --suppress=missingIncludeSystem \
		--error-exitcode=1
}

checks=()
for argument in "$@"; do
	case $argument in
	-h | --help)
		usage
		exit 0
		;;
	format | shell | floors | tidy | cppcheck) checks+=("$argument") ;;
	*)
		echo "scripts/lint.sh: no such check: $argument" >&2
		usage >&2
		exit 2
		;;
	esac
done
((${#checks[@]})) || checks=("${all[@]}")

failed=()
for check in "${checks[@]}"; do
	echo "lint: $check"
	"check_$check" || failed+=("$check")
done
if ((${#failed[@]})); then
	echo "lint: failed: ${failed[*]}" >&2
	exit 1
fi
