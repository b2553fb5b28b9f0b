"""`python -m unmask`: the same as the command `unmask`."""

from unmask.cli import main

main()
