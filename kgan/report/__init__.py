"""The report: figures, tables and one HTML page, made from the files of run folders alone."""
