"""Training of fully connected ReLU networks in NumPy: what the scripts that make networks for the benches share.

NumPy in one thread, fixed seeds: the same NumPy on the same kind of machine trains the same bytes.
"""

import os

# Before NumPy is loaded: OpenBLAS reads it once, and sums in another order with another number of threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
