"""The page, as `python app.py` runs it; UNMASK_DETECTOR names another detector than the shipped one."""

import os
import sys

from unmask import UnmaskError, load_detector
from unmask.web import build_page, launch_page

if __name__ == "__main__":
    try:
        launch_page(build_page(load_detector(os.environ.get("UNMASK_DETECTOR"))))
    except UnmaskError as error:
        sys.exit(str(error))
