#!/usr/bin/env python3
"""Trains the networks of the comparison on MNIST: ONNX files, and networks.json with what they are and can.

    build/bench-venv/bin/python bench/paper/train.py FOLDER      # the four MNIST files, idx format, gzipped

A network whose file is there, unchanged and of the same settings is not trained again. One core, some minutes.
"""

import argparse
import dataclasses
import hashlib
import json
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import networks  # noqa: E402
from training import adam, pgd, product_norm, relu_network  # noqa: E402
from training.mnist import read_mnist  # noqa: E402
from training.onnx_file import write_onnx  # noqa: E402

import numpy as np  # noqa: E402


def description(network):
    """All that decides which weights come out, but for the machine."""
    training = {"kind": network.training}
    if network.training == "pgd":
        training |= dataclasses.asdict(networks.TRAINING_ATTACK[network.norm])
    if network.training == "product":
        training |= {"norm": network.norm, "weight": network.product_weight}
    settings = dataclasses.asdict(networks.SETTINGS)
    return {"name": network.name, "widths": list(network.widths), "training": training, "settings": settings}


def train(network, images, labels):
    attack = penalty = None
    if network.training == "pgd":
        settings = networks.TRAINING_ATTACK[network.norm]

        def attack(parameters, x, y, rng):
            return pgd.perturb(settings, parameters, x, y, rng)

    if network.training == "product":
        penalty = product_norm.ProductPenalty(network.norm, network.product_weight, networks.SEED)
    return adam.train(network.widths, images, labels, networks.SETTINGS, adam.uniform, attack, penalty)


def measures(parameters, images, labels):
    result = {"accuracy": float(relu_network.accuracy(parameters, images, labels)), "pgd_accuracy": {}}
    for norm, attack in networks.TEST_ATTACK.items():
        share = pgd.robust_accuracy(attack, parameters, images, labels, networks.SEED)
        result["pgd_accuracy"][norm] = {**dataclasses.asdict(attack), "accuracy": float(share)}
    result["product_norm"] = {norm: product_norm.product_norm(parameters, norm) for norm in networks.EPS}
    return result


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def known(entry, facts, folder):
    """Whether `entry` of networks.json describes the network that `facts` ask for, and its file is still there."""
    path = folder / f"{facts['name']}.onnx"
    return (
        all(entry.get(key) == value for key, value in facts.items())
        and path.is_file()
        and sha256(path) == entry["sha256"]
    )


def write_json(path, entries):
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(entries, indent=1) + "\n")
    os.replace(temporary, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="folder with train-images-idx3-ubyte.gz and the rest")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/paper/networks"), help="where files go")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these networks alone")
    arguments = parser.parse_args()
    wanted = networks.networks()
    unknown = set(arguments.only or []) - {network.name for network in wanted}
    if unknown:
        parser.error(f"there is no network named {', '.join(sorted(unknown))}")

    images, labels = read_mnist(arguments.folder, "train")
    test_images, test_labels = read_mnist(arguments.folder, "t10k")
    arguments.out.mkdir(parents=True, exist_ok=True)
    index = arguments.out / "networks.json"
    entries = {entry["name"]: entry for entry in json.loads(index.read_text())} if index.is_file() else {}
    for network in wanted:
        facts = description(network)
        if (arguments.only and network.name not in arguments.only) or known(
            entries.get(network.name, {}), facts, arguments.out
        ):
            continue
        start = time.perf_counter()
        parameters = train(network, images, labels)
        seconds = time.perf_counter() - start
        measured = measures(parameters, test_images, test_labels)
        path = arguments.out / f"{network.name}.onnx"
        metadata = {"dataset": "MNIST, pixels in [0, 1]", "test_accuracy": f"{measured['accuracy']:.4f}"}
        metadata |= {"training": json.dumps(facts["training"]), "settings": json.dumps(facts["settings"])}
        write_onnx(path, network.name, parameters, metadata, "geolip bench/paper/train.py")
        entries[network.name] = {
            **facts,
            **measured,
            "seconds": round(seconds, 1),
            "numpy": np.__version__,
            "sha256": sha256(path),
        }
        write_json(index, [entries[n.name] for n in wanted if n.name in entries])
        attacked = ", ".join(f"{norm} {a['accuracy']:.4f}" for norm, a in measured["pgd_accuracy"].items())
        print(
            f"{network.name}: test accuracy {measured['accuracy']:.4f}, under PGD {attacked}; {seconds:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
