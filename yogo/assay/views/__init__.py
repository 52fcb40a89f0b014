"""An assay's report as lines of text, plots, tables, one page, and the files that remo-stats-utils loads."""
