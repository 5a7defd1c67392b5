"""A paper's table, made again: ``python -m explorer reproduce NAME``.

A reproduction is a folder, ``<root>/reproductions/<name>/<scale>/``. ``reproduction.json`` says
which recipe, version and scale it is; runs lie in ``runs/<model>/beta<b>-seed<s>/`` as those of a
comparison do, each with the figures of the paper's protocol in ``result.json``; ``judges/`` holds
the classifiers that all runs are read by; ``table.md`` is what the command printed last.

========================== =================================================================
module                     does
========================== =================================================================
scales                     how much of a recipe is carried out: ``smoke``, ``small``, ``paper``
judges                     the papers' classifiers
protocol                   what the papers measure, and how
runs                       how a reproduction lies on disk
work                       one run: train, measure, write
table                      printed figures beside ours
command                    the command line
========================== =================================================================
"""
