"""A Modbus server of pymodbus, which knows nothing of the gateway: units 1, 2 and 5 with a register map of its own.

Usage: pymodbus_server.py tcp PORT | rtu-over-tcp PORT | rtu DEVICE
Register a of unit u holds (u * 1000 + a) in table 4 and (u * 2000 + a) in table 3; bit a is set if a + u is a multiple of 3.
From 2000 on table 3 holds numbers of several types, see typed_points(). Prints "ready" when it serves.
"""
import asyncio
import sys

from pymodbus.constants import Endian
from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.device import ModbusDeviceIdentification
from pymodbus.payload import BinaryPayloadBuilder
from pymodbus.server.async_io import ModbusSerialServer, ModbusTcpServer
from pymodbus.transaction import ModbusRtuFramer, ModbusSocketFramer

SIZE = 4000
TYPED_FROM, TYPED_APART = 2000, 20  # too far apart for one read of several


def typed_points(unit):
    """(type, word order, address, value, registers) of each: encoded by pymodbus's own builder."""
    values = {"u16": 40_000 + unit, "s16": -12_000 - unit, "u32": 3_000_000_000 + unit, "s32": -2_000_000_000 - unit,
              "u64": 10_000_000_000_000_000_000 + unit, "s64": -9_000_000_000_000_000_000 - unit, "f32": -230.25 - unit,
              "f64": 1234567.0625 + unit}
    adders = {"u16": "16bit_uint", "s16": "16bit_int", "u32": "32bit_uint", "s32": "32bit_int", "u64": "64bit_uint",
              "s64": "64bit_int", "f32": "32bit_float", "f64": "64bit_float"}
    address = TYPED_FROM
    for order, endian in (("high-first", Endian.Big), ("low-first", Endian.Little)):
        for kind, value in values.items():
            builder = BinaryPayloadBuilder(byteorder=Endian.Big, wordorder=endian)
            getattr(builder, f"add_{adders[kind]}")(value)
            yield kind, order, address, value, builder.to_registers()
            address += TYPED_APART


def make_unit(unit):
    bits = [(address + unit) % 3 == 0 for address in range(SIZE)]
    holding = [unit * 2000 + address for address in range(SIZE)]
    for _, _, address, _, registers in typed_points(unit):
        holding[address:address + len(registers)] = registers
    return ModbusSlaveContext(
        co=ModbusSequentialDataBlock(0, bits),
        di=ModbusSequentialDataBlock(0, bits),
        hr=ModbusSequentialDataBlock(0, holding),
        ir=ModbusSequentialDataBlock(0, [unit * 1000 + address for address in range(SIZE)]),
        zero_mode=True,
    )


async def main(kind, where):
    context = ModbusServerContext(slaves={unit: make_unit(unit) for unit in (1, 2, 5)}, single=False)
    identity = ModbusDeviceIdentification(info_name={"VendorName": "Independent", "ProductCode": "PM-1",
                                                     "MajorMinorRevision": "3.0"})
    if kind != "rtu":
        framer = ModbusSocketFramer if kind == "tcp" else ModbusRtuFramer
        server = ModbusTcpServer(context, framer=framer, identity=identity, address=("127.0.0.1", int(where)),
                                 allow_reuse_address=True, ignore_missing_slaves=True)
        serving = asyncio.create_task(server.serve_forever())
        await server.serving
    else:
        server = ModbusSerialServer(context, framer=ModbusRtuFramer, identity=identity, port=where, baudrate=19200, parity="N",
                                    ignore_missing_slaves=True)
        await server.start()
        serving = asyncio.create_task(server.serve_forever())
    print("ready", flush=True)
    await serving


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
