"""What a check of the package may claim, each with a sentence when it does not hold."""


class Broken(Exception):
    """Something about the package is not as it should be."""


def expect(holds, sentence):
    if not holds:
        raise Broken(sentence)
