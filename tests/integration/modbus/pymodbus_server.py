"""A Modbus server of pymodbus, which knows nothing of the gateway: units 1, 2 and 5 with a register map of its own.

Usage: pymodbus_server.py tcp PORT | rtu-over-tcp PORT | rtu DEVICE
Register a of unit u holds (u * 1000 + a) in table 4 and (u * 2000 + a) in table 3; bit a is set if a + u is a multiple of 3.
Prints "ready" when it serves.
"""
import asyncio
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.device import ModbusDeviceIdentification
from pymodbus.server.async_io import ModbusSerialServer, ModbusTcpServer
from pymodbus.transaction import ModbusRtuFramer, ModbusSocketFramer

SIZE = 4000


def make_unit(unit):
    bits = [(address + unit) % 3 == 0 for address in range(SIZE)]
    return ModbusSlaveContext(
        co=ModbusSequentialDataBlock(0, bits),
        di=ModbusSequentialDataBlock(0, bits),
        hr=ModbusSequentialDataBlock(0, [unit * 2000 + address for address in range(SIZE)]),
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


asyncio.run(main(*sys.argv[1:]))
