"""A visitor's own table, read into tensors; ``explorer/files/own`` reads its description."""
