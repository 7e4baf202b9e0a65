"""Stage one's labels: VASP through aiida-vasp's own work chains."""
