# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for robtrace(1). Needs bash 4.4, nothing else.

_robtrace_commands='show check top trace probe race'

_robtrace_main_options='-h --help -V --version'

_robtrace_show_options='
	-p --pid -a --all -l --lists -J --json --dot -o --output -n --noheadings -r --raw
	-u --notruncate --list-columns -k --stacks --stack-depth --stop --color -h --help -V --version'

_robtrace_check_options='
	-p --pid -a --all -J --json -k --stacks --stack-depth --wait --interval --hold --stop --color
	-h --help -V --version'

_robtrace_top_options='
	-p --pid -a --all -d --delay --bell --stop --color --script --size --picture -h --help
	-V --version'

_robtrace_trace_options='
	-p --pid -f --follow-forks -o --output -e --events --api --api-nr --emulate --guard -t --time -r --relative
	-T --took -i --instruction-pointer -s --entries -y --paths -Y --comms -q --quiet
	-c --summary-only -C --summary -J --json --snapshot-interval -D --daemonize --no-seccomp
	--inject-filter -k --stacks --stack-depth --color -h --help -V --version'

_robtrace_trace_events='lists futex life mmap all'

_robtrace_trace_apis='lpc2025 steamos v6 v5'

_robtrace_race_options='
	-p --pid -n --count --libc --waiter --raw --guard --limit --circular --lock --wait --kill -y --yes
	-J --json --color -h --help -V --version'

_robtrace_race_libcs='glibc musl robust-unlock'

_robtrace_probe_options='-J --json -h --help -V --version'

_robtrace_show_columns='
	LOCK STATE OWNER WAITERS KIND NAME PATH OFFSET MEMORY DEV INODE ADDRESS ENTRY WORD OWNER-TID
	NWAITERS WAITERS-BIT OWNER-DIED PI COUNT LIBC BITS LIST PID'

# _robtrace_words LIST WORD: those of the list that begin with the word.
_robtrace_words() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

# A list after -o: what stands before the last comma stays, and is not offered again.
_robtrace_columns() {
	local before='' name word=${1^^}

	if [[ $word == *[,+]* ]]; then
		before=${word%"${word##*[,+]}"}
	fi
	COMPREPLY=()
	for name in $_robtrace_show_columns; do
		if [[ $name == "${word#"$before"}"* && ,${before#+} != *,"$name",* ]]; then
			COMPREPLY+=("$before$name")
		fi
	done
	compopt -o nospace 2>/dev/null
}

# A list after -p. Beside each number stands the name of the process, when there are several.
_robtrace_pids() {
	local before='' folder pid name found=()

	if [[ $1 == *,* ]]; then
		before=${1%"${1##*,}"}
	fi
	for folder in /proc/[1-9]*; do
		pid=${folder#/proc/}
		if [[ $pid != "${1#"$before"}"* || ,$before == *,"$pid",* ]]; then
			continue
		fi
		# Kernel threads and zombies have no memory, and no robust lists either.
		{ read -r name <"/proc/$pid/statm"; } 2>/dev/null || continue
		[[ $name != '0 '* ]] || continue
		{ read -r name <"/proc/$pid/comm"; } 2>/dev/null || continue
		found+=("$before$pid ${name//[^[:print:]]/?}")
	done
	# While going through the matches by a key (%), or with one left, only the number is wanted.
	if ((${#found[@]} == 1 || ${COMP_TYPE:-9} == 37)); then
		found=("${found[@]%% *}")
	fi
	COMPREPLY=("${found[@]}")
	compopt -o nospace 2>/dev/null
}

# A list after -e, as after -o.
_robtrace_events() {
	local before='' name

	if [[ $1 == *,* ]]; then
		before=${1%"${1##*,}"}
	fi
	COMPREPLY=()
	for name in $_robtrace_trace_events; do
		if [[ $name == "${1#"$before"}"* && ,$before != *,"$name",* ]]; then
			COMPREPLY+=("$before$name")
		fi
	done
	compopt -o nospace 2>/dev/null
}

# _robtrace_arguments OPTIONS WORD BEFORE: what all commands have.
_robtrace_arguments() {
	local options=$1 word=$2 before=$3

	if [[ $before == --pid || $before =~ ^-[a-zA-Z]*p$ ]]; then
		_robtrace_pids "$word"
	elif [[ $before == --@(stack-depth|wait|interval|hold|delay|size|entries|api-nr) ||
		$before == --snapshot-interval || $before =~ ^-[a-zA-Z]*d$ ]]; then
		# A number: there is nothing to offer.
		return
	elif [[ $before == --color= ]]; then
		_robtrace_words 'auto always never' "$word"
	elif [[ $word == -* ]]; then
		_robtrace_words "$options" "$word"
	else
		compopt -o default 2>/dev/null
	fi
}

_robtrace_show() {
	local word=$1 before=$2

	if [[ $before == --output || $before =~ ^-[a-zA-Z]*o$ ]]; then
		_robtrace_columns "$word"
	else
		_robtrace_arguments "$_robtrace_show_options" "$word" "$before"
	fi
}

# Where the command of `trace` or `race` begins among the words; the last word where it has not
# begun. _robtrace_command LETTERS: those of the options that have an argument.
_robtrace_command() {
	local i word letters=$1

	for ((i = 2; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == -- ]]; then
			((++i))
			break
		elif [[ $word =~ ^-[^$letters-]*[$letters]$ ||
			$word == --@(pid|output|events|api|api-nr|entries|snapshot-interval|stack-depth) ||
			$word == --@(count|libc|lock|wait) ]]; then
			# Its argument is the next word, or the one behind a '='.
			((++i))
			[[ ${COMP_WORDS[i]} != = ]] || ((++i))
		elif [[ $word == --color && ${COMP_WORDS[i + 1]} == = ]]; then
			((i += 2))
		elif [[ $word != -* ]]; then
			break
		fi
	done
	echo "$i"
}

# A command line of its own begins there: its command, then what that one completes.
_robtrace_run() {
	local first=$1

	if ((COMP_CWORD == first)); then
		mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[first]}")
	elif declare -F _comp_command_offset >/dev/null; then
		_comp_command_offset "$first"
	elif declare -F _command_offset >/dev/null; then
		_command_offset "$first"
	else
		compopt -o default 2>/dev/null
	fi
}

_robtrace_trace() {
	local word=$1 before=$2 first

	first=$(_robtrace_command poes)
	if ((first < COMP_CWORD)) || [[ ${COMP_WORDS[COMP_CWORD - 1]} == -- ]]; then
		_robtrace_run "$first"
	elif [[ $before == --output || $before =~ ^-[^poes-]*o$ ]]; then
		compopt -o default 2>/dev/null
	elif [[ $before == --events || $before =~ ^-[^poes-]*e$ ]]; then
		_robtrace_events "$word"
	elif [[ $before == --api ]]; then
		_robtrace_words "$_robtrace_trace_apis" "$word"
	elif [[ $before =~ ^-[^poes-]*s$ ]]; then
		return
	elif [[ $word == -* || $before =~ ^-[^poes-]*p$ || $before == --@(pid|color=) ||
		$before == --@(stack-depth|entries|api-nr|snapshot-interval) ]]; then
		_robtrace_arguments "$_robtrace_trace_options" "$word" "$before"
	else
		_robtrace_run "$COMP_CWORD"
	fi
}

_robtrace_race() {
	local word=$1 before=$2 first

	first=$(_robtrace_command pn)
	if ((first < COMP_CWORD)) || [[ ${COMP_WORDS[COMP_CWORD - 1]} == -- ]]; then
		_robtrace_run "$first"
	elif [[ $before == --libc ]]; then
		_robtrace_words "$_robtrace_race_libcs" "$word"
	elif [[ $before == --lock ]]; then
		compopt -o default 2>/dev/null
	elif [[ $before == --@(count|wait) || $before =~ ^-[^pn-]*n$ ]]; then
		return
	elif [[ $word == -* || $before =~ ^-[^pn-]*p$ || $before == --@(pid|color=) ]]; then
		_robtrace_arguments "$_robtrace_race_options" "$word" "$before"
	else
		_robtrace_run "$COMP_CWORD"
	fi
}

_robtrace() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} i

	COMPREPLY=()
	# '--color=al' comes in three words: '--color', '=' and 'al'.
	if [[ $word == = ]]; then
		word=''
		before=$before=
	elif [[ $before == = ]] && ((COMP_CWORD > 1)); then
		before=${COMP_WORDS[COMP_CWORD - 2]}=
	fi
	[[ $before == --color= ]] || before=${before%=}
	if ((COMP_CWORD == 1)); then
		_robtrace_words "$_robtrace_commands $_robtrace_main_options" "$word"
		return
	fi
	if [[ ${COMP_WORDS[1]} == trace ]]; then
		_robtrace_trace "$word" "$before"
		return
	fi
	if [[ ${COMP_WORDS[1]} == race ]]; then
		_robtrace_race "$word" "$before"
		return
	fi
	# Behind -- there are only files.
	for ((i = 2; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == -- ]]; then
			compopt -o default 2>/dev/null
			return
		fi
	done
	case ${COMP_WORDS[1]} in
	show) _robtrace_show "$word" "$before" ;;
	top) _robtrace_arguments "$_robtrace_top_options" "$word" "$before" ;;
	check) _robtrace_arguments "$_robtrace_check_options" "$word" "$before" ;;
	probe) _robtrace_words "$_robtrace_probe_options" "$word" ;;
	esac
}

complete -F _robtrace robtrace
