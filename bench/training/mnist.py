"""Reads MNIST: the four gzipped files in idx format, under the names of their publication."""

import gzip

import numpy as np


def read_idx(path):
    data = gzip.decompress(path.read_bytes())
    dimensions = data[3]
    shape = np.frombuffer(data, ">i4", dimensions, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def read_mnist(folder, part):
    """Images (n x 784, float32 in [0, 1]) and labels of `part`, which is "train" or "t10k"."""
    images = read_idx(folder / f"{part}-images-idx3-ubyte.gz")
    return images.reshape(len(images), -1).astype(np.float32) / 255, read_idx(folder / f"{part}-labels-idx1-ubyte.gz")
