"""How long a run of the rig is, and the seed of its random instants."""
from dataclasses import dataclass

SCALES = {"quick": 0.5, "usual": 1, "soak": 10}


@dataclass
class Options:
    """`length` is quick, usual or soak."""
    length: str
    seed: int

    @property
    def scale(self):
        """Of times."""
        return SCALES[self.length]

    def times(self, usual):
        """Of repetitions; at least one."""
        return max(1, round(usual * self.scale))

    def pick(self, quick, usual, soak):
        return {"quick": quick, "usual": usual, "soak": soak}[self.length]
