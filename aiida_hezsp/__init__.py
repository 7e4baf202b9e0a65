"""Find high-entropy solid electrolytes: DFT datasets, fine-tuned CHGNet, MD, and the SF-MSD model, in AiiDA."""

__version__ = "0.1.0"
