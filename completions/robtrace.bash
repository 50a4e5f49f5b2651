# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for robtrace(1). Needs bash 4.4, nothing else.

_robtrace_commands='show check top probe'

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

_robtrace_probe_options='-J --json -h --help -V --version'

_robtrace_show_columns='
	LOCK STATE OWNER WAITERS KIND NAME PATH OFFSET MEMORY DEV INODE ADDRESS ENTRY WORD OWNER-TID
	NWAITERS WAITERS-BIT OWNER-DIED PI COUNT LIBC BITS PID'

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

# _robtrace_arguments OPTIONS WORD BEFORE: what all commands have.
_robtrace_arguments() {
	local options=$1 word=$2 before=$3

	if [[ $before == --pid || $before =~ ^-[a-zA-Z]*p$ ]]; then
		_robtrace_pids "$word"
	elif [[ $before == --@(stack-depth|wait|interval|hold|delay|size) ||
		$before =~ ^-[a-zA-Z]*d$ ]]; then
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
