"""The demo as a newcomer with the whole installation meets it: a report, then a console with the same story, ended by Ctrl-C."""

import re
import signal
import subprocess
import sys
import threading

import httpx


def test_the_demo_opens_the_console_on_its_story(tmp_path) -> None:
    tmp_path.chmod(0o755)
    command = [sys.executable, "-W", "ignore", "-c", "from beleg.cli import main; main()", "demo", "--orders", "500"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as demo:
        late = threading.Timer(300, demo.kill)
        late.start()
        try:
            said = ""
            for line in demo.stdout:
                said += line
                if "The console" in line:
                    break
            report = re.search(r"The report is at (\S+)", said)
            console = re.search(r"(http://localhost:\d+/enrol\S+)", said)
            assert report
            assert console, said
            assert httpx.get(report[1]).status_code == 200
            assert "data-passkey" in httpx.get(console[1]).text
            demo.send_signal(signal.SIGINT)
            assert demo.wait(60) in {0, 130, -signal.SIGINT}
        finally:
            late.cancel()
            demo.kill()
