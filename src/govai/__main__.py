"""`python -m govai`: the same as `govai`."""

from govai.cli.app import main

main()
