"""A real CUPS print server of the test's own, with queues that write PDF files in place of paper."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SERVER = """
Listen {root}/cups.sock
WebInterface No
Browsing Off
DefaultAuthType None
<Location />
  Order allow,deny
  Allow all
</Location>
<Location /admin>
  Order allow,deny
  Allow all
</Location>
<Policy default>
  JobPrivateAccess all
  JobPrivateValues none
  <Limit All>
    Order allow,deny
    Allow all
  </Limit>
</Policy>
"""

_FILES = """
FileDevice Yes
ServerRoot {root}
RequestRoot {root}/spool
TempDir {root}/spool/tmp
CacheDir {root}/cache
StateDir {root}/state
AccessLog {root}/log/access
ErrorLog {root}/log/error
PageLog {root}/log/page
"""

_PPD = """*PPD-Adobe: "4.3"
*FormatVersion: "4.3"
*FileVersion: "1.0"
*LanguageVersion: English
*LanguageEncoding: ISOLatin1
*PCFileName: "PDFFILE.PPD"
*Manufacturer: "nbcase"
*Product: "(PDF file)"
*ModelName: "PDF file"
*ShortNickName: "PDF file"
*NickName: "PDF file"
*PSVersion: "(3010.000) 0"
*LanguageLevel: "3"
*ColorDevice: True
*DefaultColorSpace: RGB
*cupsVersion: 2.4
*cupsFilter2: "application/vnd.cups-pdf application/pdf 0 -"
*OpenUI *PageSize/Page Size: PickOne
*OrderDependency: 10 AnySetup *PageSize
*DefaultPageSize: A4
*PageSize A4/A4: ""
*PageSize A5/A5: ""
*CloseUI: *PageSize
*OpenUI *PageRegion/Page Region: PickOne
*OrderDependency: 10 AnySetup *PageRegion
*DefaultPageRegion: A4
*PageRegion A4/A4: ""
*PageRegion A5/A5: ""
*CloseUI: *PageRegion
*DefaultImageableArea: A4
*ImageableArea A4/A4: "0 0 595 842"
*ImageableArea A5/A5: "0 0 420 595"
*DefaultPaperDimension: A4
*PaperDimension A4/A4: "595 842"
*PaperDimension A5/A5: "420 595"
*MaxMediaWidth: "2000"
*MaxMediaHeight: "2000"
*HWMargins: 0 0 0 0
*CustomPageSize True: ""
*ParamCustomPageSize Width: 1 points 36 2000
*ParamCustomPageSize Height: 2 points 36 2000
*ParamCustomPageSize WidthOffset: 3 points 0 0
*ParamCustomPageSize HeightOffset: 4 points 0 0
*ParamCustomPageSize Orientation: 5 int 0 3
*DefaultFont: Courier
"""

NEEDED = ("lp", "lpstat", "lpadmin", "cupsdisable", "cupsenable")
CUPSD = shutil.which("cupsd", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin")))


def is_there() -> bool:
    """Whether CUPS is on this machine."""
    return CUPSD is not None and all(shutil.which(name) for name in NEEDED)


@dataclass
class PrintServer:
    """A running server; `CUPS_SERVER` has to name its `socket`."""

    root: Path

    @property
    def socket(self) -> str:
        return str(self.root / "cups.sock")

    def ask(self, *command: str) -> str:
        """Run one of CUPS's programs against this server."""
        done = subprocess.run(
            command, env=os.environ | {"CUPS_SERVER": self.socket}, capture_output=True, text=True, check=True, timeout=30
        )
        return done.stdout

    def add_queue(self, name: str) -> Path:
        """A queue; the file that its newest job is written to."""
        ppd, paper = self.root / "printer.ppd", self.root / f"{name}.pdf"
        ppd.write_text(_PPD)
        self.ask("lpadmin", "-p", name, "-E", "-v", f"file:{paper}", "-P", str(ppd))
        return paper


@contextmanager
def print_server(root: Path) -> Iterator[PrintServer]:
    """A server for as long as the context lasts; jobs and queues in `root` outlive it."""
    for folder in ("spool/tmp", "cache", "state", "log"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "cupsd.conf").write_text(_SERVER.format(root=root))
    (root / "cups-files.conf").write_text(_FILES.format(root=root))
    assert CUPSD is not None
    server = PrintServer(root)
    (root / "cups.sock").unlink(missing_ok=True)
    command = [CUPSD, "-f", "-c", str(root / "cupsd.conf"), "-s", str(root / "cups-files.conf")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 20
            while not (root / "cups.sock").exists() and time.monotonic() < deadline:
                assert process.poll() is None, (root / "log" / "error").read_text()
                time.sleep(0.01)
            yield server
        finally:
            process.terminate()
            process.wait(20)
