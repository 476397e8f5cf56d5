#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Chromium loads a page with 50 assets, over HTTP/2 and over HTTP/1.1, and shows the pages that are the
# server's own in wide and in narrow windows. It has no place on the rig: emulated, it takes minutes.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"
here=$(dirname "$0")
chromium="chromium-headless-shell"
pictures=${PICTURES:-$tmp}	# a folder, to look at them

set_up() {
	local font i
	have "$chromium"
	timeout 100 "$chromium" --no-sandbox --disable-gpu --disable-dev-shm-usage --dump-dom about:blank > /dev/null 2>&1 ||
		skip "$chromium cannot run here"
	font=$(find /usr/share/fonts -name '*.ttf' -size +64k | sort | head -n 1)
	[ -n "$font" ] || skip "there is no font here"
	mkdir -p "$tmp/www/page" "$tmp/www/folder/sub"
	python3 "$here/browser_page.py" "$tmp/www/page" "$font"
	cd "$tmp/www/folder"
	for i in $(seq 20); do head -c $((i * i * i * 700)) /dev/zero > "file-$i.iso"; done
	touch notes.txt 'ein schöner Name mit Leerzeichen.pdf' 'a&b <c>.html' "$(printf 'without-a-break%.0s' {1..12}).tar.gz"
}

shown() { # WIDTHS URL PICTURE [BROWSER OPTION...]: what the expression on standard input comes to
	timeout 200 python3 "$here/browser.py" "$chromium" "$1" "$2" "$pictures/$3" "${@:4}" 2>&1
}

assets() { # PROTOCOL [BROWSER OPTION...]
	equal "$(echo 'assets()' | shown 1000 "https://127.0.0.1:$port/page/" "page-${1%/*}" "${@:2}")" \
		"50 assets over $1" "what the page says"
	! grep -iE 'failed|refused|cut' "$log" || fail "the server complains"
}

# Nothing is wider than the window.
fits() { # URL PICTURE
	equal "$(echo 'document.documentElement.scrollWidth - document.documentElement.clientWidth' |
		shown 1000,400,280 "$1" "$2" | tr '\n' ' ')" "0 0 0 " "pixels beyond the window"
}

test_case set_up set_up
[ -e "$tmp/www/folder" ] || test_end
server_start serve --listing --metrics 127.0.0.1:0 "$tmp/www" || exit 1
metrics=$(sed -n 's|.*metrics on .*: \(http://.*\)metrics|\1|p' "$log")
test_case http2 assets h2
test_case http1 assets http/1.1 --disable-http2
test_case listing fits "https://127.0.0.1:$port/folder/" listing
test_case status_page fits "$metrics" status
test_case stops_cleanly server_stop
test_end
