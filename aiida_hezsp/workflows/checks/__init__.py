"""Does a fine-tuned CHGNet carry over to what it was not trained on? The same work by DFT and by CHGNet, compared."""
