"""JSON in buffers and in stores."""

from zarr._compat.documents import buffer_to_json, buffer_to_json_object, get_json, json_to_buffer, set_json
from zarr._support.public_names import public_names_of

__all__ = ["buffer_to_json", "buffer_to_json_object", "get_json", "json_to_buffer", "set_json"]

__dir__ = public_names_of(__name__)
