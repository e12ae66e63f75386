"""`python -m govai.cli`."""

from govai.cli.app import main

main()
