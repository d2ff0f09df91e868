"""Open figures asked from their publishers; the only room that knows of a network.

Others may use: doctor, download, get, outline, rawstore, registry, web.
"""
