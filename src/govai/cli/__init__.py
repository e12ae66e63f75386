"""The command line: faces over the public API. They decide nothing."""
