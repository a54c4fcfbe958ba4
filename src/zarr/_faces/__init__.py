"""The two faces of an array and of a group: methods of a few lines over flows."""
