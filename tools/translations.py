"""Brings ``i18n/patchwise_de.ts`` up to date with the texts in the code, and makes ``i18n/patchwise_de.qm`` of it.

Qt's own tools do the work: pylupdate merges the texts into the .ts file, which Linguist edits, and lrelease compiles.
pylupdate, however, does not see texts that are class attributes, and takes the name of a class for the context: so the
texts are collected here first, by the syntax tree, and handed to it as a file that it understands.
"""

import ast
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = ("de",)
CONTEXT = "Patchwise"
#: Attributes of algorithms that ``base.py`` translates.
ATTRIBUTES = ("DISPLAY_NAME", "SHORT", "HELP", "TAGS")
#: Classes of ``core/base/vocabulary.py`` and their keywords that toolbox and dock translate.
VOCABULARY, WORDS = ("Entry", "Field"), ("label", "help", "short")
#: ``self.tr`` of a QObject has the name of its class for a context.
CONTEXTS = {"processing_provider/provider.py": "PatchwiseProvider"}


def texts():
    """``(context, text)`` of all that is translated, each once, in the order of the files."""
    found = {}
    for path in sources():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        context = CONTEXTS.get(path.relative_to(ROOT).as_posix(), CONTEXT)
        for node in ast.walk(tree):
            for text in texts_of(node):
                found[context, text] = None
    for path in sorted((ROOT / "core").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for text in words_of(node):
                found[CONTEXT, text] = None
    return list(found)


def sources():
    """The files with texts for users."""
    return [
        ROOT / "plugin.py",
        *sorted((ROOT / "processing_provider").rglob("*.py")),
        *sorted((ROOT / "ui").rglob("*.py")),
    ]


def texts_of(node):
    """The texts that a node of the syntax tree has to be translated."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        place = {"tr": 0, "translate": 1}.get(name)
        if place is not None and len(node.args) > place:
            return strings(node.args[place])
    if isinstance(node, ast.ClassDef):
        return [text for statement in node.body for text in attribute_texts(statement)]
    return []


def words_of(node):
    """The texts that an entry or a field of the core's vocabularies has to be translated."""
    if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in VOCABULARY:
        return []
    return [text for keyword in node.keywords if keyword.arg in WORDS for text in strings(keyword.value)]


def attribute_texts(statement):
    """The texts of an assignment to one of ``ATTRIBUTES``."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return []
    return strings(statement.value) if statement.targets[0].id in ATTRIBUTES else []


def strings(node):
    """The strings that an expression is, or is a tuple of."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) and node.value else []
    if isinstance(node, (ast.Tuple, ast.List)):
        return [text for element in node.elts for text in strings(element)]
    return []


def pylupdate_file(path):
    """Write the texts as pylupdate reads them: ``self.tr`` in a class with the name of the context."""
    found = texts()
    lines = []
    for context in dict.fromkeys(context for context, _ in found):
        lines += [f"class {context}:", "    def texts(self):"]
        lines += [f"        self.tr({quoted(text)})" for of, text in found if of == context]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def quoted(text):
    """A string as pylupdate's parser needs it: in double quotes, on one line."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def tool(*names):
    """The path of the first of some programs that is installed."""
    for name in names:
        found = shutil.which(name) or shutil.which(name, path="/usr/lib/qt5/bin:/usr/lib/qt6/bin")
        if found:
            return found
    sys.exit(f"{names[0]} is not there: install the packages pyqt5-dev-tools and qttools5-dev-tools")


def main():
    """Update and compile all languages; the tools print what is not translated."""
    folder = ROOT / "i18n"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        collected = Path(scratch) / "texts.py"
        pylupdate_file(collected)
        for language in LANGUAGES:
            target = folder / f"patchwise_{language}.ts"
            command = [
                tool("pylupdate5"),
                "-noobsolete",
                "-tr-function",
                "translate",
                str(collected),
                "-ts",
                str(target),
            ]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            without_places(target)
            subprocess.run([tool("lrelease"), str(target), "-qm", str(target.with_suffix(".qm"))], check=True)


def without_places(path):
    """Remove the places of texts, which are in the temporary file."""
    text = re.sub(r"\s*<location [^>]*/>", "", path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
