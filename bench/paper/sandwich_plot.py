"""Every output between its bounds."""

import plot_style as style


def sandwich(lines, network):
    """Lower and upper bound of each output, and gradients that occur below them."""
    chosen = {line["norm"]: line for line in lines["sandwich"] if line["network"] == network}
    if not chosen:
        return None
    figure, axes = style.panels(len(chosen))
    colors = (style.ORANGE, style.GREY)
    for axis, (norm, line) in zip(axes, chosen.items()):
        for output in line["outputs"]:
            k, low, high = output["output"], output["lower"], output["upper"]
            first = k == 0
            axis.fill_between([k - 0.38, k + 0.38], low, high, color=style.SKY, alpha=0.6, linewidth=0,
                              label="the FGL lies here" if first else None)  # fmt: skip
            axis.hlines(high, k - 0.38, k + 0.38, color=style.BLUE, label="verified upper bound" if first else None)
            axis.hlines(low, k - 0.38, k + 0.38, color=style.BLUE, linestyle=":", linewidth=1.8,
                        label="lower bound (a pattern)" if first else None)  # fmt: skip
            for side, ((name, samples), color) in enumerate(zip(line["gradients"].items(), colors)):
                values = samples[k]
                # Spread evenly in the order of the samples: no chance, the same plot each time.
                x = [k + (0.2 * (2 * side - 1)) + 0.16 * (2 * i / len(values) - 1) for i in range(len(values))]
                axis.plot(x, values, ".", color=color, markersize=2.5, rasterized=True,
                          label=f"gradients, {name}" if first else None)  # fmt: skip
        axis.set(
            xlabel="output (digit)", title=f"{style.NORMS[norm]} perturbations", xticks=range(len(line["outputs"]))
        )
        axis.set_ylim(bottom=0)
    axes[0].set_ylabel("dual norm of the gradient")
    figure.suptitle(f"{network.removeprefix('mnist_')} on MNIST: each output between its bounds")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, markerscale=3)
    return figure
