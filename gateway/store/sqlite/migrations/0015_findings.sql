-- Doubts about a state's order, as a JSON list of [code, words]; NULL: none.
ALTER TABLE states ADD COLUMN findings TEXT;
