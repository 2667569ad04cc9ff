"""`python -m service.cli` is the command `thresher`."""

from service.cli import main

main()
