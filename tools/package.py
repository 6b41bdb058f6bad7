"""Make `dist/patchwise-<version>.zip`, the file that QGIS installs and the plugin repository accepts.

The zip holds what `git archive` gives for the last commit: tracked files without those that .gitattributes marks
export-ignore. The same commit gives the same bytes. A finding of Bandit or detect-secrets blocks a version in the
plugin repository, so it blocks the package here.
"""

import configparser
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
PLUGIN = "patchwise"
MAX_BYTES = 25 * 1024 * 1024
REQUIRED_FIELDS = (
    "name",
    "description",
    "version",
    "qgisMinimumVersion",
    "author",
    "email",
    "about",
    "tracker",
    "repository",
    "homepage",
)
REQUIRED_FILES = ("LICENSE", "__init__.py", "metadata.txt")
FORBIDDEN_FOLDERS = ("__pycache__", "bench", "build", "dist", "tests", "tools")
FORBIDDEN_SUFFIXES = (".pyc", ".pyo", ".so", ".pyd", ".dll", ".dylib", ".exe", ".zip")


class PackageError(Exception):
    """The package cannot be made; the text says why and lists every finding."""


def fail_on(findings, what):
    """Raise PackageError with all `findings`, or do nothing when there are none."""
    if findings:
        raise PackageError("\n    ".join([what + ":", *findings]))


def git(*arguments):
    """Standard output of a git command in the checkout, as bytes."""
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout


def refuse_uncommitted():
    """Refuse changes that the zip, made from the last commit, would leave out without a word."""
    changes = git("status", "--porcelain", "--untracked-files=normal").decode().splitlines()
    fail_on(changes, "commit or remove these first, because the package is made from the last commit")


def export(folder):
    """Unpack the last commit's exported files into `folder`/patchwise; the plugin's folder is returned."""
    # autocrlf would make the bytes depend on the machine.
    archive = git("-c", "core.autocrlf=false", "archive", "--format=tar", f"--prefix={PLUGIN}/", "HEAD")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        fail_on([m.name for m in tar if not (m.isfile() or m.isdir())], "only plain files can be packed")
        tar.extractall(folder)
    return folder / PLUGIN


def files_of(plugin):
    """All files of the folder `plugin`, sorted by their path in the zip."""
    return sorted((p for p in plugin.rglob("*") if p.is_file()), key=lambda p: p.relative_to(plugin).as_posix())


def read_metadata(text):
    """The fields of metadata.txt, checked as the plugin repository does."""
    parser = configparser.ConfigParser()  # with interpolation, as QGIS reads it: a bare % is an error
    parser.optionxform = str
    try:
        parser.read_string(text)
        fields = dict(parser["general"])
    except (configparser.Error, KeyError) as error:
        raise PackageError(f"metadata.txt: {error}") from error
    fail_on([name for name in REQUIRED_FIELDS if not fields.get(name, "").strip()], "metadata.txt lacks")
    numbers = fields["version"].split(".")
    if len(numbers) != 3 or not all(number.isdigit() for number in numbers):
        raise PackageError(f"metadata.txt: version={fields['version']!r} must be three numbers, as in 1.2.3")
    return fields


def scan(plugin, tool, *arguments):
    """The JSON report of a scanner run in the folder `plugin`; how it exits does not matter, a missing report does."""
    # In the folder, because detect-secrets skips files outside the current one without a word.
    run = subprocess.run([sys.executable, "-m", tool, *arguments, "."], cwd=plugin, capture_output=True)
    try:
        return json.loads(run.stdout)
    except ValueError:
        raise PackageError(f"{tool} failed: {run.stderr.decode(errors='replace').strip()}") from None


def bandit_findings(plugin):
    """One line for each finding of Bandit, of every severity, and for each file that it could not read."""
    report = scan(plugin, "bandit", "-r", "-q", "-f", "json")
    lines = [f"{error['filename']}: {error['reason']}" for error in report["errors"]]
    return lines + [f"{r['filename']}:{r['line_number']}: {r['test_id']} {r['issue_text']}" for r in report["results"]]


def secret_findings(plugin):
    """One line for each finding of detect-secrets."""
    # Without --all-files only files that git tracks are read, and these are copies. Nothing is sent anywhere.
    report = scan(plugin, "detect_secrets", "scan", "--all-files", "--no-verify")
    found = [secret for secrets in report["results"].values() for secret in secrets]
    return [f"{secret['filename']}:{secret['line_number']}: {secret['type']}" for secret in found]


def write_zip(plugin, target):
    """Zip the folder `plugin`, so that equal contents of one commit give equal bytes."""
    # The commit's date and not a constant: Python takes a module's .pyc from an older version of the plugin for valid
    # when the source has the same date and size.
    date = time.gmtime(int(git("log", "-1", "--format=%ct")))[:6]
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as out:
        for path in files_of(plugin):
            entry = zipfile.ZipInfo(f"{PLUGIN}/{path.relative_to(plugin).as_posix()}", date)
            entry.create_system = 3  # Unix, wherever it is made
            entry.external_attr = 0o100644 << 16
            out.writestr(entry, path.read_bytes(), compress_type=zipfile.ZIP_DEFLATED, compresslevel=9)


def broken_rules(name):
    """What is wrong with having the file `name` in the zip, as a list of lines."""
    path = PurePosixPath(name)
    checks = {
        "outside the folder patchwise": path.parts[0] != PLUGIN or len(path.parts) < 2 or ".." in path.parts,
        "hidden": any(part.startswith(".") for part in path.parts),
        "in a folder for development": any(part in FORBIDDEN_FOLDERS for part in path.parts[1:-1]),
        "compiled or packed": path.suffix.lower() in FORBIDDEN_SUFFIXES,
    }
    return [f"{name}: {rule}" for rule, broken in checks.items() if broken]


def check_zip(target):
    """Open the finished zip again and check the rules of the plugin repository on what is really in it."""
    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
        fail_on([line for name in names for line in broken_rules(name)], "files that must not be in the zip")
        fields = read_metadata(archive.read(f"{PLUGIN}/metadata.txt").decode("utf-8"))
        needed = [*REQUIRED_FILES, fields.get("icon", "")]
        fail_on([name for name in needed if f"{PLUGIN}/{name}" not in names], "files missing in the zip")
        fail_on([name for name in [archive.testzip()] if name], "damaged in the zip")
    size = target.stat().st_size
    if size > MAX_BYTES:
        raise PackageError(f"the zip has {size} bytes, and at most {MAX_BYTES} are allowed")
    return names


def make_package():
    """Check, scan and zip the last commit; the path of the zip is returned."""
    refuse_uncommitted()
    with tempfile.TemporaryDirectory() as folder:
        plugin = export(Path(folder).resolve())
        version = read_metadata((plugin / "metadata.txt").read_text(encoding="utf-8"))["version"]
        fail_on(bandit_findings(plugin), "Bandit finds")
        fail_on(secret_findings(plugin), "detect-secrets finds")
        target = ROOT / "dist" / f"{PLUGIN}-{version}.zip"
        partial = target.with_suffix(".partial")
        try:
            write_zip(plugin, partial)
            names = check_zip(partial)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    print(f"{target.relative_to(ROOT)}: {len(names)} files, {target.stat().st_size / 1024:.0f} KiB, no findings")
    return target


def main():
    """Make the package; the exit code is 1 when it cannot be made."""
    try:
        make_package()
    except (PackageError, subprocess.CalledProcessError) as error:
        sys.exit(f"package: {error}")


if __name__ == "__main__":
    main()
