# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_dfs_shell_global_optspecs
    string join \n json q/quiet v/verbose no-progress plain k/keep-going dry-run timeout= masters= context= config= no-start c= f= h/help V/version
end

function __fish_dfs_shell_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_dfs_shell_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_dfs_shell_using_subcommand
    set -l cmd (__fish_dfs_shell_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -l timeout -d 'Time limit of one call to the masters, including retries' -r
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -l masters -d 'HOST:PORT of the masters, comma-separated' -r
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -l context -d 'The cluster of this name, as `context list` shows them; otherwise DFS_CONTEXT' -r
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -l config -d 'The file of settings' -r -F
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -s c -d 'Run these commands, separated by `;` or newlines' -r
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -s f -d 'Run this script with the arguments that follow ($1 … $9); `-`: standard input' -r -F
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -l json -d 'One JSON document per command on stdout, errors as JSON on stderr; help and the content of files stay as they are'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -s q -l quiet -d 'Print only data and errors'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -s v -l verbose -d 'Show each command of a script before it runs'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -l no-progress -d 'No progress bars'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -l plain -d 'Print lines of text without control codes: no colours, no progress bars, no full screen'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -s k -l keep-going -d 'Continue after a failed command; the exit code is that of the first failure'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -l dry-run -d 'Print what each command would change, and change nothing'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -l no-start -d 'Do not start a local cluster where none is configured'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -s h -l help -d 'Print help'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -s V -l version -d 'Print version'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "ls" -d 'List a directory'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "cd" -d 'Change the remote working directory'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "pwd" -d 'Show the remote working directory'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "mkdir" -d 'Create directories'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "touch" -d 'Create empty files, or set the time of existing entries to now'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "put" -d 'Upload local files; each appears whole or not at all'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "get" -d 'Download files; every byte is verified'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "getrange" -d 'Read a range of a file'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "cat" -d 'Write files to standard output'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "head" -d 'Show the beginning of files'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "tail" -d 'Show the end of files, and with -f what is appended'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "cmp" -d 'Compare a local file with one in the DFS, byte by byte'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "checksum" -d 'Read files, verify every byte, and show their crc32c'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "mv" -d 'Move or rename, atomically'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "cp" -d 'Copy inside the cluster; the copy shares the chunks of the source'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "rm" -d 'Delete files and directories'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "stat" -d 'Show the attributes of files and directories'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "info" -d 'Show a file with its chunks, replicas and health'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "du" -d 'Show the size of files and directories, and the space of all replicas'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "df" -d 'Show the capacity and the used and free space of the cluster'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "tree" -d 'Show a directory as a tree'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "count" -d 'Count directories, files and bytes'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "find" -d 'Search for files and directories by pattern, type, size, age'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "search" -d 'Search for names that contain a text, ignoring case'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "chmod" -d 'Change the permissions of files and directories'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "chown" -d 'Change the owner and group of files and directories'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "setrep" -d 'Set the number of replicas of files'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "attr" -d 'List, read, set and remove attributes user.*'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "top" -d 'Show the full-screen dashboard'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "status" -d 'Show the health of the cluster, what is wrong, and what to run'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "doctor" -d 'Check this machine, the settings, the network and the cluster'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "nodes" -d 'List the datanodes'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "node" -d 'Show, drain, resume or forget a datanode'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "masters" -d 'List the masters: role, term, log position, lag'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "replication" -d 'Show under- and over-replicated chunks, and the repair'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "heatmap" -d 'Show all datanodes as tiles: fill level, balance, or risk'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "events" -d 'Show the events that the leading master has recorded since its start'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "why" -d 'Explain the state of a file, a chunk or a node, and what to run'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "locate" -d 'Show where the chunks of a file are'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "config" -d 'Show the settings of this machine and their sources'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "version" -d 'Show the versions of this program and of the cluster'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "dfsd" -d 'Start, stop and list the daemons of the local cluster'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "fsck" -d 'Find files with missing replicas'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "safemode" -d 'Show, enter or leave safe mode, in which changes are refused'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "whoami" -d 'Show the user that the cluster sees'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "bench" -d 'Measure the cluster, and the limit of this machine'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "lcd" -d 'Change the local working directory'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "lpwd" -d 'Show the local working directory'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "lls" -d 'List a local directory'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "set" -d 'Set variables and options, or list them'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "context" -d 'Switch between clusters, and between users of one'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "jobs" -d 'List or end background commands; list the jobs of the cluster'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "fg" -d 'Show a background command until its end; Ctrl-Z leaves it again'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "bg" -d 'Show a background command (Ctrl-Z keeps it running)'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "wait" -d 'Wait for background commands; fails if one of them fails'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "source" -d 'Run the commands of a file in this session'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "echo" -d 'Print words'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "time" -d 'Run a command, and print its duration to stderr'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "watch" -d 'Repeat a command until Ctrl-C'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "sleep" -d 'Wait for a time'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "alias" -d 'Define or list aliases'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "unalias" -d 'Remove aliases'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "history" -d 'List the history'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "help" -d 'List the commands and topics, or explain one'
complete -c dfs-shell -n "__fish_dfs_shell_needs_command" -f -a "exit" -d 'Exit; the cluster keeps running'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand ls" -s l -d 'Long format: mode, replicas, owner, size and time'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand ls" -s a -d 'Include hidden entries (names that begin with a dot)'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand ls" -s R -d 'List subdirectories recursively'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand ls" -s d -d 'List a directory itself, not its entries'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand ls" -s h -d 'Human-readable sizes'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand ls" -s t -d 'Sort by time, newest first'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand ls" -s S -d 'Sort by size, largest first'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand ls" -s r -d 'Reverse the order'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand ls" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand cd" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand pwd" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand mkdir" -s p -d 'Create missing parent directories; an existing directory is no error'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand mkdir" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand touch" -s c -d 'Create nothing; ignore missing files'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand touch" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand put" -l rep -d 'Replicas of each chunk; default: the setting of the cluster' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand put" -l chunk-size -d 'Bytes per chunk, as in 16MiB; default: the setting of the cluster' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand put" -s j -d 'Number of files transferred at the same time' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand put" -s r -d 'Directories recursively; symbolic links and devices in them are skipped with a message'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand put" -s f -d 'Replace existing files'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand put" -s u -l update -d 'Skip files with the same length and time; replace those that differ. REMOTE is the copy of a directory itself, also if it exists: the same line again resumes. `REMOTE/` is the directory that holds the copy'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand put" -s p -d 'Keep extended attributes `user.*`; modes and times are always kept'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand put" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand get" -s j -d 'Number of files transferred at the same time' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand get" -s r -d 'Directories recursively, with modes and times'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand get" -s f -d 'Replace existing local files'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand get" -s c -l continue -d 'Keep partial data when interrupted, and resume from it; without it, an interrupted file starts from zero. Skip files with the same length and time. LOCAL is the copy of a directory itself, also if it exists: the same line again resumes. `LOCAL/` is the directory that holds the copy'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand get" -s p -d 'Keep attributes `user.*` as extended attributes; modes and times are always kept. A file is stored even if the local file system rejects its attributes: this is reported, and the command fails'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand get" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand getrange" -s f -d 'Replace an existing local file'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand getrange" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand cat" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand head" -s c -l bytes -d 'Number of bytes, as in 512 or 4KiB' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand head" -s n -l lines -d 'Number of lines; default: 10' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand head" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand tail" -s c -l bytes -d 'Number of bytes, as in 512 or 4KiB; +N: from byte N on' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand tail" -s n -l lines -d 'Number of lines; default: 10; +N: from line N on' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand tail" -s f -l follow -d 'Follow what is appended until Ctrl-C; a file that replaces another is shown from its start'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand tail" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand cmp" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand checksum" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand mv" -s f -d 'Replace an existing file'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand mv" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand cp" -s r -d 'Directories recursively'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand cp" -s f -d 'Replace existing files, and merge into existing directories'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand cp" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand rm" -s r -d 'Delete directories recursively'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand rm" -s f -d 'Ignore missing files'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand rm" -l yes -d 'Do not ask for confirmation'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand rm" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand stat" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand info" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand du" -s s -d 'One line per path, without its entries'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand du" -s h -d 'Human-readable sizes'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand du" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand df" -s h -d 'Human-readable sizes'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand df" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand tree" -s L -d 'Number of levels' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand tree" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand count" -s h -d 'Human-readable sizes'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand count" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand find" -l name -d 'Pattern for the whole name: * ? [a-z] [!a-z]' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand find" -l type -d 'f: files; d: directories' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand find" -l size -d 'Files of more than (+), less than (-), or N bytes; k, M and G count in those, rounding up' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand find" -l mtime -d 'Changed more than (+), less than (-), or N whole days ago' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand find" -l under-replicated -d 'Files with fewer live replicas than wanted'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand find" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand search" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand chmod" -s R -d 'Recursively; up to 10,000 entries change atomically, more than that directory by directory'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand chmod" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand chown" -s R -d 'Recursively; up to 10,000 entries change atomically, more than that directory by directory'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand chown" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand setrep" -s R -d 'All files below a directory'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand setrep" -s w -d 'Wait until every chunk has this number of replicas'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand setrep" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand attr" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand top" -l view -d 'The first view: overview, nodes, …; default: the last view used' -r -f -a "overview\t''
nodes\t''
heatmap\t''
replication\t''
files\t''
masters\t''
events\t''
commands\t''"
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand top" -l size -d 'Size of the printed frame; default: that of the terminal, else 120x40' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand top" -l theme -d 'Colours: dark, light, mono' -r -f -a "dark\t''
light\t''
mono\t''"
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand top" -l refresh -d 'Refresh interval: 250ms to 5s' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand top" -l record -d 'Record to this file, for --replay' -r -F
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand top" -l replay -d 'Show a recording instead of the cluster' -r -F
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand top" -l at -d 'Start of the replay (2:10, 1:02:10, 90s); default with --once: its end' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand top" -l once -d 'Print one frame as text, and exit'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand top" -l ansi -d 'Print the frame with colours'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand top" -l read-only -d 'Refuse every command that changes something'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand top" -l no-mouse -d 'Do not capture the mouse'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand top" -s f -d 'Replace an existing recording'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand top" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand status" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand doctor" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand nodes" -s v -d 'Show data directories, traffic and versions'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand nodes" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand node" -l wait -d 'With drain: wait until it is drained; Ctrl-C ends the wait, the drain continues'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand node" -l yes -d 'With drain and forget: do not ask for confirmation'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand node" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand masters" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand replication" -l watch -d 'Repeat every second, with rate and remaining time, until every chunk has its replicas'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand replication" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand heatmap" -l lens -d 'The figure that the tiles show' -r -f -a "fill\t'Fill level of each datanode'
balance\t'Difference of the fill level from the mean'
chunks\t'Number of chunks'
risk\t'Under-replicated chunks with a replica on it'"
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand heatmap" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand events" -s n -l number -d 'Number of events' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand events" -l severity -d 'Lowest severity shown' -r -f -a "info\t''
warning\t''
error\t''"
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand events" -s f -l follow -d 'Show new events as they occur, until Ctrl-C'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand events" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand why" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand locate" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand config" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand version" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand dfsd" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand fsck" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand safemode" -l reason -d 'The reason, which refused calls show' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand safemode" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand whoami" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand bench" -l size -d 'Bytes per file; default: 1GiB for write and read, 4KiB for small' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand bench" -l files -d 'Number of files; default: 1 for write and read, 1000 for small' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand bench" -s j -d 'Operations in flight; default: 1, for small 16' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand bench" -l duration -d 'Duration of each kind of call with meta' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand bench" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand lcd" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand lpwd" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand lls" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand set" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand context" -l masters -d 'With add: HOST:PORT of its masters, comma-separated; otherwise those of the settings' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand context" -l credential -d 'With add: the credential file of the user; otherwise that of the settings' -r -F
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand context" -l keep -d 'With use: keep it for later sessions'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand context" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand jobs" -l cluster -d 'The background work of the leading master instead'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand jobs" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand fg" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand bg" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand wait" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand source" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand echo" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand time" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand watch" -s n -l interval -d 'Seconds between two rounds, or a time with a unit' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand watch" -l count -d 'End after so many rounds; without it at Ctrl-C' -r
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand watch" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand sleep" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand alias" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand unalias" -s a -d 'All of them'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand unalias" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand history" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand help" -l help -d 'Show this help'
complete -c dfs-shell -n "__fish_dfs_shell_using_subcommand exit" -l help -d 'Show this help'
