-- An event is a hook's, or a person's who has amended an order: that one is never translated.
ALTER TABLE events ADD COLUMN kind TEXT NOT NULL DEFAULT 'hook';
