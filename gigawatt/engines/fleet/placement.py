"""Where a job goes: what users choose from. The kernel's part is `kernel.place`."""

from __future__ import annotations

PLACEMENTS = {
    "best-fit": "The fullest pod that holds the job; larger jobs over the emptiest pods. Small jobs fill shared nodes.",
    "rack-aligned": "As best-fit, but jobs of a rack or more take whole racks and wait for them: NVL72.",
    "spread": "The emptiest pod, and a node of its own for each small job while there are any.",
}
