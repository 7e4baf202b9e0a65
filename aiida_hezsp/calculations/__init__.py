"""What runs: engine jobs (CalcJobs) and calcfunctions, one a file; file = entry point."""
