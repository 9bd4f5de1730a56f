"""A site file for a scenario of the simulated plant."""

PROFILES = {"carlogavazzi-em340": "carlo-gavazzi-em340"}  # where the plant's model has another name than the profile

# What the catalogue has no profile for: points written straight into the site file, zero-based wire addresses.
INLINE_POINTS = {
    "plc-counter": [
        'name = "machine_state", kind = "state", address = 0, type = "u16"',
        'name = "pieces_good", kind = "counter", address = 2, type = "u32", unit = "pcs"',
        'name = "pieces_scrap", kind = "counter", address = 4, type = "u32", unit = "pcs"',
        'name = "run_seconds", kind = "counter", address = 6, type = "u32", unit = "s"',
    ],
    "fuxin-gas": [
        'name = "flow_standard", address = 16, type = "f32", unit = "m3/h"',
        'name = "volume_standard", address = 18, type = "bcd", registers = 3, exponent = -4, unit = "m3"',
        'name = "pressure", address = 28, type = "f32", unit = "kPa"',
    ],
}
CARRIERS = {"plc-counter": "none", "fuxin-gas": "gas"}


def buses_of(scenario, ports, period, line_period, points):
    """The [[bus]] and [[meter]] sections."""
    text = ""
    for line in scenario.get("lines", []):
        text += (f'[[bus]]\nid = "{line["id"]}"\nkind = "rtu"\ndevice = "{ports["lines"][line["id"]]}"\n'
                 f'baud = {line.get("baud", 9600)}\nresponse_timeout = "300ms"\nworst_latency = "600ms"\nlisten_first = "1s"\n\n')
        text += "".join(meter_of(unit, line["id"], line_period or period, points) for unit in line["units"])
    for endpoint in scenario.get("tcp", []):
        text += (f'[[bus]]\nid = "{endpoint["id"]}"\nkind = "tcp"\nhost = "127.0.0.1"\n'
                 f'port = {ports["tcp"][endpoint["id"]]}\nresponse_timeout = "1s"\n\n')
        text += "".join(meter_of(unit, endpoint["id"], period, points) for unit in endpoint["units"])
    return text


def meter_of(unit, bus, period, points):
    model = unit["model"]
    text = f'[[meter]]\nid = "{unit["meter"]}"\nbus = "{bus}"\nunit = {unit["unit"]}\nperiod = "{period}"\n'
    if model not in INLINE_POINTS:
        text += f'profile = "{PROFILES.get(model, model)}"\n'
        if model in points:
            text += f"points = {points[model]}\n"
        return text + "\n"
    text += f'[meter.registers]\ncarrier = "{CARRIERS[model]}"\ntable = "holding"\npoints = [\n'
    text += "".join(f"  {{ {point} }},\n" for point in INLINE_POINTS[model])
    return text + "]\n\n"


FOUNDRY_FACILITIES = """
[[facility]]
id = "furnace"
name = "Induction furnace"
kind = "production"
rated_power_kw = 630
meters = ["furnace-1"]

[[facility]]
id = "moulding"
name = "Moulding line"
kind = "production"
rated_power_kw = 90
meters = ["moulding-1", "plc-1"]

[[facility]]
id = "bag-filter"
name = "Bag filter"
kind = "treatment"
treats = ["furnace"]
rated_power_kw = 75
meters = ["bag-filter-1"]

[[facility]]
id = "voc"
name = "VOC device"
kind = "treatment"
treats = ["moulding"]
rated_power_kw = 45
meters = ["voc-1"]

[[facility]]
id = "works"
name = "Compressed air and supply"
kind = "auxiliary"
meters = ["compressor-1", "transformer-1", "gas-1"]
rated_power_kw = 55
[facility.run]
meters = ["compressor-1"]
"""


def site_text(scenario, ports, folder, uplinks, period="1s", line_period=None, commit="10s", points=None, facilities="", live="2s",
              quota="1GB", gateway="jd-1", plausibility=None):
    """The whole file. `uplinks` are dicts of keys of an [[uplink]]; `points` maps a model to a TOML list of point names;
    `plausibility` has keys of that section."""
    text = f"""[gateway]
id = "{gateway}"
live_interval = "{live}"

[site]
credit_code = "91130100MA0000000Y"
name = "Simulated works"
region = "130100"
industry = "C3391"
contract_capacity_kva = 1250
security_load_kw = 60
utc_offset = "+08:00"

[store]
folder = "{folder}/store"
quota = "{quota}"
commit_interval = "{commit}"

[api]
socket = "{folder}/api.sock"

"""
    # Four meters of all points on a line of 9600 baud need more than a second.
    line_period = line_period or ("3s" if period == "1s" else period)
    text += buses_of(scenario, ports, period, line_period, points or {}) + facilities
    if plausibility:
        text += "\n[plausibility]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in plausibility.items())
    for uplink in uplinks:
        text += "\n[[uplink]]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in uplink.items())
    return text


def _toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return f'"{value}"'
