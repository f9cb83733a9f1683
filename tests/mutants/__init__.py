"""Real applications, broken on purpose: what breaks them must be found before they run.

``applications`` holds healthy services, each a folder of source files with a ``manifest.toml`` that says how it is
started and what it is asked. ``operators`` breaks them, one edit a mutant; ``running`` starts each mutant under the
test client and sees what fails; ``judging`` lints it and compares. ``python -m tests.mutants`` does it all.
"""
