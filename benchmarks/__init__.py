"""`make bench`: the kit's figures, taken side by side with its peers in one run."""
