"""All scenarios of the fault rig by name."""
import backlogs
import brokers
import clocks
import deaths
import end_to_end
import network
import receipts
import storm
import stores

ALL = ({function.__name__: function for module in (network, brokers) for function in module.ALL} | receipts.ALL | end_to_end.ALL |
       {function.__name__: function for module in (deaths, stores, backlogs, storm) for function in module.ALL} |
       {f"clock_{function.__name__}".replace("clock_clock", "clock"): function for function in clocks.ALL})
LONGEST = ["days_of_backlog", "storm", "storm_with_kills", "kills", "watchdog", "stopped_60s", "clock_seconds_back"]  # begin first
