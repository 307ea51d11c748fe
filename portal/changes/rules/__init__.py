"""Review rules: how many people must approve which change, and from which groups.

The desk has one ordered set of rules; each accepted edit is a new version of it, and the
newest counts. All rules that fit a change count together, so that a rule more never asks
for less; what no rule fits needs as many approvals as its gateway says, which is also
the least that any rule asks for. A rule by which nothing is needed counts only where no
other fits.

A rule that asks for approvals fits when any item does, and in doubt it fits; one by which
nothing is needed fits when all of every item does, and in doubt it does not.
"""
