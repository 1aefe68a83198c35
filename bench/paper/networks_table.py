#!/usr/bin/env python3
"""Keeps networks.json among the results, and makes its table in bench/paper/README.md.

build/bench-venv/bin/python bench/paper/networks_table.py [build/paper/networks/networks.json]
"""

import json
import pathlib
import sys

import pages
import transfer_table

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE.parent / "results/paper/networks.json"


def table(entries):
    rows = []
    for entry in entries:
        attacked = entry["pgd_accuracy"]
        rows.append(
            [
                f"`{entry['name']}`",
                transfer_table.training_name(entry["training"]),
                *(
                    f"{100 * share:.2f}"
                    for share in (entry["accuracy"], *(attacked[n]["accuracy"] for n in ("linf", "l2")))
                ),
                *(f"{entry['product_norm'][n]:.4g}" for n in ("linf", "l2")),
            ]
        )
    header = ["network", "training", "test accuracy, %", "under PGD l_inf, %", "under PGD l_2, %"]
    return pages.table([*header, "product of norms, l_inf", "l_2"], rows)


def main():
    if len(sys.argv) > 2:
        sys.exit(__doc__.strip())
    if len(sys.argv) == 2:
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(pathlib.Path(sys.argv[1]).read_text())
    pages.replace(HERE / "README.md", "networks", table(json.loads(RESULTS.read_text())))


if __name__ == "__main__":
    main()
