"""Policy is changed by two people: one asks for it, another accepts it.

What kinds of policy there are, `kinds.py` knows; who could accept one, `deciders.py`;
the four operations are in `deciding.py`. To bring something under this rule:

1. Write a `PolicyKind`: name what its documents are `about`, `check` what is wanted, say what is `in_force` now, tell people
   what would change in `sentences`, and `apply` it.
2. `register` it when the module that owns the rows is loaded by its app's `ready`.
3. Let every door call `propose_policy(kind, wanted, scope=…, reason=…, actor=…)` instead
   of writing the rows: it returns a change that is in force already where there is
   nobody else, and one that waits otherwise.

`apply` runs in one transaction with the ledger's entries, under the policy lock, and only
while `in_force` is what the change was made against. It therefore writes rows and
returns entries; it never records, never sends, and never asks the network.

What cannot wait for a second person a kind does `meanwhile`, and undoes when it is
`dropped`: an account in the wrong hands is shut so.

Whoever is the only administrator decides alone. That is safe only while nobody can make
themselves alone: giving and taking roles, switching accounts off and making superusers
are policy too.
"""
