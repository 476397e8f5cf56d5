#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A page in Chromium, over its DevTools protocol.

browser.py PROGRAM WIDTH[,WIDTH...] URL PICTURE [OPTION...] < EXPRESSION

Opens URL in a window so many pixels wide, prints what the expression (or the promise that it is) comes
to, and leaves a picture of the whole page, PICTURE-WIDTH.png; then in the next width. The status is 1 if
the page put an error on the console.
"""
import base64
import json
import os
import subprocess
import sys
import tempfile


class Browser:
    def __init__(self, program, options):
        # Where --remote-debugging-pipe looks for them; NUL ends a message.
        take, give = os.pipe(), os.pipe()
        ends = os.dup(take[0]), os.dup(give[1])

        def place():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self.process = subprocess.Popen([program, "--remote-debugging-pipe", *options, "about:blank"],
                                        stderr=subprocess.DEVNULL, pass_fds=(3, 4), preexec_fn=place)
        for fd in (take[0], give[1], *ends):
            os.close(fd)
        self.requests, self.answers = take[1], give[0]
        self.number, self.buffer, self.events, self.session = 0, b"", [], None

    def message(self):
        while b"\0" not in self.buffer:
            data = os.read(self.answers, 1 << 20)
            if not data:
                sys.exit("the browser has ended")
            self.buffer += data
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **params):
        self.number += 1
        request = {"id": self.number, "method": method, "params": params}
        if self.session:
            request["sessionId"] = self.session
        data = json.dumps(request).encode() + b"\0"
        while data:
            data = data[os.write(self.requests, data):]
        while True:
            message = self.message()
            if message.get("id") != self.number:
                self.events.append(message)
            elif "error" in message:
                sys.exit(f"{method}: {message['error']}")
            else:
                return message["result"]

    def await_event(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.message())

    def complaints(self):
        for event in self.events:
            params = event.get("params", {})
            if event.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
                yield "{text} {url}".format_map({"url": "", **params["entry"]})
            elif event.get("method") == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
                yield str([arg.get("value") for arg in params["args"]])
            elif event.get("method") == "Runtime.exceptionThrown":
                yield str(params["exceptionDetails"])


def open_page(browser, url):
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    browser.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in "Page", "Runtime", "Log":
        browser.call(domain + ".enable")
    error = browser.call("Page.navigate", url=url).get("errorText")
    if error:
        sys.exit(f"{url}: {error}")
    browser.await_event("Page.loadEventFired")


def show(browser, width, expression, picture):
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1,
                 mobile=False)
    result = browser.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
    if "exceptionDetails" in result:
        sys.exit(str(result["exceptionDetails"]))
    print(result["result"].get("value"))
    shot = browser.call("Page.captureScreenshot", captureBeyondViewport=True)
    with open(f"{picture}-{width}.png", "wb") as file:
        file.write(base64.b64decode(shot["data"]))


def main():
    program, widths, url, picture, *options = sys.argv[1:]
    expression = sys.stdin.read()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # Root and containers cannot have the sandbox; certificates are nobody's; the pages are our own.
        browser = Browser(program, ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                                    "--ignore-certificate-errors", "--hide-scrollbars",
                                    "--user-data-dir=" + profile, *options])
        open_page(browser, url)
        for width in widths.split(","):
            show(browser, int(width), expression, picture)
        browser.session = None
        browser.call("Browser.close")
        browser.process.wait()
    complaints = list(browser.complaints())
    if complaints:
        sys.exit("\n".join(complaints))


main()
