# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for robtrace(1).

# What of the word is done already: an option it hangs on is cut off, a list up to its last comma
# stays.
function __robtrace_done
    commandline -ct | string replace -r '^(--[a-z-]+=|-[a-zA-Z]*[op])' '' | string replace -r '[^,+]*$' ''
end

# A list after -o.
function __robtrace_columns
    set -l before (__robtrace_done)
    set -l columns \
        'LOCK	name of a known lock, and where it is' \
        'STATE	held, pending, owner-died and so on' \
        'OWNER	who has it' \
        'WAITERS	threads that sleep until they get it' \
        'KIND	kind of mutex as the libc has it' \
        'NAME	name of a known lock' \
        'PATH	file, or name of the memory' \
        'OFFSET	of the futex word in the file, memory object or module' \
        'MEMORY	kind of memory' \
        'DEV	device of the file' \
        'INODE	inode of the file' \
        'ADDRESS	of the futex word in process PID' \
        'ENTRY	address that stands on the list' \
        'WORD	the futex word' \
        'OWNER-TID	TID of the owner' \
        'NWAITERS	number of waiters' \
        'WAITERS-BIT	FUTEX_WAITERS is set' \
        'OWNER-DIED	FUTEX_OWNER_DIED is set' \
        'PI	priority inheritance' \
        'COUNT	how often a recursive mutex is locked' \
        'LIBC	glibc or musl' \
        'BITS	pointer size of the list' \
        'PID	a process that maps it'
    set -l given (string trim -l -c + -- "$before" | string split ,)
    for column in $columns
        contains -- (string split -- \t $column)[1] $given
        or printf '%s%s\n' "$before" $column
    end
end

# A list after -p: numbers, with the names of the processes beside them.
function __robtrace_pids
    set -l before (__robtrace_done)
    set -l given (string split -- , "$before")
    for folder in (string match -r '^/proc/\d+$' -- /proc/*)
        set -l pid (string replace /proc/ '' $folder)
        contains -- $pid $given
        and continue
        # Kernel threads and zombies have no memory, and no robust lists either.
        set -l size (cat $folder/statm 2>/dev/null)
        string match -q -r '^[1-9]' -- "$size"
        or continue
        printf '%s%s\t%s\n' "$before" $pid (cat $folder/comm 2>/dev/null | string replace -a -r '[^[:print:]]' '?')
    end
end

complete -c robtrace -f
complete -c robtrace -n __fish_use_subcommand -a show -d 'who holds which robust futex, and who waits for it'
complete -c robtrace -n __fish_use_subcommand -a check -d 'what is wrong: deadlocks, dead owners, broken lists'
complete -c robtrace -n __fish_use_subcommand -a top -d 'the locks live, in a terminal'
complete -c robtrace -n __fish_use_subcommand -a probe -d 'what this kernel and our rights allow'
complete -c robtrace -n __fish_use_subcommand -s h -l help -d 'a short help'
complete -c robtrace -n __fish_use_subcommand -s V -l version -d 'the version'

set -l show '__fish_seen_subcommand_from show'
complete -c robtrace -n "$show; and not string match -q -- '-*' (commandline -ct)" -F
complete -c robtrace -n $show -s p -l pid -x -k -a '(__robtrace_pids)' -d 'these processes'
complete -c robtrace -n $show -s a -l all -d 'every process that we may look at'
complete -c robtrace -n $show -s l -l lists -d 'a tree of threads, lists and entries'
complete -c robtrace -n $show -s J -l json -d 'one JSON document'
complete -c robtrace -n $show -l dot -d 'a graph for Graphviz'
complete -c robtrace -n $show -s o -l output -x -k -a '(__robtrace_columns)' -d 'columns of the table'
complete -c robtrace -n $show -s n -l noheadings -d 'rows only'
complete -c robtrace -n $show -s r -l raw -d 'rows for scripts'
complete -c robtrace -n $show -s u -l notruncate -d 'let lines be wider than the terminal'
complete -c robtrace -n $show -l list-columns -d 'list the columns for -o'
complete -c robtrace -n $show -s k -l stacks -d 'stacks of owners and waiters; twice: with source lines'
complete -c robtrace -n $show -l stack-depth -x -d 'calls shown of a stack'
complete -c robtrace -n $show -l stop -d 'stop a thread for a moment when its list never stands still'
complete -c robtrace -n $show -l color -a 'auto always never' -d 'colours'
complete -c robtrace -n $show -s h -l help -d 'a short help'
complete -c robtrace -n $show -s V -l version -d 'the version'

set -l check '__fish_seen_subcommand_from check'
complete -c robtrace -n "$check; and not string match -q -- '-*' (commandline -ct)" -F
complete -c robtrace -n $check -s p -l pid -x -k -a '(__robtrace_pids)' -d 'these processes'
complete -c robtrace -n $check -s a -l all -d 'every process that we may look at'
complete -c robtrace -n $check -s J -l json -d 'one JSON document'
complete -c robtrace -n $check -s k -l stacks -d 'stacks of owners and waiters; twice: with source lines'
complete -c robtrace -n $check -l stack-depth -x -d 'calls shown of a stack'
complete -c robtrace -n $check -l wait -x -d 'look again until there is a problem, or for so long'
complete -c robtrace -n $check -l interval -x -d 'time between two looks'
complete -c robtrace -n $check -l hold -x -d 'call it a problem when a lock is held longer'
complete -c robtrace -n $check -l stop -d 'stop a thread for a moment when its list never stands still'
complete -c robtrace -n $check -l color -a 'auto always never' -d 'colours'
complete -c robtrace -n $check -s h -l help -d 'a short help'
complete -c robtrace -n $check -s V -l version -d 'the version'

set -l top '__fish_seen_subcommand_from top'
complete -c robtrace -n "$top; and not string match -q -- '-*' (commandline -ct)" -F
complete -c robtrace -n $top -s p -l pid -x -k -a '(__robtrace_pids)' -d 'these processes'
complete -c robtrace -n $top -s a -l all -d 'every process that we may look at'
complete -c robtrace -n $top -s d -l delay -x -d 'time between two looks'
complete -c robtrace -n $top -l bell -d 'ring once when there is a new problem'
complete -c robtrace -n $top -l stop -d 'stop a thread for a moment when its list never stands still'
complete -c robtrace -n $top -l color -a 'auto always never' -d 'colours'
complete -c robtrace -n $top -l script -r -F -d 'take keys from a file and print screens'
complete -c robtrace -n $top -l size -x -d 'size of these screens'
complete -c robtrace -n $top -l picture -r -F -d 'show this document of show -J'
complete -c robtrace -n $top -s h -l help -d 'a short help'
complete -c robtrace -n $top -s V -l version -d 'the version'

set -l probe '__fish_seen_subcommand_from probe'
complete -c robtrace -n $probe -s J -l json -d 'one JSON document'
complete -c robtrace -n $probe -s h -l help -d 'a short help'
complete -c robtrace -n $probe -s V -l version -d 'the version'
