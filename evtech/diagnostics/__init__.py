"""Why does it not charge? Faults as data, evidence from samples, answers with their proof."""
