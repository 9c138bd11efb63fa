"""What debug mode has found, as text, as JSON or as one HTML page."""

from __future__ import annotations

import html
import json
import os
import sys
from typing import Any, Dict, List, Optional

#: What each kind of finding is called in reports.
TITLES = {
    "argument-closed": "an argument closed by the function that got it",
    "assigned-field": "a field assigned instead of stored",
    "closed-builder": "a builder used after it was built or cancelled",
    "closed-handle": "a closed handle used",
    "closed-tracker": "a tracker used that is not open",
    "constant-closed": "a constant of the context closed",
    "destructor-raised": "a capsule destructor that left an exception set",
    "gc-missing-flag": "a type without HPy_TPFLAGS_HAVE_GC that keeps objects",
    "gc-not-visited": "a field that the garbage collector is not told of",
    "kept-handle": "a handle used in a later call",
    "leaked-builder": "a builder neither built nor cancelled",
    "leaked-handle": "a handle never closed",
    "leaked-tracker": "a tracker never closed",
    "missing-error": "an error returned without an exception",
    "not-a-handle": "a value used as a handle that is none",
    "null-handle": "a null handle where none may be",
    "pending-error": "a function called while an exception is pending",
    "unbalanced-leave": "leaving and re-entering Python out of balance",
    "undeclared-global": "a global that the module does not declare",
    "unreleased-global": "a global that holds an object after its module is gone",
    "unexpected-error": "a result returned with an exception set",
    "written-text": "a write to memory lent for reading",
    "wrong-argument": "an argument of the wrong type",
    "wrong-struct": "a struct of the wrong shape",
}


#: Parts of the paths of sources whose frames say nothing about where a mistake was made: what headers inline, the Rust
#: SDK, the standard library.
_BETWEEN = ("/hpy/devel/include/", "/hpy-sys/src/", "/hpy-rs/src/", "/rustc/", "/rust/library/")


def _is_of_extension(frame: Dict[str, Any]) -> bool:
    path = frame["file"].replace("\\", "/")
    binary = os.path.realpath(frame["object"].rpartition("+")[0])
    if binary == os.path.realpath(sys.executable) or os.path.basename(binary).startswith("libpython"):
        return False
    return frame["function"] != "??" and not any(part in path for part in _BETWEEN)


def _where(trace: Optional[Dict[str, Any]], function: str = "") -> str:
    """The innermost frame of the extension itself, for grouping; else `function` or the innermost Python frame."""
    if not trace:
        return function or "unknown: record traces with hpy.debug.set_handle_stack_trace_limit(16)"
    for frame in trace["native"]:
        if _is_of_extension(frame):
            if frame["file"]:
                return f"{frame['function']} at {frame['file']}:{frame['line']}"
            return f"{frame['function']} in {frame['object']}"
    python = trace["python"]
    return function or (str(python[0]) if python else "unknown")


class Report:
    """Findings and leaked handles at one moment."""

    def __init__(self, findings: List[Dict[str, Any]]) -> None:
        self.findings = findings

    @classmethod
    def collect(cls, generation: Optional[int] = None) -> "Report":
        """What is known now; handles count as leaked if they are of `generation` or later."""
        from hpy.universal import _debug

        findings = list(_debug.get_findings())
        leaks: Dict[str, Dict[str, Any]] = {}
        for handle in _debug.get_open_handles(generation or 0):
            opened = handle.opened
            what = _shortened(handle.obj)
            site = _where(opened) if opened else what
            known = leaks.get(site)
            if known is not None:
                known["count"] += 1
                continue
            what = f"a buffer view of {what} was never released" if handle.is_view else f"a handle for {what} was never closed"
            leaks[site] = _finding("leaked-handle", what, opened)
        for module, held in _debug.get_unreleased_globals():
            message = f"a global of the module {module} still holds {_shortened(held)} although the module is gone"
            findings.append(_finding("unreleased-global", message))
        return cls(findings + list(leaks.values()))

    @property
    def empty(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def count(self) -> int:
        """How many mistakes were made."""
        return sum(finding["count"] for finding in self.findings)

    def summary(self) -> str:
        """One line."""
        if self.empty:
            return "hpy.debug: nothing found"
        kinds = len(self.findings)
        return f"hpy.debug: {self.count} mistake{'s' if self.count != 1 else ''} at {kinds} place{'s' if kinds != 1 else ''}"

    def text(self) -> str:
        """The report for a terminal."""
        lines = [self.summary()]
        for finding in self.findings:
            times = f" ({finding['count']} times)" if finding["count"] > 1 else ""
            lines.append(f"\n{TITLES.get(finding['kind'], finding['kind'])}{times}: {finding['message']}")
            for title, key in (("here", "here"), ("opened", "opened"), ("closed", "closed")):
                trace = finding[key]
                if trace and trace["text"]:
                    lines.append(f"  {title}:")
                    lines.append(trace["text"].rstrip("\n"))
        return "\n".join(lines)

    def json(self) -> str:
        """The report as JSON: an object with `version`, `mistakes` and `findings`."""
        return json.dumps({"version": 1, "mistakes": self.count, "findings": self.findings}, indent=1)

    def html(self, title: str) -> str:
        """The report as one page that needs nothing else: searchable, grouped by place, traces collapsible."""
        groups: Dict[str, List[Dict[str, Any]]] = {}
        for finding in self.findings:
            site = _where(finding["opened"] or finding["here"], finding["function"])
            groups.setdefault(site, []).append(finding)
        body = []
        for site, findings in sorted(groups.items(), key=lambda group: -sum(f["count"] for f in group[1])):
            total = sum(finding["count"] for finding in findings)
            body.append(f'<section><h2>{html.escape(site)} <span class="n">{total}</span></h2>')
            for finding in findings:
                body.append(_html_finding(finding))
            body.append("</section>")
        return _PAGE.format(
            title=html.escape(title), summary=html.escape(self.summary()), body="\n".join(body)
        )


def _finding(kind: str, message: str, opened: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
    """What is found when a report is made, in the form of the findings made before."""
    return {
        "kind": kind,
        "message": message,
        "function": "",
        "count": 1,
        "here": None,
        "opened": opened,
        "closed": None,
    }


def _shortened(value: Any) -> str:
    try:
        text = repr(value)
    except Exception as error:  # A repr of the program's own may fail in any way.
        text = f"<{type(value).__name__} object, repr failed: {error!r}>"
    return text if len(text) <= 80 else text[:77] + "..."


def _html_finding(finding: Dict[str, Any]) -> str:
    kind = html.escape(TITLES.get(finding["kind"], finding["kind"]))
    parts = [f'<article><p><b>{kind}</b> <span class="n">{finding["count"]}</span></p>']
    parts.append(f"<p>{html.escape(finding['message'])}</p>")
    for title, key in (("here", "here"), ("opened", "opened"), ("closed", "closed")):
        trace = finding[key]
        if trace and trace["text"]:
            parts.append(f"<details><summary>{title}</summary><pre>{html.escape(trace['text'])}</pre></details>")
    parts.append("</article>")
    return "".join(parts)


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
body {{ font: 15px/1.45 system-ui, sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em; color: #222; }}
h1 {{ font-size: 1.4em; }} h2 {{ font: 600 1em ui-monospace, monospace; overflow-wrap: anywhere; }}
section {{ border-top: 1px solid #ccc; }} article {{ margin: 0 0 1em 1em; }} article p {{ margin: .2em 0; }}
pre {{ background: #f4f4f4; padding: .6em; overflow-x: auto; font-size: 13px; }}
.n {{ background: #eee; border-radius: 1em; padding: 0 .6em; font-weight: 400; }}
input {{ font: inherit; width: 100%; padding: .4em; box-sizing: border-box; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #1b1b1b; color: #ddd; }} pre, .n {{ background: #2a2a2a; }} }}
</style></head><body>
<h1>{title}</h1><p>{summary}</p>
<input type="search" placeholder="Search functions, files, messages" aria-label="Search" id="q">
{body}
<script>
document.getElementById("q").addEventListener("input", function (event) {{
  var wanted = event.target.value.toLowerCase();
  document.querySelectorAll("section").forEach(function (section) {{
    var shown = 0, title = section.querySelector("h2").textContent.toLowerCase();
    section.querySelectorAll("article").forEach(function (article) {{
      var hit = title.includes(wanted) || article.textContent.toLowerCase().includes(wanted);
      article.hidden = !hit; shown += hit;
    }});
    section.hidden = !shown;
  }});
}});
</script></body></html>
"""
