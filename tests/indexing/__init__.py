"""Makes slow SQL impossible to ship: what the services ask during the tests is explained on tables of a large installation.

``plugin`` decides when; ``collecting`` reads the statements from the servers' logs; ``volumes`` fills the tables;
``plans`` and ``indexes`` judge. The method, for people: ``docs/explanation/fast-sql.md``.
"""
