#!/usr/bin/env python3
"""Does training against one norm help the bound in the other? Bounds in linf and l2 beside accuracies.

    build/bench-venv/bin/python bench/paper/norm_transfer.py FOLDER                # the four MNIST files
    build/bench-venv/bin/python bench/paper/norm_transfer.py --table-only          # the table again, from the results

Runs `geolip estimate --verify on` on the networks of build/paper/networks that share a shape and differ in training: all
outputs and all margins. Writes bench/results/paper/norm_transfer.jsonl, one line a network and norm, and the tables
of docs/norm_transfer.md.
"""

import argparse
import datetime
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import geolip_command  # noqa: E402
import jsonl  # noqa: E402
import pages  # noqa: E402
import transfer_table  # noqa: E402
from training import relu_network  # noqa: E402
from training.mnist import read_mnist  # noqa: E402
from training.onnx_file import read_onnx  # noqa: E402

import numpy as np  # noqa: E402

ROOT = geolip_command.ROOT
RESULTS = ROOT / "bench/results/paper/norm_transfer.jsonl"
PAGE = ROOT / "docs/norm_transfer.md"
NORMS = ("linf", "l2")


def families(entries):
    """The networks whose shape has been trained in more than one way."""
    shapes = [tuple(entry["widths"]) for entry in entries]
    return [entry for entry, shape in zip(entries, shapes) if shapes.count(shape) > 1]


def certified_radii(logits, labels, margins):
    """For each row: how far its input may move, at the least, before its label could change. 0 where it is wrong.

    margins: upper bounds of the Lipschitz constants of f_k - f_j, a symmetric matrix. An input that moves by r changes
    f_label - f_j by at most margins[label, j] * r.
    """
    rows = np.arange(len(labels))
    distance = logits[rows, labels][:, None] - logits
    bound = margins[labels]
    with np.errstate(divide="ignore", invalid="ignore"):
        radii = np.where(bound > 0, distance / bound, np.where(distance > 0, np.inf, 0))
    radii[rows, labels] = np.inf
    return np.maximum(radii.min(axis=1), 0)


def bounds(geolip, path, norm, images_file):
    """The report's results, and the verified bounds of all margins as a symmetric matrix."""
    options = ["--norm", norm, "--outputs", "all,pairs", "--verify", "on", "--inputs", images_file]
    report = geolip_command.estimate(geolip, path, *options)
    count = report["network"]["outputs"]
    margins = np.full((count, count), np.nan)
    for result in report["results"]:
        if not result["verified"]:
            raise RuntimeError(
                f"{path.name}, {norm}, output {result['output']}: the bound is {result['status']}, not verified"
            )
        if isinstance(result["output"], list):
            k, j = result["output"]
            margins[k, j] = margins[j, k] = result["upper"]
    return report, margins


def line(geolip, entry, folder, norm, images_file, images, labels):
    """One line of the results."""
    path = folder / f"{entry['name']}.onnx"
    report, margins = bounds(geolip, path, norm, images_file)
    if report["network"]["sha256"] != entry["sha256"]:
        raise RuntimeError(f"{path} is not the network that networks.json describes; train it again")
    logits = relu_network.forward([p.astype(np.float64) for p in read_onnx(path)], images.astype(np.float64))[-1]
    radii = certified_radii(logits, labels, margins)
    kept = ("output", "lower", "relaxation", "upper", "status", "baselines")
    results = [{key: result[key] for key in kept} for result in report["results"]]
    return {
        "record": "transfer",
        "network": entry["name"],
        "widths": entry["widths"],
        "training": entry["training"],
        "settings": entry["settings"],
        "sha256": entry["sha256"],
        "norm": norm,
        "accuracy": entry["accuracy"],
        "pgd_accuracy": entry["pgd_accuracy"],
        "outputs": [r for r in results if not isinstance(r["output"], list)],
        "margins": [r for r in results if isinstance(r["output"], list)],
        "median_certified_radius": float(np.median(radii)),
        "certified_accuracy": {f"{eps:g}": float((radii > eps).mean()) for eps in transfer_table.CERTIFIED_EPS[norm]},
        "geolip": report["version"],
        "device": report["device"],
        "date": datetime.date.today().isoformat(),
        "environment": geolip_command.environment(),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "folder", type=pathlib.Path, nargs="?", help="folder with t10k-images-idx3-ubyte.gz and the rest"
    )
    parser.add_argument("--networks", type=pathlib.Path, default=ROOT / "build/paper/networks", help="made by train.py")
    parser.add_argument("--geolip", type=pathlib.Path, default=geolip_command.DEFAULT, help="the command")
    parser.add_argument("--results", type=pathlib.Path, default=RESULTS, help="the file of results to write")
    parser.add_argument("--page", type=pathlib.Path, default=PAGE, help="the page whose tables are replaced")
    parser.add_argument("--table-only", action="store_true", help="run nothing: make the tables from the results")
    arguments = parser.parse_args()

    if not arguments.table_only:
        if arguments.folder is None:
            parser.error("the folder of the MNIST files is missing")
        index = arguments.networks / "networks.json"
        if not index.is_file():
            parser.error(f"there is no {index}: train the networks first (bench/paper/train.py)")
        images, labels = read_mnist(arguments.folder, "t10k")
        images_file = arguments.networks / "test_images.npy"
        np.save(images_file, images)
        lines = []
        for entry in families(json.loads(index.read_text())):
            for norm in NORMS:
                lines.append(line(arguments.geolip, entry, arguments.networks, norm, images_file, images, labels))
                mean = np.mean([r["upper"] for r in lines[-1]["outputs"]])
                print(f"{entry['name']} {norm}: mean bound of the outputs {mean:.4g}", flush=True)
        jsonl.write(arguments.results, lines)
    lines = jsonl.read(arguments.results)
    pages.replace(arguments.page, "tables", transfer_table.tables(transfer_table.grouped(lines)))


if __name__ == "__main__":
    main()
