"""What a scenario may claim, each with a sentence when it does not hold."""


class Broken(Exception):
    """A promise that did not hold."""


def expect(holds, sentence):
    if not holds:
        raise Broken(sentence)


def expect_clean(verdict, allow=()):
    """Nothing lost, nothing false, nothing twice, by the judge's own count."""
    for key in ("damaged", "holes", "chain_breaks", "repeated_polls", "slots_missing", "values_false", "edges_false",
                "conflicts", "false_copies", "refused", "values_implausible"):
        if key not in allow:
            expect(verdict[key] == 0, f"{key} is {verdict[key]}: {verdict['findings'][:3]}")
    if "values_implausible" not in allow:
        expect(not verdict["implausible"], f"an honest plant is called implausible: {verdict['implausible']}")
    expect(verdict["readings"] > 0, "the judge has no reading")
    expect(verdict["values_checked"] > 0, "no value was compared with the truth")


def expect_polled(verdict, when):
    """No meter was kept waiting. A simulated meter that gets no processor time answers late, which is a declared gap and no
    fault of the gateway: three slots, of many one in 200, may be lost to that."""
    lost, expected = verdict["slots_in_gaps"], verdict["slots_expected"]
    foreign = set(verdict["gaps"]) - {"meter silent", "bus fault", "clean stop"}
    expect(not foreign and lost <= max(3, expected // 200), f"{lost} of {expected} slots were skipped {when}: {verdict['gaps']}")


def report(verdict, **more):
    """One line of figures for people."""
    figures = {key: verdict[key] for key in ("readings", "batches", "slots_expected", "slots_in_gaps", "slots_missing",
                                             "values_checked", "values_false", "values_implausible", "duplicates", "conflicts", "holes",
                                             "chain_breaks")}
    figures["bytes_per_reading"] = round(verdict["bytes_per_reading"], 3)
    print("  " + "  ".join(f"{key}={value}" for key, value in (figures | more).items()), flush=True)
