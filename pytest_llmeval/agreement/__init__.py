"""Scores × human labels → how far they agree: pure functions on plain values, and nothing else of this package.

``rates`` counts decisions against labels, ``ranking`` needs no threshold, ``fitting`` finds one, ``measuring`` puts them
together, ``corrected`` estimates a rate that people would give from many judged answers and few labelled ones.
"""
