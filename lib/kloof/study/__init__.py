"""One place with its parameters, figures and registered claims, checked before anything runs.

Others may use: asked, claims, dataset, debates, geographies, hypotheses, load, panel, parameters, places, step, study.
"""
