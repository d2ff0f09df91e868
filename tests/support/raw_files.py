"""Fixtures of the real raw files, each read once in a module of tests."""

import csv
from functools import cache
from pathlib import Path

import pytest
from real_files import FILES, Read

from kloof.catalogue import Catalogue, read_catalogue
from kloof.files.recognise import Recognised, recognise


@pytest.fixture(scope="session")
def catalogue(project: Path) -> Catalogue:
    return read_catalogue(project / "data" / "catalogue.toml")


@pytest.fixture(scope="session")
def data(shared: Path) -> Path:
    return shared / "data"


@pytest.fixture(scope="session")
def codebooks(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Areas of Amsterdam out of its KWB file: all of them, and its municipality and wijken only."""
    folder = tmp_path_factory.mktemp("codes")
    with (data / "kwb" / "amsterdam_2019.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[1:]
    areas = [(row["Regioaanduiding.Codering..code."].strip(), row["Wijken.en.buurten"]) for row in rows]
    with (data / "kwb" / "amsterdam_2015.csv").open(encoding="utf-8-sig", newline="") as file:
        names = [row[0] for row in list(csv.reader(file, delimiter=";"))[5:-1] if not row[0].startswith("Stadsdeel")]
    wijken = [("GM0363", names[0]), *((f"WK0363{n:02d}", name) for n, name in enumerate(names[1:]))]
    found = {}
    for name, listed in (("codes", areas), ("wijken", wijken)):
        found[name] = folder / f"{name}.csv"
        with found[name].open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("code", "name"), *listed])
    return found


@pytest.fixture(scope="module")
def read(data: Path, catalogue: Catalogue, codebooks: dict[str, Path]) -> Read:
    """Read a raw file once."""

    @cache
    def once(name: str) -> Recognised:
        municipality, _, book = FILES[name][1].partition(" ")
        if municipality.isdecimal():
            return recognise(data / name, catalogue, year=int(municipality))
        return recognise(data / name, catalogue, municipality=municipality or None, codes=codebooks.get(book))

    return once
