"""What processes tell of themselves, as rows."""

from __future__ import annotations

import msgspec

from bus.process.discovery import EndpointTotals, ServiceInfo, WorkerStats
from bus.process.metrics import GaugeReading
from projections.analytics.__main__ import machine_rows
from projections.analytics.tables import MachineRow


def test_a_row_for_each_process_and_each_of_its_graphics_cards() -> None:
    gpus = [
        GaugeReading("gpu_utilisation", "", 0.5, {"gpu": "0", "name": "A"}),
        GaugeReading("gpu_memory_used_bytes", "", 100.0, {"gpu": "0", "name": "A"}),
        GaugeReading("gpu_utilisation", "", 0.25, {"gpu": "1", "name": "A"}),
    ]
    metadata = {"engine": "e", "memory": "7", "cpu": "1.5", "host": "h", "gpus": msgspec.json.encode(gpus).decode()}
    found = [ServiceInfo("render", "r", "1", metadata), ServiceInfo("stt", "s", "1", {"engine": "m"})]
    work = {"r": WorkerStats("render", "r", (EndpointTotals(data={"done": 3, "failed": 1, "held": 2}),))}
    common = {"process": "r", "began": 9, "service": "render", "engine": "e", "host": "h", "held": 2, "done": 3,
              "failed": 1, "memory": 7, "cpu_seconds": 1.5, "seq": 9}  # fmt: skip
    assert list(machine_rows(found, work, now=9)) == [
        msgspec.convert({**common, "gpu": "0", "gpu_busy": 0.5, "gpu_memory": 100}, MachineRow),
        msgspec.convert({**common, "gpu": "1", "gpu_busy": 0.25}, MachineRow),
        MachineRow(process="s", began=9, service="stt", engine="m", host="", seq=9),
    ]
