"""Unit tests of the handler's own parts. `djl_python` is the real package, read out of the engine's jar."""
