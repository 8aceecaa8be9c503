#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Where the program speaks: --log, its formats and levels, and the standard error.

load helpers

setup() {
	insula_setup
	LOG=$BATS_TEST_TMPDIR/log
}

@test 'an error is one JSON object in the log and one line of plain text on standard error' {
	run -1 --separate-stderr insula --log "$LOG" --log-format json state nobody
	is ''
	# shellcheck disable=SC2154
	[ "$stderr" = 'insula: container "nobody" does not exist' ]
	[ "$(wc -l <"$LOG")" = 1 ]
	jq -e '.level == "error" and .msg == "container \"nobody\" does not exist"
		and (.time | test("^20[0-9-]+T[0-9:]+Z$"))' "$LOG"
}

@test 'a create that warns and fails leaves exactly one JSON object' {
	config '.process.capabilities.bounding += ["CAP_MOON"] | .mounts += [{destination: "/x", type: "nofs", source: "x"}]'
	run -1 insula --log "$LOG" --log-format json create --bundle "$BUNDLE" box
	[ "$(jq -s length "$LOG")" = 1 ]
	jq -e '.level == "error"' "$LOG"
}

@test 'a fifo that nobody reads is no log, and holds nobody up' {
	mkfifo "$LOG"
	run -1 timeout 10 "$INSULA" --log "$LOG" state nobody
	has "open $LOG: No such device or address"
}

@test 'a mistake on the command line is in the log too' {
	run -1 insula --log "$LOG" --log-format=json create --nonsense box
	jq -e '.level == "error" and (.msg | contains("nonsense"))' "$LOG"
	rm "$LOG"
	run -1 insula --log "$LOG" --log-format=json --nonsense create box
	jq -e '.level == "error"' "$LOG"
	rm "$LOG"
	run -1 insula --log "$LOG" --log-format json nonsense
	jq -e '.level == "error"' "$LOG"
}

@test 'the text format is one line a record' {
	run -1 insula --log "$LOG" state nobody
	[[ $(cat "$LOG") =~ ^time=\"20[0-9-]+T[0-9:]+Z\"\ level=error\ msg=\"container\ .*\"$ ]]
	run -1 insula --log "$LOG" --log-format text state nobody
	[ "$(wc -l <"$LOG")" = 2 ]
}

@test 'without a log the JSON goes to standard error' {
	run -1 --separate-stderr insula --log-format json state nobody
	jq -e '.level == "error"' <<<"$stderr"
}

@test 'warnings go to the log, and without one to standard error' {
	config '.process.capabilities.bounding += ["CAP_MOON"]'
	run -0 --separate-stderr insula run --bundle "$BUNDLE" box
	[[ $stderr == 'insula: warning: '*CAP_MOON* ]]
	run -0 --separate-stderr insula --log "$LOG" --log-format json run --bundle "$BUNDLE" box
	[ "$stderr" = '' ]
	jq -e '.level == "warning" and (.msg | contains("CAP_MOON"))' "$LOG"
	rm "$LOG"
	run -0 --separate-stderr insula --log "$LOG" --log-level error run --bundle "$BUNDLE" box
	[ ! -s "$LOG" ]
	run -0 insula --log-level error run --bundle "$BUNDLE" box
	is ''
}

@test 'success says nothing' {
	run -0 insula --log "$LOG" --log-format json run --bundle "$BUNDLE" box
	is ''
	[ ! -s "$LOG" ]
}

@test '--debug tells the steps' {
	run -0 --separate-stderr insula --debug --log "$LOG" --log-format json run --bundle "$BUNDLE" box
	[ "$stderr" = '' ]
	jq -se 'length > 10 and all(.level == "debug") and any(.msg | contains("/proc"))' "$LOG"
	rm "$LOG"
	run -1 insula --debug --log "$LOG" --log-format json state nobody
	jq -se 'last | .level == "error"' "$LOG"
	rm "$LOG"
	run -0 insula --log-level debug --log "$LOG" run --bundle "$BUNDLE" box
	grep -q 'level=debug' "$LOG"
}

@test 'the log is appended to, and is closed in the container' {
	echo before >"$LOG"
	command_is sh -c 'ls /proc/self/fd | wc -l'
	run -0 insula --debug --log "$LOG" run --bundle "$BUNDLE" box
	is 4
	[ "$(head -n 1 "$LOG")" = before ]
}

@test 'a log that cannot be written to is an error' {
	run -1 insula --log /nowhere/log state nobody
	has '/nowhere/log'
	one_line
	run -1 insula --log "$BATS_TEST_TMPDIR" state nobody
	one_line
	run -1 insula --log-format xml state nobody
	has 'xml'
	one_line
	run -1 insula --log-level loud state nobody
	one_line
}

@test 'control characters neither break the log nor reach the terminal' {
	run -1 --separate-stderr insula --log "$LOG" --log-format json state $'a\e[31m\nb"\\\x01'
	jq -e '.level == "error"' "$LOG"
	[ "$(wc -l <"$LOG")" = 1 ]
	[[ $stderr != *$'\e'* ]]
	[ "$(wc -l <<<"$stderr")" = 1 ]
	run -1 insula --log "$LOG.text" state $'a\nb'
	[ "$(wc -l <"$LOG.text")" = 1 ]
	run -1 insula --log "$LOG.bytes" --log-format json state $'\xff\xfe'
	jq -e . "$LOG.bytes"
}

@test 'file: is a file, what else others know is refused' {
	run -1 insula --log "file:$LOG" state nobody
	[ -s "$LOG" ]
	run -1 insula --log journald:x state nobody
	has 'not supported'
}
