"""All rows of the table, in the order of their subjects."""

from tests.misuse import (
    rows_codecs,
    rows_creation,
    rows_documents,
    rows_extensions,
    rows_nodes,
    rows_selections,
    rows_stores,
    rows_values,
)

SUBJECTS = (
    rows_selections,
    rows_values,
    rows_creation,
    rows_codecs,
    rows_nodes,
    rows_stores,
    rows_documents,
    rows_extensions,
)
ROWS = [row for subject in SUBJECTS for row in subject.ROWS]
