"""XLSX workbooks, read as far as the tests need it."""
import io
import re
import zipfile
from xml.etree import ElementTree

NAME = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheets_of(body):
    """How many there are: the cover is the first."""
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        return sum(1 for name in book.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name))


def rows_of(body, sheet=2):
    """Rows of a sheet (the second holds the first rows), each a list of (type, value): "n" a number, "b" a boolean, "s" a
    text, "f" a formula, "" an empty cell. Numbers are as they stand in the file."""
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        shared = []
        if "xl/sharedStrings.xml" in book.namelist():
            for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml")):
                shared.append("".join(text.text or "" for text in item.iter(NAME + "t")))
        for row in ElementTree.fromstring(book.read(f"xl/worksheets/sheet{sheet}.xml")).iter(NAME + "row"):
            cells = []
            for cell in row.iter(NAME + "c"):
                column = 0
                for letter in re.match("[A-Z]+", cell.get("r")).group():
                    column = column * 26 + ord(letter) - ord("A") + 1
                cells += [("", "")] * (column - 1 - len(cells))
                cells.append(read(cell, shared))
            yield cells


def unescaped(text):
    """A character may be written as _x0041_."""
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), text)


def read(cell, shared):
    value = cell.find(NAME + "v")
    if cell.find(NAME + "f") is not None:
        return "f", cell.find(NAME + "f").text
    if cell.get("t") == "s":
        return "s", unescaped(shared[int(value.text)])
    if cell.get("t") in ("inlineStr", "str"):
        return "s", unescaped("".join(text.text or "" for text in cell.iter(NAME + "t")))
    return ("b" if cell.get("t") == "b" else "n"), "" if value is None else value.text
