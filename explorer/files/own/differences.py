"""How a visitor's data differ from those that a model was trained on.

``explorer.datasets.fingerprint`` writes the fingerprints that are compared here.
"""


def differences(then: dict, now: dict) -> list[str]:
    """How the dataset with one fingerprint differs from that with another, a phrase each.

    Of a later version a fingerprint may hold more; what one of them lacks is not compared.
    """
    if not (_is_whole(then) and _is_whole(now)):
        return ["what is noted about its data is damaged"]
    found = []
    for split, before, after in _changed(then["rows"], now["rows"]):
        found.append(f"it had {before} {split} rows, now {after}")
    if _differ(then, now, "classes"):
        found.append(f"its classes were {_list(then['classes'])}, now {_list(now['classes'])}")
    before, after = then["modalities"], now["modalities"]
    if list(before) != list(after):
        return [*found, f"its modalities were {_list(list(before))}, now {_list(list(after))}"]
    for name, old in before.items():
        new = after[name]
        told = [key for key in ("kind", "shape", "parts") if _differ(old, new, key)]
        words = {"kind": "kind", "shape": "shape", "parts": "columns"}
        found += [
            f"{words[key]} of {name!r} were {_list(old[key])}, now {_list(new[key])}"
            if key == "parts"
            else f"the {key} of {name!r} was {_list(old[key])}, now {_list(new[key])}"
            for key in told
        ]
        if not told and not found and _differ(old, new, "scaling"):
            found.append(f"the numbers of {name!r} are scaled in another way")
        if not told and not found and _differ(old, new, "data"):
            found.append(f"{name!r} has other values, or its rows in another order")
    if not found and _differ(then, now, "labels"):
        found.append("its rows have other classes, or another order")
    return found


def _is_whole(fingerprint: dict) -> bool:
    """Whether a fingerprint from a file has the shape that it was written in."""
    rows, modalities = fingerprint.get("rows"), fingerprint.get("modalities")
    return (
        isinstance(rows, dict)
        and isinstance(modalities, dict)
        and isinstance(fingerprint.get("classes"), list)
        and all(isinstance(one, dict) for one in modalities.values())
    )


def _differ(then: dict, now: dict, key: str) -> bool:
    return key in then and key in now and then[key] != now[key]


def _changed(then: dict, now: dict) -> list[tuple[str, int, int]]:
    return [(key, n, now.get(key)) for key, n in then.items() if now.get(key) != n]


def _list(value: object) -> str:
    """A value or a list of them, shortened where it is long."""
    if not isinstance(value, list):
        return str(value)[:60]
    shown = ", ".join(str(one)[:40] for one in value[:8])
    return f"[{shown}{', ...' if len(value) > 8 else ''}]"
