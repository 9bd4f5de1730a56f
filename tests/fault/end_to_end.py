"""Faults that the end-to-end scenarios do already, as rows of the table."""
import pathlib
import sys

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import scenarios  # noqa: E402

QUICK_SCALE = 0.1


def _as_row(function):
    def run(row, options):
        shown = []
        scenarios.report = lambda verdict, **more: shown.append((verdict, more))
        function(options.pick(QUICK_SCALE, 1, 1))
        verdict, _ = shown[-1]
        row.lost = round(verdict["slots_missing"] * verdict["readings"] / max(verdict["polls"], 1))
        row.at_stake = verdict["readings"] + row.lost
        row.false = verdict["values_false"] + verdict["false_copies"]
        row.resent = verdict["duplicates"]
        # Two boxes on the same meters have each slot twice, each under its own epoch.
        row.twice = 0 if function is scenarios.cloned_identity else verdict["repeated_polls"]
        row.expect(row.lost == row.false == row.twice == 0, f"the verdict: {verdict['findings'][:3]}")
    return run


ALL = {function.__name__: _as_row(function) for function in (
    scenarios.outage, scenarios.acl_denied, scenarios.packet_too_small, scenarios.manifests_lost, scenarios.cloned_identity,
    scenarios.store_restored)}
