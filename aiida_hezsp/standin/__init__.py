"""The VASP stand-in `hezsp-vasp-standin`: a program of its own that reads and writes VASP's files."""
