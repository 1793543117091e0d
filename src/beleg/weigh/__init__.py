"""The only place where evidence is added up: families of evidence, likelihood ratios in bits, ranking within a budget."""
