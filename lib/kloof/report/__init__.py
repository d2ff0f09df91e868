"""What results.json says as page, PDF and tables, each read back before it counts; nothing is computed here.

Others may use: audit, build, compared, explorer, known, page, pdfback, publish, readback.
"""
