"""The page: drop a photo, see its faces judged and why. The only package that imports gradio.

Nothing phones home: the switches below are read when gradio and the Hub's client are first imported.
"""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

from unmask.web.page import build_page
from unmask.web.server import launch_options, launch_page

__all__ = ["build_page", "launch_options", "launch_page"]
