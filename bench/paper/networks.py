"""The networks of the comparison: shapes and training of the GeoLIP paper (Wang, Prakriya, Jha, NeurIPS 2022), and more
trainings of three of its shapes for the question of norm transfer.

As in the paper: MNIST with pixels in [0, 1], ReLU, cross-entropy, Adam with rate 1e-3 and without weight decay,
10 epochs in batches of 100, PyTorch's default initial weights; adversarial training on PGD's images alone, l_inf,
eps = 0.1, from a random start. Unlike it: 7 steps of 2.5 eps / 7 while training, where the paper's code takes 40 of
eps / 10 (as the accuracy under attack here does).
"""

import dataclasses

from training import adam, pgd

SEED = 0
SETTINGS = adam.Settings(seed=SEED, epochs=10, batch=100, rate=1e-3)

EPS = {"linf": 0.1, "l2": 1.0}
TRAINING_ATTACK = {norm: pgd.Attack(norm, eps, steps=7, step=2.5 * eps / 7) for norm, eps in EPS.items()}
TEST_ATTACK = {norm: pgd.Attack(norm, eps, steps=40, step=eps / 10) for norm, eps in EPS.items()}

# Weight of the penalty on the product of the layers' norms, by hidden layers and norm: the largest power of ten that leaves
# the test accuracy above 0.95.
PRODUCT_WEIGHT = {
    (64,): {"linf": 1e-3, "l2": 1e-2},
    (256,): {"linf": 1e-3, "l2": 1e-1},
    (64,) * 6: {"linf": 1e-5, "l2": 1e-2},
}


@dataclasses.dataclass(frozen=True)
class Network:
    name: str
    widths: tuple
    training: str = "plain"  # "plain", "pgd" or "product"
    norm: str = ""  # of the attack or of the penalty

    @property
    def product_weight(self):
        return PRODUCT_WEIGHT[self.widths[1:-1]][self.norm]


def shape_name(hidden):
    """784-64x6-10 for six hidden layers of 64 neurons."""
    return f"784-{hidden[0]}{f'x{len(hidden)}' if len(hidden) > 1 else ''}-10"


def networks():
    """Plain ones first, from small to large: they are wanted first."""
    shapes = [[8], [16], [64], [128], [256], [64] * 2, [64] * 6, [64] * 7]
    result = [Network(f"mnist_{shape_name(s)}", (784, *s, 10)) for s in shapes]
    for norm, suffix in (("linf", ""), ("l2", "_l2")):
        for training in ("pgd", "product"):
            for shape in ([64], [256], [64] * 6):
                name = f"mnist_{shape_name(shape)}_{training}{suffix}"
                result.append(Network(name, (784, *shape, 10), training, norm))
    return result
