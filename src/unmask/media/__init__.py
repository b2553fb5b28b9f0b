"""Media: bytes from outside become pixels and faces, or a clear error."""
