"""The settings of an inpainting, as requested (`Settings`) and as used (`Settled`)."""

from .items import Control, Lora, Reference
from .requested import SAMPLING_SIDES, Settings, Stage, fallback_of, settings_fields
from .settled import Settled, SettledStage

__all__ = [
    "SAMPLING_SIDES",
    "Control",
    "Lora",
    "Reference",
    "Settings",
    "Settled",
    "SettledStage",
    "Stage",
    "fallback_of",
    "settings_fields",
]
