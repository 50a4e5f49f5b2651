# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for robtrace(1).

# What of the word is done already: an option it hangs on is cut off, a list up to its last comma
# stays.
function __robtrace_done
    commandline -ct | string replace -r '^(--[a-z-]+=|-[a-zA-Z]*[eop])' '' | string replace -r '[^,+]*$' ''
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
        'LIST	list through which its owner has it' \
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

# A list after -e.
function __robtrace_events
    set -l before (__robtrace_done)
    set -l events \
        'lists	registered and asked for' \
        'futex	all operations' \
        'life	threads, programs, signals, ends' \
        'mmap	memory taken away from under a lock' \
        'all	all of these'
    set -l given (string split -- , "$before")
    for event in $events
        contains -- (string split -- \t $event)[1] $given
        or printf '%s%s\n' "$before" $event
    end
end

# The words from the command of `trace` or `race` on; none where it has not begun.
function __robtrace_command
    set -l words (commandline -opc)
    set -l letters poes
    test "$words[2]" = race
    and set letters pn
    set -e words[1..2]
    while set -q words[1]
        switch $words[1]
            case --
                set -e words[1]
                break
            case --pid --output --events --api --api-nr --entries --snapshot-interval --stack-depth --count --libc --lock --wait
                set -e words[1]
            case '--*'
            case '-*'
                # Its argument is the next word.
                string match -q -r "^-[^$letters]*[$letters]\$" -- $words[1]
                and set -e words[1]
            case '*'
                break
        end
        set -e words[1]
    end
    string join \n -- $words
end

function __robtrace_is
    string match -q -- $argv[1] (commandline -opc)[2]
end

# Options are wanted only in front of the command.
function __robtrace_before_command
    __robtrace_is trace
    and not count (__robtrace_command) >/dev/null
end

function __robtrace_before_race
    __robtrace_is race
    and not count (__robtrace_command) >/dev/null
end

# A command line of its own begins there.
function __robtrace_run
    set -l words (__robtrace_command)
    set -l word (commandline -ct)
    if set -q words[1]
        complete -C "$(string join ' ' -- (string escape -- $words)) $word"
    else if not string match -q -- '-*' $word
        complete -C "$word"
    end
end

complete -c robtrace -f
complete -c robtrace -n __fish_use_subcommand -a show -d 'who holds which robust futex, and who waits for it'
complete -c robtrace -n __fish_use_subcommand -a check -d 'what is wrong: deadlocks, dead owners, broken lists'
complete -c robtrace -n __fish_use_subcommand -a top -d 'the locks live, in a terminal'
complete -c robtrace -n __fish_use_subcommand -a trace -d 'the calls that register lists, and what dying threads leave'
complete -c robtrace -n __fish_use_subcommand -a probe -d 'what this kernel and our rights allow'
complete -c robtrace -n __fish_use_subcommand -a race -d 'the unlock race, reproduced on demand'
complete -c robtrace -n __fish_use_subcommand -s h -l help -d 'a short help'
complete -c robtrace -n __fish_use_subcommand -s V -l version -d 'the version'

set -l show '__robtrace_is show'
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

set -l check '__robtrace_is check'
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

set -l trace __robtrace_before_command
complete -c robtrace -n '__robtrace_is trace' -x -a '(__robtrace_run)'
complete -c robtrace -n $trace -s p -l pid -x -k -a '(__robtrace_pids)' -d 'these processes'
complete -c robtrace -n $trace -s f -l follow-forks -d 'children too'
complete -c robtrace -n $trace -s o -l output -r -F -d 'write the log to a file'
complete -c robtrace -n $trace -s e -l events -x -k -a '(__robtrace_events)' -d 'what is told'
complete -c robtrace -n $trace -l api -x -a 'lpc2025 steamos v6 v5' -d 'revision of set_robust_list2'
complete -c robtrace -n $trace -l api-nr -x -d 'numbers of set_robust_list2 and get_robust_list2'
complete -c robtrace -n $trace -l emulate -a 'lpc2025 steamos v6 v5' -d 'answer the calls of the new API'
complete -c robtrace -n $trace -l guard -a strict -d 'clear a stale list_op_pending before the kernel writes'
complete -c robtrace -n $trace -s t -l time -d 'time of day; twice: microseconds; three times: since 1970'
complete -c robtrace -n $trace -s r -l relative -d 'seconds since the line before'
complete -c robtrace -n $trace -s T -l took -d 'time that each call took'
complete -c robtrace -n $trace -s i -l instruction-pointer -d 'program counter at each call'
complete -c robtrace -n $trace -s s -l entries -x -d 'entries shown of a list'
complete -c robtrace -n $trace -s y -l paths -d 'what each futex is'
complete -c robtrace -n $trace -s Y -l comms -d 'name of the thread beside its number'
complete -c robtrace -n $trace -s q -l quiet -d 'no attaching and new tasks; twice: nor ends'
complete -c robtrace -n $trace -s c -l summary-only -d 'count in place of a log'
complete -c robtrace -n $trace -s C -l summary -d 'count behind the log'
complete -c robtrace -n $trace -s J -l json -d 'one JSON object a line'
complete -c robtrace -n $trace -l snapshot-interval -x -d 'print what show prints, again and again'
complete -c robtrace -n $trace -s D -l daemonize -d 'the tracer is in the background'
complete -c robtrace -n $trace -l no-seccomp -d 'the command is under no filter, which is slow'
complete -c robtrace -n $trace -l inject-filter -d 'put the processes under a filter, for ever'
complete -c robtrace -n $trace -s k -l stacks -d 'the stack at each call; twice: with source lines'
complete -c robtrace -n $trace -l stack-depth -x -d 'calls shown of a stack'
complete -c robtrace -n $trace -l color -a 'auto always never' -d 'colours'
complete -c robtrace -n $trace -s h -l help -d 'a short help'
complete -c robtrace -n $trace -s V -l version -d 'the version'

set -l race __robtrace_before_race
complete -c robtrace -n '__robtrace_is race' -x -a '(__robtrace_run)'
complete -c robtrace -n $race -s p -l pid -x -k -a '(__robtrace_pids)' -d 'look for the window in this process'
complete -c robtrace -n $race -s n -l count -x -d 'so many rounds'
complete -c robtrace -n $race -l libc -x -a 'glibc musl robust-unlock' -d 'how the victim unlocks'
complete -c robtrace -n $race -l waiter -d 'somebody waits for the lock'
complete -c robtrace -n $race -l raw -d 'unmap by bare system calls'
complete -c robtrace -n $race -l guard -d 'prevent it'
complete -c robtrace -n $race -l limit -d 'locks beyond the limit of the kernel'
complete -c robtrace -n $race -l circular -d 'a list in a circle'
complete -c robtrace -n $race -l lock -r -F -d 'of this lock only'
complete -c robtrace -n $race -l wait -x -d 'look for so long'
complete -c robtrace -n $race -l kill -d 'kill the process in the window'
complete -c robtrace -n $race -s y -l yes -d 'do not ask'
complete -c robtrace -n $race -s J -l json -d 'one JSON object a line'
complete -c robtrace -n $race -l color -a 'auto always never' -d 'colours'
complete -c robtrace -n $race -s h -l help -d 'a short help'
complete -c robtrace -n $race -s V -l version -d 'the version'

set -l probe '__fish_seen_subcommand_from probe'
complete -c robtrace -n $probe -s J -l json -d 'one JSON document'
complete -c robtrace -n $probe -s h -l help -d 'a short help'
complete -c robtrace -n $probe -s V -l version -d 'the version'
