"""HPy: native extensions that one binary serves to every Python. Provided by the distribution hpy-rs."""
