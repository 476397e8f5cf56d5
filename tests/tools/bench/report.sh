#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `tlsring bench`: each form of its output says the same, and compare says what changed.
# shellcheck source-path=SCRIPTDIR disable=SC2154,SC2317
. "$(dirname "$0")/../../ktap.sh"
. "$(dirname "$0")/../serve.sh"
. "$(dirname "$0")/result.sh"

for_people() {
	"$tlsring" bench "${short[@]}" --modes plain,user-mapped > "$tmp/text"
	grep -qE '^plain .* nobody 100 %$' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -qE '^user-mapped .* user 100 %$' "$tmp/text" || fail "$(cat "$tmp/text")"
	! grep -q 'WRONG' "$tmp/text"
	"$tlsring" bench "${short[@]}" --repeats 1 --modes plain,user-mapped > "$tmp/text"
	! grep -q '^warning: noise' "$tmp/text" || fail "a single round has no noise: $(cat "$tmp/text")"
	grep -qE '^plain .* - +[0-9.]+ +nobody 100 %$' "$tmp/text" || fail "a single round has a range: $(cat "$tmp/text")"
	grep -q '^a single round tells no difference from noise' "$tmp/text" || fail "$(cat "$tmp/text")"
}

# Who looks on sees how far it is, and nothing of that stays.
progress() {
	python3 -IS - "$tlsring" "${short[@]}" <<-'END' || fail "no progress, or it stays"
		import os, pty, re, subprocess, sys
		ours, its = pty.openpty()
		subprocess.run([sys.argv[1], "bench", *sys.argv[2:], "--modes", "plain,user-mapped"], check=True, stderr=its,
		               stdout=subprocess.DEVNULL)
		os.close(its)
		# The kernel hands it over piece by piece.
		text = ""
		try:
		    while True:
		        text += os.read(ours, 65536).decode()
		except OSError:
		    pass
		steps = re.findall(r"\r\x1b\[K\[(#*)(-*)\] (\d)/6 (?:trying|running) \S+", text)
		assert [int(x[2]) for x in steps] == [1, 2, 3, 4, 5, 6] and text.endswith("\r\x1b[K"), text
		assert all(len(x[0]) == (int(x[2]) - 1) * 24 // 6 and len(x[0] + x[1]) == 24 for x in steps), text
	END
}

csv() {
	"$tlsring" bench --csv "${short[@]}" --modes plain,user-read > "$tmp/csv"
	python3 -IS - "$tmp/csv" <<-'END' || fail "$(cat "$tmp/csv")"
		import csv, sys
		# Where the processor counts there are more.
		counted = ("cycles_", "instructions_", "memory_traffic_")
		rows = [r for r in csv.DictReader(open(sys.argv[1])) if not r["measure"].startswith(counted)]
		assert len(rows) == 12 and all(r["as_asked"] == "yes" and r["runs"] == "2" for r in rows)
		assert all(float(r["min"]) <= float(r["median"]) <= float(r["max"]) for r in rows)
		assert [r["sealed_by_user"] for r in rows if r["mode"] == "user-read"] == ["100.00"] * 6
		assert all(r["samples"] == "16" and r["tls"] == "1.3" and r["size"] == "20000" and 0 <= float(r["others_percent"]) <= 100 for r in rows)
		assert all(None not in r and None not in r.values() for r in rows)
	END
}

# Every number of the report stands in JSON, every median of JSON in the report, and nothing else is needed.
report() {
	have gnuplot
	bench report.json --html "$tmp/report.html" --modes plain,user-mapped,user-engine
	python3 -IS - "$tmp/report.html" "$tmp/report.json" <<-'END' || fail "the report is not what JSON is"
		import html.parser, json, re, sys
		text, j = open(sys.argv[1]).read(), json.load(open(sys.argv[2]))
		m = {x["name"]: x for x in j["modes"]}
		class Report(html.parser.HTMLParser):
		    def __init__(self):
		        super().__init__()
		        self.rows, self.cells, self.tags, self.ids, self.texts, self.of = [[]], None, [], [], [], {}
		    def handle_starttag(self, tag, attributes):
		        a = dict(attributes)
		        self.tags.append(tag)
		        self.ids += [a["id"]] if "id" in a else []
		        for key in ("src", "href", "xlink:href", "data", "action", "style"):
		            assert re.match(r"(#|data:,$|--seal:)", a.get(key, "#")), (tag, a)
		        if tag == "tr":
		            self.rows.append([])
		        if tag == "data":
		            self.rows[-1].append(float(a["value"]))
		            self.value = float(a["value"])
		        self.measure = a.get("data-measure", self.measure if tag == "data" else None)
		        if tag == "data" and self.measure:
		            self.of.setdefault(self.measure, []).append(self.value)
		        self.last = tag
		    measure = last = None
		    def handle_data(self, data):
		        if self.last == "data":
		            shown = float(data)
		            assert abs(shown - self.value) <= max(0.5 * 10 ** -len((data.split(".") + [""])[1]), 1e-9) * 1.001, data
		            self.last = None
		        elif data.strip():
		            self.texts.append(data.strip())
		r = Report()
		r.feed(text)
		# gnuplot 6 would clear a place for a point that is not drawn.
		assert not re.search(r"<use[^>]*white", text)
		assert r.tags.count("svg") == 5 and len(r.ids) == len(set(r.ids)), r.ids
		assert "url(" not in text.replace("url(#", "") and "@import" not in text and "<script" not in text
		def near(a, b):
		    return abs(a - b) <= 1e-8 * abs(b)
		def has(row):
		    return any(len(x) == len(row) and all(near(a, b) for a, b in zip(x, row)) for x in r.rows)
		for name, mode in m.items():
		    assert name in r.texts
		    for measure, v in mode["measures"].items():
		        assert has([v["median"], v["min"], v["max"], v["mad"]]), (name, measure)
		for measure, values in r.of.items():
		    assert len(values) == 3 and all(near(a, x["measures"][measure]["median"]) for a, x in zip(values, m.values())), measure
		# Bars are labelled with three digits that count.
		for mode in m.values():
		    for measure in ("cpu_s_per_gib", "gbit_per_s", "cpu_us_per_request"):
		        assert any(re.fullmatch(r"[0-9.]+", t) and abs(float(t) / mode["measures"][measure]["median"] - 1) < 0.006
		                   for t in r.texts), (mode["name"], measure)
	END
}

# Whose bytes came the other way.
report_of_uploads() {
	have gnuplot
	bench report.json --html "$tmp/report.html" --modes plain,user-read --direction receive
	grep -q 'uploads of 20000 bytes' "$tmp/report.html" || fail "it does not say what was measured"
	grep -q '<th>opened by</th>' "$tmp/report.html" || fail "it does not say who opened"
	! grep -qE 'sealed (by|in)' "$tmp/report.html" || fail "nothing was sealed"
}

# What the machine is called is text, whatever it looks like; nothing may run it.
in_a_browser() {
	have chromium-headless-shell
	have gnuplot
	timeout 100 chromium-headless-shell --no-sandbox --disable-gpu --disable-dev-shm-usage --dump-dom about:blank \
		> /dev/null 2>&1 || skip "chromium-headless-shell cannot run here"
	"$tlsring" bench "${short[@]}" --html "$tmp/page.html" --modes plain,user-mapped > /dev/null
	cat > "$tmp/frames.html" <<-'END'
		<body><script>
		function look(frame) {
			const page = frame.contentDocument.documentElement;
			const cut = [...page.querySelectorAll("svg text")].filter(text => {
				const at = text.getBoundingClientRect(), all = text.ownerSVGElement.getBoundingClientRect();
				return at.left < all.left || at.right > all.right || at.top < all.top || at.bottom > all.bottom;
			});
			document.body.append(` ${frame.width}:${page.scrollWidth <= page.clientWidth ? "fits" : "overflows"}`);
			document.body.append(` cut:${cut.map(text => text.textContent)}.`);
		}
		</script>
		<iframe src="page.html" width="340" height="900" onload="look(this)"></iframe>
		<iframe src="page.html" width="1900" height="900" onload="look(this)"></iframe>
	END
	timeout 120 chromium-headless-shell --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$tmp/chromium" --enable-logging=stderr \
		--allow-file-access-from-files --dump-dom "file://$tmp/frames.html" > "$tmp/dom" 2> "$tmp/err" ||
		fail "$(tail -n 5 "$tmp/err")"
	grep -q '340:fits' "$tmp/dom" || fail "it does not fit into a narrow window: $(tail -n 3 "$tmp/dom")"
	grep -q '1900:fits' "$tmp/dom" || fail "it does not fit into a wide window"
	grep -q '1900:fits cut:\.' "$tmp/dom" || fail "what its charts say is cut off: $(tail -n 3 "$tmp/dom")"
	! grep ':CONSOLE' "$tmp/err" || fail "the browser complains"
}

no_report() {
	local status=0
	mkdir -p "$tmp/nothing"
	PATH=$tmp/nothing "$tlsring" bench "${short[@]}" --html "$tmp/none.html" > "$tmp/out" 2> "$tmp/err" || status=$?
	equal "$status" 1 status
	grep -q 'install it as root: apt-get install gnuplot-nox' "$tmp/err" || fail "$(cat "$tmp/err")"
	[ ! -s "$tmp/out" ] || fail "measured in vain: $(cat "$tmp/out")"
	have gnuplot
	status=0
	"$tlsring" bench "${short[@]}" --html "$tmp/no/folder" > "$tmp/out" 2> "$tmp/err" || status=$?
	equal "$status" 1 status
	grep -q 'folder: No such file' "$tmp/err" || fail "$(cat "$tmp/err")"
}

# Results with known values, made from a real one.
compares() {
	local status=0
	bench all.json --modes plain,user-read,user-mapped,user-engine
	python3 -IS - "$tmp" <<-'END'
		import json, sys
		at = sys.argv[1] + "/"
		j = json.load(open(at + "all.json"))
		for mode in j["modes"]:
		    for measure in mode.get("measures", {}).values():
		        measure["values"] = [100.0, 101.0, 102.0]
		json.dump(j, open(at + "before.json", "w"))
		m = {x["name"]: x for x in j["modes"]}
		m["plain"]["measures"]["cpu_s_per_gib"]["values"] = [50.0, 51.0, 52.0]
		m["user-read"]["measures"]["gbit_per_s"]["values"] = [90.0, 80.0, 81.0]
		m["user-mapped"]["measures"]["gbit_per_s"]["values"] = [99.0, 80.0, 100.5]
		m["user-engine"]["runs"] = 0
		m["user-read"]["disk"] = {"cold": False}
		j["options"]["size"] = 1
		del j["manifest"]["tlsring"]
		json.dump(j, open(at + "after.json", "w"))
	END
	"$tlsring" bench compare "$tmp/before.json" "$tmp/after.json" > "$tmp/text" || status=$?
	equal "$status" 3 "status of something worse"
	grep -qE '^plain +cpu_s_per_gib +101 +51 +-49.5 % +better$' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -qE '^user-read +gbit_per_s +101 +81 +-19.8 % +WORSE$' "$tmp/text" || fail "$(cat "$tmp/text")"
	! grep -q '^user-mapped' "$tmp/text" || fail "noise is told as a change"
	grep -q '^warning: user-engine measured only before' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -q '^warning: NOT COLD: in the file after not all that user-read sent' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -q 'not measured alike: size was 20000, is 1' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -q 'not measured alike: tlsring was "[0-9.]*", is not there' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -q '^2 measures changed by more than noise' "$tmp/text" || fail "$(cat "$tmp/text")"
	"$tlsring" bench compare "$tmp/before.json" "$tmp/before.json" > "$tmp/text"
	! grep -q 'not measured alike' "$tmp/text" || fail "$(cat "$tmp/text")"
	grep -q '^0 measures changed' "$tmp/text" || fail "$(cat "$tmp/text")"
	"$tlsring" bench compare --json "$tmp/before.json" "$tmp/after.json" > "$tmp/changes.json" || :
	true_of changes.json 'j["verdict"] == "worse" and [x["better"] for x in j["changes"]] == [True, False]'
	"$tlsring" bench compare --json "$tmp/before.json" "$tmp/before.json" > "$tmp/changes.json"
	true_of changes.json 'j["verdict"] == "same" and j["changes"] == []'
}

compares_only_results() {
	local status=0 wrong
	bench all.json --modes plain --repeats 1
	echo '{"tlsring_bench": 2}' > "$tmp/other.json"
	echo 'no json' > "$tmp/text.json"
	for wrong in other text missing; do
		status=0
		"$tlsring" bench compare "$tmp/all.json" "$tmp/$wrong.json" > "$tmp/out" 2> "$tmp/err" || status=$?
		equal "$status" 1 "status with $wrong.json"
		grep -q "$wrong.json: .*tlsring bench --json" "$tmp/err" || fail "$(cat "$tmp/err")"
		[ ! -s "$tmp/out" ] || fail "$(cat "$tmp/out")"
	done
}

# No kernel changes them.
for name in $(in_full for_people progress csv report report_of_uploads in_a_browser no_report compares \
	compares_only_results); do
	test_case $name $name
done
test_end
