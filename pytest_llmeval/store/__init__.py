"""Where things are kept: the working cache, the recordings and the baselines, as files that survive a crash."""
