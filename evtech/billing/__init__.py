"""Is the bill right? Prices recomputed, signed meter values verified, the two compared."""
