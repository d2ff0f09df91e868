"""Dutch and English side by side: both pages must carry the same numbers, findings and verdicts."""

from kloof.readback import Node

Blocks = dict[str, list[tuple[str, ...]]]  # per section of a page: what each paragraph, cell or picture carries


def differences(dutch: Blocks, english: Blocks) -> list[str]:
    """List where two pages differ, block by block in reading order.

    Within one paragraph or cell numbers may change places, as words do.
    """
    found = []
    for part in dict.fromkeys((*dutch, *english)):
        ours, theirs = dutch.get(part, []), english.get(part, [])
        differing = next((pair for pair in zip(ours, theirs, strict=False) if pair[0] != pair[1]), None)
        if differing is not None:
            found.append(f"{part}: nl has {', '.join(differing[0])} where en has {', '.join(differing[1])}")
        elif len(ours) != len(theirs):
            found.append(f"{part}: nl has {len(ours)} blocks with numbers or findings, en has {len(theirs)}")
    return found


def blocks(root: Node) -> Blocks:
    """Give per section the findings, verdicts and pointers of each block, in the order of the page."""
    found: Blocks = {}
    for node in root.walk():
        said = [
            f"{key} {node.attrs[key]}"
            for key in ("data-finding", "data-judgement", "data-verdict")
            if key in node.attrs
        ]
        if node.tag in ("p", "li", "td", "th", "svg"):
            said += sorted(inner.pointer for inner in node.walk() if inner.pointer is not None)
        if said:
            found.setdefault(node.nearest("data-section") or "first screen", []).append(tuple(said))
    return found
