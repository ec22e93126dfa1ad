# SPDX-License-Identifier: Apache-2.0
# bash completion for tally(1)

_tally() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]} subcommand=${COMP_WORDS[2]}

    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W 'audit backup check eval export init log organisation policy programme receipt restore roll source statement submit summary sweep verify-export version wallet witness --help --version' -- "$word")
        return
    fi
    if [[ $command == policy ]] && ((COMP_CWORD == 2)); then
        mapfile -t COMPREPLY < <(compgen -W 'check diff test explain freeze hash publish schema words --help' -- "$word")
        return
    fi
    if [[ $command == source ]] && ((COMP_CWORD == 2)); then
        mapfile -t COMPREPLY < <(compgen -W 'key add list rotate request revoke --help' -- "$word")
        return
    fi
    if [[ $command == organisation ]] && ((COMP_CWORD == 2)); then
        mapfile -t COMPREPLY < <(compgen -W 'add find --help' -- "$word")
        return
    fi
    if [[ $command == roll || $command == receipt ]] && ((COMP_CWORD == 2)); then
        mapfile -t COMPREPLY < <(compgen -W "$([[ $command == roll ]] && echo issue || echo verify) --help" -- "$word")
        return
    fi
    if [[ $command == wallet ]] && ((COMP_CWORD == 2)); then
        mapfile -t COMPREPLY < <(compgen -W 'new restore show backup join consent card receipts statement accesses export withdraw rotate leave --help' -- "$word")
        return
    fi
    if [[ $command == log ]] && ((COMP_CWORD == 2)); then
        mapfile -t COMPREPLY < <(compgen -W 'append key new proof publish rotate-key serve-dir --help' -- "$word")
        return
    fi
    if [[ $command == witness ]] && ((COMP_CWORD == 2)); then
        mapfile -t COMPREPLY < <(compgen -W 'new cosign serve --help' -- "$word")
        return
    fi
    case $before in
    --format)
        if [[ $command == eval ]]; then
            mapfile -t COMPREPLY < <(compgen -W 'table csv json' -- "$word")
        else
            mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$word")
        fi
        return
        ;;
    --form)
        mapfile -t COMPREPLY < <(compgen -W 'csv jsonl cloudevents' -- "$word")
        return
        ;;
    --as-of | --every | --listen | --name | --now | --from | --simulated-clock | --subject | --events-per-batch | --number | --expect | --map | --limit-rows | --origin | --quorum | --max-age | --epoch | --generated | --passphrase-fd | --count | --programme-did | --member | --agree | --source | --record | --policy-version | --case | --purpose)
        return
        ;;
    esac
    if [[ $word == -* ]]; then
        case $command:$subcommand in
        policy:check) mapfile -t COMPREPLY < <(compgen -W '--live --format --help' -- "$word") ;;
        policy:diff) mapfile -t COMPREPLY < <(compgen -W '--format --help' -- "$word") ;;
        policy:publish) mapfile -t COMPREPLY < <(compgen -W '--from --dry-run --now --help' -- "$word") ;;
        policy:test) mapfile -t COMPREPLY < <(compgen -W '--format --help' -- "$word") ;;
        policy:freeze) mapfile -t COMPREPLY < <(compgen -W '-o --help' -- "$word") ;;
        init:*) mapfile -t COMPREPLY < <(compgen -W '--origin --policy --simulated-clock --help' -- "$word") ;;
        programme:*) mapfile -t COMPREPLY < <(compgen -W '--rules --format --now --help' -- "$word") ;;
        source:rotate) mapfile -t COMPREPLY < <(compgen -W '--message --now --help' -- "$word") ;;
        source:request) mapfile -t COMPREPLY < <(compgen -W '--origin -o --now --help' -- "$word") ;;
        source:revoke) mapfile -t COMPREPLY < <(compgen -W '--from --now --help' -- "$word") ;;
        source:*) mapfile -t COMPREPLY < <(compgen -W '--now --help' -- "$word") ;;
        organisation:add) mapfile -t COMPREPLY < <(compgen -W '--id --name --register --reference --day --now --help' -- "$word") ;;
        organisation:*) mapfile -t COMPREPLY < <(compgen -W '--now --help' -- "$word") ;;
        version:*) mapfile -t COMPREPLY < <(compgen -W '--charter --help' -- "$word") ;;
        log:append) mapfile -t COMPREPLY < <(compgen -W '--policy --record --help' -- "$word") ;;
        log:new) mapfile -t COMPREPLY < <(compgen -W '--origin --genesis --policy --help' -- "$word") ;;
        log:proof) mapfile -t COMPREPLY < <(compgen -W '--vkey --extra -o --help' -- "$word") ;;
        log:publish) mapfile -t COMPREPLY < <(compgen -W '--once --every --witnesses --without-witnesses --now --help' -- "$word") ;;
        log:rotate-key) mapfile -t COMPREPLY < <(compgen -W '--finish --now --help' -- "$word") ;;
        log:serve-dir) mapfile -t COMPREPLY < <(compgen -W '--listen --help' -- "$word") ;;
        witness:new) mapfile -t COMPREPLY < <(compgen -W '--name --help' -- "$word") ;;
        witness:cosign) mapfile -t COMPREPLY < <(compgen -W '--log -o --help' -- "$word") ;;
        witness:serve) mapfile -t COMPREPLY < <(compgen -W '--log --listen --help' -- "$word") ;;
        audit:*)
            mapfile -t COMPREPLY < <(compgen -W '--vkey --origin --witness --quorum --witnesses --max-age --saved --keep --documents --private --epoch --any-entries --help' -- "$word")
            ;;
        eval:*)
            mapfile -t COMPREPLY < <(compgen -W '--as-of --subject --format --explain --plot --expect --misses --map --limit-rows --strict --no-progress --help' -- "$word")
            ;;
        submit:*)
            mapfile -t COMPREPLY < <(compgen -W '--source-key --programme --origin --outbox --events-per-batch --form --number --again --abandon --now --no-progress --help' -- "$word")
            ;;
        roll:*) mapfile -t COMPREPLY < <(compgen -W '--count --now --help' -- "$word") ;;
        receipt:*) mapfile -t COMPREPLY < <(compgen -W '--programme-did --help' -- "$word") ;;
        statement:*) mapfile -t COMPREPLY < <(compgen -W '--subject --as-of --case --purpose --format --now --help' -- "$word") ;;
        export:*) mapfile -t COMPREPLY < <(compgen -W '--subject --as-of --case --purpose --now --help' -- "$word") ;;
        verify-export:*) mapfile -t COMPREPLY < <(compgen -W '--programme-did --help' -- "$word") ;;
        summary:*) mapfile -t COMPREPLY < <(compgen -W '--format --now --help' -- "$word") ;;
        sweep:* | backup:*) mapfile -t COMPREPLY < <(compgen -W '--now --no-progress --help' -- "$word") ;;
        restore:*) mapfile -t COMPREPLY < <(compgen -W '--replace --now --no-progress --help' -- "$word") ;;
        wallet:join) mapfile -t COMPREPLY < <(compgen -W '--tokens --agree --member --all --now --passphrase-file --passphrase-fd --help' -- "$word") ;;
        wallet:consent) mapfile -t COMPREPLY < <(compgen -W '--policy-version --agree --member --all --now --passphrase-file --passphrase-fd --help' -- "$word") ;;
        wallet:card) mapfile -t COMPREPLY < <(compgen -W '--source --qr --svg --member --all --now --passphrase-file --passphrase-fd --help' -- "$word") ;;
        wallet:receipts) mapfile -t COMPREPLY < <(compgen -W '--record --to --member --all --now --passphrase-file --passphrase-fd --help' -- "$word") ;;
        wallet:statement | wallet:accesses | wallet:export) mapfile -t COMPREPLY < <(compgen -W '--to --member --all --now --passphrase-file --passphrase-fd --help' -- "$word") ;;
        wallet:withdraw) mapfile -t COMPREPLY < <(compgen -W '--record --member --all --now --passphrase-file --passphrase-fd --help' -- "$word") ;;
        wallet:rotate) mapfile -t COMPREPLY < <(compgen -W '--recovery --member --all --now --passphrase-file --passphrase-fd --help' -- "$word") ;;
        wallet:leave) mapfile -t COMPREPLY < <(compgen -W '--member --all --now --passphrase-file --passphrase-fd --help' -- "$word") ;;
        wallet:new) mapfile -t COMPREPLY < <(compgen -W '--words --generated --passphrase-file --passphrase-fd --help' -- "$word") ;;
        wallet:restore) mapfile -t COMPREPLY < <(compgen -W '--words --passphrase-file --passphrase-fd --help' -- "$word") ;;
        wallet:show) mapfile -t COMPREPLY < <(compgen -W '--passphrase-file --passphrase-fd --help' -- "$word") ;;
        wallet:backup) mapfile -t COMPREPLY < <(compgen -W '--to --words --show-words --passphrase-file --passphrase-fd --help' -- "$word") ;;
        *) mapfile -t COMPREPLY < <(compgen -W '--help' -- "$word") ;;
        esac
        return
    fi
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
    compopt -o filenames 2>/dev/null
}
complete -F _tally tally
