"""The results of a table, arranged: by cell, beside GeoLIP's own bounds on the same output."""

import dataclasses

import records

# Values are compared with float64 sums of GeoLIP's own: below this, relative, a difference says nothing.
ROUNDING = 1e-12
# What a solver may be off by and still be called accurate to its tolerance.
SOLVER_TOLERANCE = 1e-6

ABOVE_THE_SDP = ("natural", "layer", "chain", "product")


@dataclasses.dataclass(frozen=True)
class Ours:
    lower: float
    relaxation: float  # at most the SDP's optimum, up to rounding
    upper: float
    verified: bool


class Results:
    def __init__(self, path):
        lines = records.read(path)
        self.sessions = [r for r in lines if r["record"] == "session"]
        self.cells, self.titles, self.widths = {}, {}, {}
        for r in lines:
            if r["record"] == "result":
                self.titles[r["network"]], self.widths[r["network"]] = r["title"], r["widths"]
                self.cells.setdefault((r["network"], r["norm"], r["method"]), {})[r["output"]] = r

    def networks(self):
        """By depth, then by the number of neurons, then by name."""
        return sorted(self.titles, key=lambda n: (len(self.widths[n]), sum(self.widths[n][1:-1]), self.titles[n]))

    def descriptions(self):
        return {name: m for s in self.sessions for name, m in s.get("methods", {}).items()}

    def methods(self, norm):
        """Those with a line for this norm, in the order of the descriptions."""
        present = {method for _, n, method in self.cells if n == norm}
        known = [name for name in self.descriptions() if name in present]
        return known + sorted(present - set(known))

    def norms(self):
        return [n for n in ("linf", "l2") if any(key[1] == n for key in self.cells)]

    def cell(self, network, norm, method):
        """The records of the outputs, without batches."""
        records_of = self.cells.get((network, norm, method), {})
        return {output: r for output, r in records_of.items() if isinstance(output, int)}

    def ours(self, network, norm, output, batch=None):
        record = self.cells.get((network, norm, "geolip"), {}).get(output if batch is None else batch)
        bounds = record and record["details"].get("bounds", {}).get(str(output))
        if not bounds:
            return None
        return Ours(bounds["lower"], bounds["relaxation"], bounds["upper"], bounds["status"] == "verified")

    def yardstick(self, network, norm, output):
        """The tightest enclosure of the SDP's optimum that there is."""
        found = [o for o in (self.ours(network, norm, output), self.ours(network, norm, output, "sharp")) if o]
        if not found:
            return None
        proved = [o for o in found if o.verified]
        upper = min(o.upper for o in proved or found)
        return Ours(max(o.lower for o in found), max(o.relaxation for o in found), upper, bool(proved))

    def shortfall(self, record):
        """By how much, relative, the value lies below what it claims to bound; 0 if it does not."""
        ours = self.yardstick(record["network"], record["norm"], record["output"])
        if ours is None or record["value"] is None or record["method"] == "geolip":
            return 0.0
        if record["relaxation"] in ABOVE_THE_SDP:
            below = ours.relaxation
        elif record["relaxation"] == "lower":
            return max(0.0, record["value"] / ours.upper - 1) if ours.verified else 0.0
        else:
            below = ours.lower
        missing = 1 - record["value"] / below if below > 0 else 0.0
        return missing if missing > ROUNDING else 0.0

    def invalid(self):
        """[(record, shortfall)] of all values that are no bounds of what they are said to bound."""
        found = []
        for cell in self.cells.values():
            for record in cell.values():
                if self.shortfall(record) > 0:
                    found.append((record, self.shortfall(record)))
        return found

    def worst_excess(self, relaxation="natural"):
        """The largest (our upper - value) / value over valid values of this relaxation, with the record; or None."""
        worst = None
        for cell in self.cells.values():
            for record in cell.values():
                if record["method"] == "geolip" or record["relaxation"] != relaxation or record["value"] is None:
                    continue
                ours = self.ours(record["network"], record["norm"], record["output"])
                if ours and self.shortfall(record) == 0:
                    excess = ours.upper / record["value"] - 1
                    if worst is None or excess > worst[0]:
                        worst = excess, record
        return worst
