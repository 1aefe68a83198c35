"""LipSDP's Layer form: the dual with one multiplier a layer, by the interior-point solver CSDP.

LipSDP's own code is for l2 and calls CVX with a proprietary solver; this is its published formulation for one output. In
linf the inputs have a gamma each, as in the natural SDP's dual.
"""

import natural_sdp
from methods import Method, natural_csdp

METHOD = Method("layer_csdp", "LipSDP-Layer, CSDP", "Fazlyab et al. 2019, written afresh", "layer", "claim")


def bound(layers, norm, objective, **_):
    return natural_csdp.solve(natural_sdp.layer_sdp(layers, norm, objective))
