"""Text with a null, NumPy's `StringDType(na_object=...)`: kept as missing where the data type has that, else refused."""

import numpy as np
import pytest

import zarr
from zarr._dtype.optional import Optional
from zarr.dtype import VariableLengthUTF8
from zarr.errors import ArgumentError


@pytest.mark.parametrize("null", [None, np.nan, 5])
def test_nulls(null, engine):
    words = np.array([["a", null], ["é", ""]], np.dtypes.StringDType(na_object=null))
    expected = [["a", None], ["é", ""]]
    array = zarr.array(words, dtype=Optional(data_type=VariableLengthUTF8()), chunks=(1, 2))
    assert array[:].tolist() == zarr.open_array(array.store)[:].tolist() == expected
    array[1] = words[0]
    array.append(words[1:])
    assert array[:].tolist() == [expected[0], expected[0], expected[1]]
    with pytest.raises(ArgumentError, match=r"the text at .* is missing"):
        zarr.array(words, dtype="string")
