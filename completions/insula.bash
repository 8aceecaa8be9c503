# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion for insula. What it offers comes from the program itself.

# What `help --options-dump` has said, and of which program: it is asked once a shell, so that a key costs
# no more than the listing of what there is.
_insula_program=''
_insula_table=()

_insula_ask() {
	[[ $_insula_program == "$1" && ${#_insula_table[@]} -gt 0 ]] && return
	mapfile -t _insula_table < <("$1" help --options-dump 2>/dev/null)
	_insula_program=$1
}

# _insula_load SCOPE: put the options of a verb, or with "-" those before the verb, into argument[]:
# "--name" and "-n" → what the value is called, "-" for none; and into choices[] the words that an option
# takes by its help: "its network: none, host".
_insula_load() {
	local line name letter value help

	argument=([--help]=- [-h]=-)
	choices=()
	for line in "${_insula_table[@]}"; do
		[[ $line == option$'\t'"$1"$'\t'* ]] || continue
		IFS=$'\t' read -r _ _ name letter value help <<<"$line"
		argument[--$name]=$value
		[[ $letter == - ]] || argument[-$letter]=$value
		[[ $value != KIND && $value != WHEN ]] || choices[--$name]=${help#*: }
	done
}

# The names of all verbs.
_insula_verbs() {
	printf '%s\n' "${_insula_table[@]}" | awk -F '\t' '$1 == "verb" { print $2 }'
}

# The rows of `set` before --unset are the settings.
_insula_settings() {
	printf '%s\n' "${_insula_table[@]}" |
		awk -F '\t' '$1 == "option" && $2 == "set" { ended = ended || $3 == "unset"; if (!ended) print $3 }'
}

# A recipe is a directory with a program `build`, where `insula template build` looks for it.
_insula_recipes() {
	local program directory recipe

	program=$(readlink -f "$(type -P "$_insula_program")")
	program=${program%/*/*}
	for directory in "${INSULA_TEMPLATES:-$program/rootfs-templates}" "$program/share/insula/rootfs-templates"; do
		for recipe in "$directory"/*/build; do
			[[ ! -x $recipe ]] || echo "$recipe"
		done
		[[ -z ${INSULA_TEMPLATES:-} ]] || break
	done | sed -nE 's|.*/([A-Za-z0-9_.-]+)/build$|\1|p'
}

# _insula_list VERB…: what the program tells of what there is in the directories of the command line.
_insula_list() {
	"$_insula_program" "${root[@]}" "$@" 2>/dev/null
}

# The snapshots of the partition that is the first argument.
_insula_snapshots() {
	[[ -z ${words[0]:-} ]] || _insula_list snapshot --list "${words[0]}" | awk 'NR > 1 { print $2 }'
}

# _insula_kind SYNOPSIS: what stands at this place by the verb's synopsis; names that are there, and words
# of `template`, have kinds of their own.
_insula_kind() {
	local -a places
	local place

	read -ra places <<<"$1"
	place=${places[${#words[@]}]:-}
	# "NAME...": all that follow, too.
	((${#places[@]} == 0)) || [[ -n $place || ${places[-1]} != *... ]] || place=${places[-1]}
	case "$verb ${words[0]:-} ${place//[\[\].]/}" in
	'help '*) echo VERB ;;
	'template build ARGUMENT') [[ ${#words[@]} -gt 1 ]] || echo RECIPE ;;
	'template import ARGUMENT') [[ ${#words[@]} -ne 2 ]] || echo FILE ;;
	'template list '*) ;;
	'template '?*' ARGUMENT') echo TEMPLATE ;;
	'spawn '* | 'import '*' NAME' | 'snapshot '*' SNAPSHOT') ;;
	*' NAME') echo ID ;;
	*) echo "${place//[\[\].]/}" ;;
	esac
}

# _insula_value KIND CURRENT: what can stand for an option's value or an argument that is called so.
_insula_value() {
	local offered=''

	case $1 in
	*'|'*) offered=${1//|/ } ;;
	*', '*) offered=${1//, / } ;;
	DIR | BUNDLE)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$2")
		;;
	FILE | SOCKET)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$2")
		;;
	SIGNAL) mapfile -t COMPREPLY < <(compgen -A signal -X '!SIG*' -- "$2") ;;
	VERB) offered=$(_insula_verbs) ;;
	ID) offered=$(_insula_list list --quiet) ;;
	TEMPLATE) offered=$(_insula_list template list --quiet) ;;
	RECIPE) offered=$(_insula_recipes) ;;
	SNAPSHOT) offered=$(_insula_snapshots) ;;
	SETTING) offered=$(_insula_settings) ;;
	esac
	[[ -z $offered ]] || mapfile -t COMPREPLY < <(compgen -W "$offered" -- "$2")
}

# _insula_pending OPTION: what the value of an option is, more exactly than --help calls it.
_insula_pending() {
	case $1 in
	--template) echo TEMPLATE ;;
	--after) echo ID ;;
	--device) echo FILE ;;
	*) echo "${choices[$1]:-${argument[$1]}}" ;;
	esac
}

_insula() {
	local current=${COMP_WORDS[COMP_CWORD]} verb='' pending='' option='' word i
	local -a root=() words=()
	local -A argument choices

	COMPREPLY=()
	[[ $current == = ]] && current=''
	_insula_ask "${COMP_WORDS[0]}"
	_insula_load -
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
			_insula_load "$verb"
		else
			words+=("$word")
		fi
	done
	if [[ -n $pending ]]; then
		_insula_value "$(_insula_pending "$option")" "$current"
	elif [[ $current == -* ]]; then
		[[ $verb =~ ^(enter|exec|ps)$ && ${#words[@]} -gt 0 ]] && return
		mapfile -t COMPREPLY < <(compgen -W "${!argument[*]}" -- "$current")
	elif [[ -z $verb ]]; then
		_insula_value VERB "$current"
	else
		_insula_value "$(_insula_kind "$(printf '%s\n' "${_insula_table[@]}" |
			awk -F '\t' -v verb="$verb" '$1 == "verb" && $2 == verb { print $3 }')")" "$current"
	fi
}

complete -F _insula insula
