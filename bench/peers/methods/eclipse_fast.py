"""ECLipsE-Fast from the package eclipse-nn: the closed form of ECLipsE's stages; for l2."""

from methods import Method, eclipse

METHOD = Method("eclipse_fast", "ECLipsE-Fast", "eclipse-nn", "chain", "rounding", norms=("l2",))


def bound(layers, norm, objective, **_):
    return eclipse.estimate("ECLipsE_Fast", layers, norm, objective)
