"""Commands and their arbitration: who may set what, which command wins, and what becomes of the rest."""
