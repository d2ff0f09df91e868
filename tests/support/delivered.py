"""Rows of accounts and prices as the server of open figures gives them."""

from typing import Any

FIELD, FUNCTION = "TaakveldBalanspost", "FunctieKostenplaatsBalanspost"


def row(place: str, field: str, category: str, report: str, *amounts: Any, name: str = FIELD) -> dict[str, Any]:
    """One row as the server gives it: codes padded with blanks, amounts of the first and the second delivery."""
    titles = ("k_1ePlaatsing_1", "k_2ePlaatsing_2") if name == FIELD else ("k_1stePlaatsing_1", "k_2dePlaatsing_2")
    return {"ID": 0, name: f"{field:<6}", "Categorie": f"{category:<6}", "Gemeenten": f"{place:<8}",
            "Verslagsoort": report, **dict(zip(titles, amounts, strict=True))}  # fmt: skip


def price(period: str, value: float, group: str = "T001112  ") -> dict[str, Any]:
    return {"ID": 0, "Bestedingscategorieen": group, "Perioden": period, "CPI_1": value}
