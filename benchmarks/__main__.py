"""`make bench`: every benchmark in turn, those of speed first."""

import subprocess
import sys
from pathlib import Path

from benchmarks.contenders import PEERS
from benchmarks.event_loop import MOBILEFACENET
from benchmarks.report import ROOT, arguments, parsed

REQUIREMENTS = ROOT / "benchmarks" / "requirements-peers.txt"


def main() -> None:
    """Run them all; `--json` names a folder here."""
    given = parsed(arguments(__doc__ or ""))
    given.data = given.data.resolve()
    if not (PEERS / "face_recognition").is_dir():
        _python("pip", "install", "--no-deps", "--target", PEERS, "-r", REQUIREMENTS)
    runs: dict[str, list[str | Path]] = {
        name: [f"benchmarks.{name}"]
        for name in (
            "pipeline",
            "event_loop",
            "identification",
            "quality",
            "clusters",
            "duplicates",
            "detection",
            "illustrated_faces",
            "gate",
            "routing",
            "characters",
            "beauty",
            "retraining",
            "learning",
            "photogenic",
            "enhance",
        )
    }
    if (given.data / MOBILEFACENET).is_file():
        network = given.data / MOBILEFACENET
        for name in ("identification", "quality", "clusters"):
            runs[f"{name}-mobilefacenet"] = [f"benchmarks.{name}", "--embedder", network]
    for name, command in runs.items():
        if given.json is not None:
            given.json.mkdir(parents=True, exist_ok=True)
            command += ["--json", given.json / f"{name}.json"]
        _python(*command, "--data", given.data)


def _python(module: str | Path, *arguments: str | Path) -> None:
    subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
