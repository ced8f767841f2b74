"""Work that can be counted, where a clock would tell of the machine."""


class Compared(str):
    """A text that counts how often any of its kind is compared."""

    times = 0
    __hash__ = str.__hash__

    def __eq__(self, other):
        Compared.times += 1
        return str.__eq__(self, other)
