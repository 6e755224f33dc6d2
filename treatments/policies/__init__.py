"""The app's rules as pure functions: facts in, verdict out."""
