"""Sessions out of an archive and into one: CSV, workbooks, JSON, Parquet, billing records, back-office logs."""
