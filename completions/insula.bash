# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion for insula. What it offers comes from the program itself, so it cannot be out of date.

# _insula_load PROGRAM SCOPE: put the options of a verb, or with "-" those before the verb, into
# argument[]: "--name" and "-n" → what the value is called, "-" for none.
_insula_load() {
	local kind scope name letter value rest
	argument=([--help]=- [-h]=-)
	while IFS=$'\t' read -r kind scope name letter value rest; do
		[[ $kind == option && $scope == "$2" ]] || continue
		argument[--$name]=$value
		[[ $letter == - ]] || argument[-$letter]=$value
	done < <("$1" help --options-dump 2>/dev/null)
}

# _insula_value VALUE CURRENT: what can stand for an option's value or an argument of that name.
_insula_value() {
	case $1 in
	*'|'*) mapfile -t COMPREPLY < <(compgen -W "${1//|/ }" -- "$2") ;;
	DIR | BUNDLE)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$2")
		;;
	FILE | SOCKET)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$2")
		;;
	SIGNAL) mapfile -t COMPREPLY < <(compgen -A signal -X '!SIG*' -- "$2") ;;
	esac
}

_insula() {
	local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]}
	local verb='' pending='' option='' word i arguments=0 root=() synopsis=()
	local -A argument

	COMPREPLY=()
	[[ $current == = ]] && current=''
	_insula_load "$program" -
	# bash splits at "=": --root=DIR are three words, the middle one "=".
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ -n $pending ]]; then
			[[ $word == = ]] && continue
			[[ $option == --root || $option == --library ]] && root+=("$option" "$word")
			pending=''
		elif [[ $word == -* ]]; then
			option=$word
			pending=${argument[$word]:-}
			[[ $pending == - ]] && pending=''
		elif [[ -z $verb ]]; then
			verb=$word
			_insula_load "$program" "$verb"
		else
			arguments=$((arguments + 1))
		fi
	done
	if [[ -n $pending ]]; then
		_insula_value "$pending" "$current"
	elif [[ $current == -* ]]; then
		[[ $verb =~ ^(exec|ps)$ && $arguments -gt 0 ]] && return
		mapfile -t COMPREPLY < <(compgen -W "${!argument[*]}" -- "$current")
	elif [[ -z $verb || $verb == help ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$("$program" help --options-dump 2>/dev/null |
			awk -F '\t' '$1 == "verb" { print $2 }')" -- "$current")
	else
		read -ra synopsis < <("$program" help --options-dump 2>/dev/null |
			awk -F '\t' -v verb="$verb" '$1 == "verb" && $2 == verb { print $3 }')
		word=${synopsis[arguments]:-}
		# "NAME...": all that follow, too.
		((${#synopsis[@]} == 0)) || [[ -n $word || ${synopsis[-1]} != *... ]] || word=${synopsis[-1]}
		if [[ $verb != spawn && ${word%...} =~ ^(ID|NAME)$ ]]; then
			mapfile -t COMPREPLY < <(compgen -W \
				"$("$program" "${root[@]}" list --quiet 2>/dev/null)" -- "$current")
		else
			_insula_value "${word//[\[\].]/}" "$current"
		fi
	fi
}

complete -F _insula insula
