"""Scores and people's labels → how far they agree: pure functions on plain values.

``rates`` counts decisions against labels, ``ranking`` needs no threshold, ``fitting`` finds one, ``measuring`` puts
them together, ``corrected`` estimates what people would say of many judged answers from labels of a few.
"""
