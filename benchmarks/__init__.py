"""Benchmarks: each prints its figures beside the goal; what is compared is measured in one run, by turns, as medians.

`python -m benchmarks.run` runs all of them; `python -m benchmarks.bench_call` one. They need `pip install -e '.[all]'`.
"""
